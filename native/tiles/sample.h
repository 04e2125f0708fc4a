// A seeded, spatially even choice among grid positions. Integers only, so every machine chooses the same.
#pragma once

#include <cstdint>
#include <vector>

namespace microtome::tiles {

// Position on the Hilbert curve that fills a square of 2^bits a side (bits <= 31), and back.
struct GridCell {
  std::uint32_t column = 0;
  std::uint32_t row = 0;
};
[[nodiscard]] std::uint64_t hilbert_index(GridCell cell, int bits) noexcept;
[[nodiscard]] GridCell hilbert_cell(std::uint64_t index, int bits) noexcept;

// Keeps `count` of `cells`, row-major in and out. The cells are put in Hilbert order, cut into `count` runs of equal
// length (neighbours on the curve are neighbours on the slide), and one cell of each run is drawn.
[[nodiscard]] std::vector<GridCell> sample_evenly(const std::vector<GridCell>& cells, std::size_t count,
                                                  std::uint64_t seed);

// The cells in rounds, each of which is spread over all of them: in Hilbert order they are cut into `strata` runs of
// equal length, or as near as can be, and in each round one cell of every run that still has one is drawn at random.
// Any number of whole rounds is a stratified sample without replacement.
struct Rounds {
  std::vector<std::uint32_t> stratum;  // of each cell
  std::vector<std::uint32_t> round;    // of each cell, from 0
  std::vector<std::int64_t> sizes;     // cells in each stratum
};
[[nodiscard]] Rounds draw_rounds(const std::vector<GridCell>& cells, std::size_t strata, std::uint64_t seed);

}  // namespace microtome::tiles
