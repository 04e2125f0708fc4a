// The pixels that a slide's stain is fitted to: a bounded, seeded sample of the tissue in some of its tiles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/image.h"

namespace microtome::preprocess {

// The usual size: so many tiles of a slide, or all where it has fewer, and so many pixels in all of them together.
inline constexpr std::size_t kStainTiles = 64;
inline constexpr std::size_t kStainPixels = 262'144;

// Of a tile with n pixels, the pixels are cut into kStainPixels / tiles runs in the order of rows (or n, where that is
// less); one pixel of each run is drawn by the seed, the tile's number and the run's. It is kept where it is tissue:
// its optical density is at least 0.15 in each channel (Macenko), that is, no sample is above 205.
class StainSample {
 public:
  // `tiles`: how many will be added, at least 1.
  StainSample(std::uint64_t seed, std::size_t tiles);

  // `number`: the tile's place among those that are added, below `tiles`. Any order, and from several threads; each
  // number once.
  void add(std::size_t number, const ConstRgbView& tile);

  // In the order of the tiles' numbers, whatever order they were added in: three samples a pixel.
  [[nodiscard]] std::vector<std::uint8_t> pixels() const;

 private:
  std::uint64_t seed_;
  std::vector<std::vector<std::uint8_t>> tiles_;
};

}  // namespace microtome::preprocess
