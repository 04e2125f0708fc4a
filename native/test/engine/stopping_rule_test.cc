// Where the rule looks, what it has scored by then, and that it ends at the first interval that is narrow enough.
#include "engine/stopping_rule.h"

#include <cmath>
#include <numeric>
#include <set>

#include "test/check.h"

namespace {

using namespace microtome;
using engine::StoppingRequest;
using engine::StoppingRule;

std::vector<tiles::PlannedTile> plan(std::int64_t side) {
  std::vector<tiles::PlannedTile> tiles;
  for (std::int64_t y = 0; y < side; ++y)
    for (std::int64_t x = 0; x < side; ++x) tiles.push_back({x * 224, y * 224});
  return tiles;
}

// Left half 0, right half 1, with a little of everything.
double value_of(const tiles::PlannedTile& tile, std::int64_t side) {
  return (tile.x * 2 < side * 224 ? 0.0 : 1.0) + 0.1 * std::sin(static_cast<double>(tile.x * 7 + tile.y * 13));
}

struct Run {
  std::vector<std::int64_t> limits;
  std::int64_t scored = 0;
  aggregate::Interval interval;
  double weights = 0;
};

Run run(const StoppingRequest& request, std::int64_t side) {
  const auto tiles = plan(side);
  StoppingRule rule(request, tiles);
  Run out;
  std::set<std::size_t> asked;
  for (bool more = true; more;) {
    out.limits.push_back(rule.limit());
    more = rule.look([&](std::size_t tile) {
      CHECK(asked.insert(tile).second);
      return value_of(tiles[tile], side);
    });
    CHECK_EQ(std::ssize(asked), out.limits.back());
  }
  CHECK_EQ(rule.limit(), out.limits.back());
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    CHECK_EQ(rule.is_scored(i), asked.contains(i));
    if (!rule.is_scored(i)) continue;
    ++out.scored;
    out.weights += rule.weight(i);
  }
  out.interval = rule.interval();
  return out;
}

StoppingRequest request(double half_width, std::int64_t min_tiles, std::int64_t every_tiles) {
  StoppingRequest out;
  out.half_width = half_width;
  out.min_tiles = min_tiles;
  out.every_tiles = every_tiles;
  return out;
}

TEST(looks_after_whole_rounds_and_ends_when_it_is_narrow_enough) {
  const Run out = run(request(0.01, 200, 64), 40);
  CHECK_EQ(out.limits.front(), 256);
  for (std::size_t i = 1; i < out.limits.size(); ++i) CHECK_EQ(out.limits[i] - out.limits[i - 1], 64);
  CHECK_EQ(out.scored, out.limits.back());
  CHECK(out.scored < 1600);
  CHECK(out.interval.half_width <= 0.01 && out.interval.half_width > 0);
  CHECK(std::abs(out.interval.mean - 0.5) < 0.02);
  CHECK(std::abs(out.weights - 1) < 1e-12);
}

TEST(a_wide_interval_is_enough_after_two_rounds) {
  const Run out = run(request(10, 1, 64), 40);
  CHECK_EQ(out.limits.size(), 1u);
  CHECK_EQ(out.scored, 128);
}

TEST(what_is_never_narrow_enough_is_scored_to_the_end) {
  const Run out = run(request(1e-12, 256, 100), 40);
  CHECK_EQ(out.scored, 1600);
  CHECK_EQ(out.interval.half_width, 0.0);
}

TEST(fewer_tiles_than_the_first_look_wants_are_all) {
  for (const std::int64_t side : {1, 2, 3, 11}) {
    const Run out = run(request(0.5, 1000, 64), side);
    CHECK_EQ(out.limits.size(), 1u);
    CHECK_EQ(out.scored, side * side);
    CHECK(std::abs(out.weights - 1) < 1e-12);
  }
  // More than one round, and strata of one and of two tiles.
  const Run out = run(request(0.5, 1, 100), 11);
  CHECK_EQ(out.scored, 121);
}

TEST(a_steep_calibration_asks_for_more_tiles) {
  StoppingRequest steep = request(0.01, 128, 64);
  const std::int64_t flat_tiles = run(steep, 60).scored;
  steep.calibration.kind = aggregate::Calibration::Kind::Logistic;
  steep.calibration.slope = 12;
  steep.calibration.intercept = -6;
  CHECK(run(steep, 60).scored > flat_tiles);
}

TEST(the_seed_decides_and_huge_numbers_do_no_harm) {
  const Run one = run(request(0.01, 200, 64), 40);
  CHECK_EQ(one.interval.mean, run(request(0.01, 200, 64), 40).interval.mean);
  StoppingRequest other = request(0.01, 200, 64);
  other.seed = 9;
  CHECK(one.interval.mean != run(other, 40).interval.mean);
  CHECK_EQ(run(request(0.01, INT64_MAX, 2), 20).scored, 400);
  CHECK_EQ(run(request(0.01, 1, 65536), 20).scored, 400);
}

}  // namespace

TEST_MAIN
