#include "tiles/sample.h"

#include <algorithm>
#include <utility>

namespace microtome::tiles {
namespace {

// SplitMix64 (public domain algorithm): one state word, full period, good enough to draw from runs of cells.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t next() noexcept {
    state_ += 0x9E3779B97F4A7C15ull;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ull;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBull;
    return mixed ^ (mixed >> 31);
  }

  // In [0, bound), bound < 2^32; the bias is below bound / 2^32.
  std::uint64_t below(std::uint64_t bound) noexcept { return ((next() >> 32) * bound) >> 32; }

 private:
  std::uint64_t state_;
};

// Turns the cell into the frame of its quadrant of side `side`.
void turn(GridCell& cell, std::uint32_t side, std::uint32_t right, std::uint32_t lower) noexcept {
  if (lower != 0) return;
  if (right != 0) {
    cell.column = side - 1 - cell.column;
    cell.row = side - 1 - cell.row;
  }
  std::swap(cell.column, cell.row);
}

// Side of the square that holds all cells, as a power of two.
int bits_of(const std::vector<GridCell>& cells) noexcept {
  std::uint32_t largest = 0;
  for (const GridCell& cell : cells) largest = std::max({largest, cell.column, cell.row});
  int bits = 1;
  while (bits < 31 && (largest >> bits) != 0) ++bits;
  return bits;
}

}  // namespace

std::uint64_t hilbert_index(GridCell cell, int bits) noexcept {
  std::uint64_t index = 0;
  for (int bit = bits - 1; bit >= 0; --bit) {
    const std::uint32_t side = 1u << bit;
    const std::uint32_t right = (cell.column & side) != 0 ? 1 : 0;
    const std::uint32_t lower = (cell.row & side) != 0 ? 1 : 0;
    index += static_cast<std::uint64_t>((3 * right) ^ lower) << (2 * bit);
    cell.column &= side - 1;
    cell.row &= side - 1;
    turn(cell, side, right, lower);
  }
  return index;
}

GridCell hilbert_cell(std::uint64_t index, int bits) noexcept {
  GridCell cell;
  for (int bit = 0; bit < bits; ++bit) {
    const std::uint32_t side = 1u << bit;
    const auto quadrant = static_cast<std::uint32_t>((index >> (2 * bit)) & 3);
    const std::uint32_t right = quadrant >> 1;
    const std::uint32_t lower = (quadrant ^ right) & 1;
    turn(cell, side, right, lower);
    cell.column += right * side;
    cell.row += lower * side;
  }
  return cell;
}

std::vector<GridCell> sample_evenly(const std::vector<GridCell>& cells, std::size_t count, std::uint64_t seed) {
  if (count >= cells.size()) return cells;
  const int bits = bits_of(cells);
  std::vector<std::uint64_t> order;
  order.reserve(cells.size());
  for (const GridCell& cell : cells) order.push_back(hilbert_index(cell, bits));
  std::sort(order.begin(), order.end());

  Generator generator(seed);
  std::vector<GridCell> chosen;
  chosen.reserve(count);
  for (std::size_t run = 0; run < count; ++run) {
    const std::uint64_t first = run * cells.size() / count;  // both are below 2^32
    const std::uint64_t end = (run + 1) * cells.size() / count;
    chosen.push_back(hilbert_cell(order[first + generator.below(end - first)], bits));
  }
  std::sort(chosen.begin(), chosen.end(),
            [](const GridCell& a, const GridCell& b) { return a.row != b.row ? a.row < b.row : a.column < b.column; });
  return chosen;
}

Rounds draw_rounds(const std::vector<GridCell>& cells, std::size_t strata, std::uint64_t seed) {
  const int bits = bits_of(cells);
  std::vector<std::pair<std::uint64_t, std::uint32_t>> order;  // index on the curve, cell
  order.reserve(cells.size());
  for (std::uint32_t i = 0; i < cells.size(); ++i) order.emplace_back(hilbert_index(cells[i], bits), i);
  std::sort(order.begin(), order.end());

  Generator generator(seed);
  Rounds rounds;
  rounds.stratum.resize(cells.size());
  rounds.round.resize(cells.size());
  for (std::size_t stratum = 0; stratum < strata; ++stratum) {
    const std::uint64_t first = stratum * cells.size() / strata;  // both are below 2^32
    const std::uint64_t end = (stratum + 1) * cells.size() / strata;
    rounds.sizes.push_back(static_cast<std::int64_t>(end - first));
    // What is drawn changes places with the first that is not.
    for (std::uint64_t at = first; at < end; ++at) {
      std::swap(order[at], order[at + generator.below(end - at)]);
      const std::uint32_t cell = order[at].second;
      rounds.stratum[cell] = static_cast<std::uint32_t>(stratum);
      rounds.round[cell] = static_cast<std::uint32_t>(at - first);
    }
  }
  return rounds;
}

}  // namespace microtome::tiles
