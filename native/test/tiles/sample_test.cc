// How even the sample is: its discrepancy over an irregular tissue, against plain random choices of the same size.
#include "tiles/sample.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include "test/check.h"

namespace {

using namespace microtome;
using tiles::GridCell;

constexpr std::uint32_t kSide = 96;

// Two pieces with a hole and a thin strand, as sections lie on glass; 96 x 96 grid positions, row-major.
std::vector<GridCell> tissue() {
  const auto within = [](double x, double y, double cx, double cy, double rx, double ry) {
    return (x - cx) * (x - cx) / (rx * rx) + (y - cy) * (y - cy) / (ry * ry) <= 1;
  };
  std::vector<GridCell> cells;
  for (std::uint32_t row = 0; row < kSide; ++row)
    for (std::uint32_t column = 0; column < kSide; ++column) {
      const double x = column;
      const double y = row;
      const bool first = within(x, y, 28, 32, 24, 28) && !within(x, y, 30, 36, 7, 9);
      const bool second = within(x, y, 70, 66, 22, 24);
      const bool strand = std::abs(y - x) < 2;
      if (first || second || strand) cells.push_back({column, row});
    }
  return cells;
}

// Largest difference, over all boxes with corners every 8 positions, between the share of the sample in a box and the
// share of the tissue in it.
double discrepancy(const std::vector<GridCell>& sample, const std::vector<GridCell>& all) {
  const auto share = [](const std::vector<GridCell>& cells, std::uint32_t left, std::uint32_t top, std::uint32_t right,
                        std::uint32_t bottom) {
    const auto inside = std::count_if(cells.begin(), cells.end(), [&](const GridCell& cell) {
      return cell.column >= left && cell.column < right && cell.row >= top && cell.row < bottom;
    });
    return static_cast<double>(inside) / static_cast<double>(cells.size());
  };
  double worst = 0;
  for (std::uint32_t left = 0; left < kSide; left += 8)
    for (std::uint32_t right = left + 8; right <= kSide; right += 8)
      for (std::uint32_t top = 0; top < kSide; top += 8)
        for (std::uint32_t bottom = top + 8; bottom <= kSide; bottom += 8)
          worst =
              std::max(worst, std::abs(share(sample, left, top, right, bottom) - share(all, left, top, right, bottom)));
  return worst;
}

std::vector<GridCell> at_random(std::vector<GridCell> cells, std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (std::size_t i = 0; i < count; ++i) std::swap(cells[i], cells[i + random() % (cells.size() - i)]);
  cells.resize(count);
  return cells;
}

bool same(const GridCell& a, const GridCell& b) { return a.row == b.row && a.column == b.column; }

TEST(the_sample_is_more_even_than_a_random_one) {
  const auto all = tissue();
  constexpr int kSeeds = 12;
  for (const std::size_t count : {std::size_t{64}, std::size_t{256}, std::size_t{1024}}) {
    double even = 0;
    double worst_even = 0;
    double random = 0;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      const double one = discrepancy(tiles::sample_evenly(all, count, seed), all);
      even += one / kSeeds;
      worst_even = std::max(worst_even, one);
      random += discrepancy(at_random(all, count, seed), all) / kSeeds;
    }
    std::printf("  %zu of %zu: %.4f (at most %.4f), random %.4f\n", count, all.size(), even, worst_even, random);
    CHECK(even < 0.5 * random);
    CHECK(worst_even < random);
  }
}

TEST(no_tile_twice_and_only_tissue) {
  const auto all = tissue();
  std::set<std::pair<std::uint32_t, std::uint32_t>> known;
  for (const auto& cell : all) known.insert({cell.column, cell.row});
  for (const std::size_t count : {std::size_t{1}, std::size_t{2}, std::size_t{333}, all.size() - 1}) {
    std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
    for (const auto& cell : tiles::sample_evenly(all, count, 3)) seen.insert({cell.column, cell.row});
    CHECK_EQ(seen.size(), count);
    CHECK(std::includes(known.begin(), known.end(), seen.begin(), seen.end()));
  }
}

TEST(as_many_as_there_are_is_all_of_them) {
  const auto all = tissue();
  for (const std::size_t count : {all.size(), all.size() + 1, all.size() * 1000}) {
    const auto sample = tiles::sample_evenly(all, count, 9);
    CHECK(std::equal(all.begin(), all.end(), sample.begin(), sample.end(), same));
  }
}

TEST(every_tile_has_the_same_chance) {
  // 40 cells, runs of 4: over many seeds each cell is drawn a quarter of the time.
  std::vector<GridCell> all;
  for (std::uint32_t row = 0; row < 5; ++row)
    for (std::uint32_t column = 0; column < 8; ++column) all.push_back({column, row});
  std::vector<int> drawn(all.size(), 0);
  constexpr int kSeeds = 4000;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed)
    for (const auto& cell : tiles::sample_evenly(all, 10, seed)) ++drawn[cell.row * 8 + cell.column];
  // 1000 expected, standard deviation 27: five of them is a sign of bias.
  for (const int count : drawn) CHECK(std::abs(count - kSeeds / 4) < 140);
}

TEST(rounds_draw_every_tile_once_and_one_of_each_stratum_at_a_time) {
  const auto all = tissue();
  const auto rounds = tiles::draw_rounds(all, 100, 5);
  CHECK_EQ(rounds.sizes.size(), 100u);
  std::set<std::pair<std::uint32_t, std::uint32_t>> drawn;
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(rounds.round[i] < static_cast<std::uint32_t>(rounds.sizes[rounds.stratum[i]]));
    drawn.insert({rounds.stratum[i], rounds.round[i]});
  }
  CHECK_EQ(drawn.size(), all.size());
  for (const auto size : rounds.sizes) CHECK(size == 36 || size == 37);  // 3663 cells
}

TEST(whole_rounds_are_even_too) {
  const auto all = tissue();
  double even = 0;
  double random = 0;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const auto rounds = tiles::draw_rounds(all, 64, seed);
    std::vector<GridCell> sample;
    for (std::size_t i = 0; i < all.size(); ++i)
      if (rounds.round[i] < 4) sample.push_back(all[i]);
    CHECK_EQ(sample.size(), 256u);
    even += discrepancy(sample, all);
    random += discrepancy(at_random(all, 256, seed), all);
  }
  std::printf("  4 rounds of 64: %.4f, random %.4f\n", even / 8, random / 8);
  CHECK(even < 0.7 * random);
}

TEST(rounds_follow_from_the_seed) {
  const auto all = tissue();
  const auto one = tiles::draw_rounds(all, 64, 1);
  CHECK(one.round == tiles::draw_rounds(all, 64, 1).round);
  CHECK(one.round != tiles::draw_rounds(all, 64, 2).round);
  // Written down once: the same on every machine.
  const auto few = tiles::draw_rounds({{0, 0}, {1, 0}, {2, 0}, {3, 0}, {0, 1}, {1, 1}, {2, 1}, {3, 1}}, 2, 42);
  std::string text;
  for (std::size_t i = 0; i < 8; ++i) text += std::to_string(few.stratum[i]) + std::to_string(few.round[i]) + " ";
  CHECK_EQ(text, std::string("02 01 12 11 03 00 13 10 "));
}

}  // namespace

TEST_MAIN
