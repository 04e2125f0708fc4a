// The interval of a stopped slide: the formulas against a hand-made example, and how often it holds the true mean.
#include "aggregate/stopping.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "test/check.h"
#include "tiles/sample.h"

namespace {

using namespace microtome;
using aggregate::Calibration;
using aggregate::Interval;
using aggregate::StratifiedMean;

bool near(double a, double b, double tolerance) { return std::abs(a - b) <= tolerance; }

// A field of tile values on a square of kSide: what the tissue is like, by kind.
constexpr std::uint32_t kSide = 60;
enum class Field { Noise, Smooth, Blobs, Rare };

// Numbers in [0, 1) that are the same on every machine.
double hashed(std::uint64_t key) {
  key = (key ^ (key >> 30)) * 0xBF58476D1CE4E5B9ull;
  key = (key ^ (key >> 27)) * 0x94D049BB133111EBull;
  return static_cast<double>((key ^ (key >> 31)) >> 11) * 0x1p-53;
}

double value_at(Field field, std::uint32_t column, std::uint32_t row) {
  const double noise = hashed(std::uint64_t{row} * kSide + column + 0x9E3779B97F4A7C15ull);
  const double x = column / double{kSide};
  const double y = row / double{kSide};
  switch (field) {
    case Field::Noise:
      return noise;
    case Field::Smooth:
      return 0.8 * x * y + 0.2 * noise;
    case Field::Blobs: {  // a tumour and its surroundings: 0 or 1, and sharp
      const bool inside = std::hypot(x - 0.3, y - 0.4) < 0.22 || std::hypot(x - 0.75, y - 0.7) < 0.12;
      return inside ? 0.9 + 0.1 * noise : 0.1 * noise;
    }
    case Field::Rare:
      return noise < 0.05 ? 1 : 0.02 * noise;
  }
  return 0;
}

struct Population {
  std::vector<tiles::GridCell> cells;
  std::vector<double> values;
  double mean = 0;
};

Population population(Field field) {
  Population all;
  for (std::uint32_t row = 0; row < kSide; ++row)
    for (std::uint32_t column = 0; column < kSide; ++column) {
      all.cells.push_back({column, row});
      all.values.push_back(value_at(field, column, row));
    }
  all.mean = std::accumulate(all.values.begin(), all.values.end(), 0.0) / static_cast<double>(all.values.size());
  return all;
}

// The tiles of each round, in order.
std::vector<std::vector<std::size_t>> by_round(const tiles::Rounds& rounds) {
  std::vector<std::vector<std::size_t>> out(1 + *std::max_element(rounds.round.begin(), rounds.round.end()));
  for (std::size_t i = 0; i < rounds.round.size(); ++i) out[rounds.round[i]].push_back(i);
  return out;
}

struct Outcome {
  double covered = 0;  // share of the seeds whose interval holds the mean
  double bias = 0;     // of the estimate, over the seeds
  double half_width = 0;
  double tiles = 0;
};

// `half_width` 0: looks once, after `first` rounds; else stops at the first look that is narrow enough.
Outcome run(const Population& all, std::size_t strata, std::size_t first, double half_width) {
  constexpr int kSeeds = 400;
  Outcome out;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto rounds = tiles::draw_rounds(all.cells, strata, seed);
    StratifiedMean mean(rounds.sizes);
    Interval interval;
    std::size_t done = 0;
    for (const auto& round : by_round(rounds)) {
      for (const std::size_t i : round) mean.add(rounds.stratum[i], all.values[i]);
      if (++done < first) continue;
      interval = *mean.interval(0.95);
      if (half_width == 0 || interval.half_width <= half_width) break;
    }
    out.covered += std::abs(interval.mean - all.mean) <= interval.half_width ? 1.0 / kSeeds : 0;
    out.bias += (interval.mean - all.mean) / kSeeds;
    out.half_width += interval.half_width / kSeeds;
    out.tiles += static_cast<double>(mean.tiles()) / kSeeds;
  }
  return out;
}

TEST(a_hand_made_example) {
  // Two strata of 4 and 6 tiles; drawn 1, 3 and 2, 4, 6. Means 2 and 4, s^2 2 and 4.
  StratifiedMean mean({4, 6});
  for (const double value : {1.0, 3.0}) mean.add(0, value);
  for (const double value : {2.0, 4.0}) mean.add(1, value);
  CHECK(mean.interval(0.95).has_value());
  mean.add(1, 6.0);
  const Interval interval = *mean.interval(0.95);
  CHECK(near(interval.mean, 0.4 * 2 + 0.6 * 4, 1e-15));
  const double a = 0.16 * 0.5 * 2 / 2;
  const double b = 0.36 * 0.5 * 4 / 3;
  const double degrees = (a + b) * (a + b) / (a * a / 1 + b * b / 2);
  CHECK(near(interval.half_width, aggregate::student_quantile(0.95, degrees) * std::sqrt(a + b), 1e-14));
  CHECK(near(mean.weight(0), 0.2, 1e-15));
  CHECK(near(mean.weight(1), 0.2, 1e-15));
}

TEST(the_quantiles_of_tables) {
  const auto normal = [](double confidence) { return aggregate::student_quantile(confidence, 1e12); };
  CHECK(near(normal(0.5), 0.674489750196, 1e-9));
  CHECK(near(normal(0.95), 1.959963984540, 1e-9));
  CHECK(near(normal(0.999), 3.290526731492, 1e-9));
  CHECK(near(normal(1 - 1e-9), 6.109410204870, 1e-6));
  CHECK(near(normal(1e-6), 1.2533141373e-6, 1e-12));
  CHECK(near(aggregate::student_quantile(0.95, 3), 3.1824, 0.006));
  CHECK(near(aggregate::student_quantile(0.95, 10), 2.2281, 2e-4));
  CHECK(near(aggregate::student_quantile(0.99, 30), 2.7500, 1e-4));
}

TEST(no_interval_before_each_stratum_shows_how_much_it_varies) {
  StratifiedMean mean({3, 1, 0});
  CHECK(!mean.interval(0.95));
  mean.add(0, 1);
  mean.add(1, 5);
  CHECK(!mean.interval(0.95));
  mean.add(0, 2);
  CHECK(mean.interval(0.95).has_value());
  CHECK_THROWS(INTERNAL, mean.add(1, 5));
}

TEST(all_tiles_are_the_mean_itself) {
  const auto all = population(Field::Smooth);
  const auto rounds = tiles::draw_rounds(all.cells, 64, 1);
  StratifiedMean mean(rounds.sizes);
  for (const auto& round : by_round(rounds))
    for (const std::size_t i : round) mean.add(rounds.stratum[i], all.values[i]);
  const Interval interval = *mean.interval(0.95);
  CHECK(near(interval.mean, all.mean, 1e-12));
  CHECK_EQ(interval.half_width, 0.0);
  CHECK(near(mean.weight(0), 1.0 / 3600, 1e-15));
}

TEST(the_interval_holds_the_mean_as_often_as_it_says) {
  for (const Field field : {Field::Noise, Field::Smooth, Field::Blobs, Field::Rare})
    for (const std::size_t rounds : {std::size_t{2}, std::size_t{4}, std::size_t{12}}) {
      const Outcome out = run(population(field), 128, rounds, 0);
      std::printf("  field %d, %zu rounds of 128: covered %.3f, half width %.4f, bias %+.5f\n", static_cast<int>(field),
                  rounds, out.covered, out.half_width, out.bias);
      // 400 seeds: the standard deviation of the share is 0.011.
      CHECK(out.covered >= 0.92);
      CHECK(std::abs(out.bias) < 0.1 * out.half_width);
    }
}

TEST(stopping_at_the_first_narrow_interval_costs_little_coverage) {
  for (const Field field : {Field::Noise, Field::Smooth, Field::Blobs, Field::Rare})
    for (const double half_width : {0.02, 0.01}) {
      const Outcome out = run(population(field), 128, 2, half_width);
      std::printf("  field %d, to %.2f: covered %.3f, tiles %.0f of 3600, bias %+.5f\n", static_cast<int>(field),
                  half_width, out.covered, out.tiles, out.bias);
      CHECK(out.covered >= 0.91);
      CHECK(out.half_width <= half_width);
      CHECK(std::abs(out.bias) < 0.2 * half_width);
    }
}

TEST(likeness_of_neighbours_saves_tiles) {
  // The same values, once where they are and once thrown about.
  auto all = population(Field::Blobs);
  const double in_place = run(all, 128, 2, 0.02).tiles;
  for (std::size_t i = all.values.size(); i > 1; --i)
    std::swap(all.values[i - 1], all.values[static_cast<std::size_t>(hashed(i * 77) * static_cast<double>(i))]);
  const double thrown_about = run(all, 128, 2, 0.02).tiles;
  std::printf("  %.0f tiles in place, %.0f thrown about\n", in_place, thrown_about);
  CHECK(in_place < 0.6 * thrown_about);
}

TEST(the_score_has_the_ends_that_the_mean_has) {
  const Interval interval{.mean = 0.5, .half_width = 0.1};
  CHECK(near(aggregate::score_half_width(interval, {}), 0.1, 1e-15));
  const Calibration logistic{.kind = Calibration::Kind::Logistic, .slope = 4, .intercept = -2, .x = {}, .y = {}};
  CHECK(near(logistic(0.5), 0.5, 1e-15));
  CHECK(near(aggregate::score_half_width(interval, logistic), 1 / (1 + std::exp(-0.4)) - 0.5, 1e-12));
  const Calibration logit{.kind = Calibration::Kind::LogisticOfLogit, .slope = 1, .intercept = 0, .x = {}, .y = {}};
  CHECK(near(logit(0.3), 0.3, 1e-15));
  CHECK(logit(0) < 1e-15);
  CHECK(logit(1.5) > 1 - 1e-15);
  const Calibration falling{.kind = Calibration::Kind::Logistic, .slope = -4, .intercept = 2, .x = {}, .y = {}};
  CHECK(near(aggregate::score_half_width(interval, falling), aggregate::score_half_width(interval, logistic), 1e-15));
  const Calibration steps{
      .kind = Calibration::Kind::Isotonic, .slope = 1, .intercept = 0, .x = {0.2, 0.5, 0.6}, .y = {0, 0.1, 1}};
  CHECK_EQ(steps(0.1), 0.0);
  CHECK_EQ(steps(0.5), 0.1);
  CHECK(near(steps(0.55), 0.55, 1e-12));
  CHECK_EQ(steps(0.9), 1.0);
  CHECK(near(aggregate::score_half_width(interval, steps), (1 - 0.2 / 3) / 2 + 0, 1e-12));
}

}  // namespace

TEST_MAIN
