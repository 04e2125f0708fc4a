// Where in level 0 OpenSlide has to be asked for a pixel of another level.
#pragma once

#include <cstdint>

namespace microtome::openslide {

// OpenSlide is asked in whole pixels of level 0 and divides by the downsample of the level. Where the quotient is no
// whole pixel of the level, it interpolates between pixels. So the reading begins at the nearest pixel before the
// wanted one whose quotient is whole, or so near above it that the weight of the next pixel is none.
struct LevelStart {
  std::int64_t level0_px = 0;
  std::int64_t lead_px = 0;  // pixels of the level before the wanted one
};

// The reading begins at most this many pixels early.
constexpr std::int64_t kMostLeadPx = 512;

// `at_px` is a pixel of a level of `downsample` (at least 1), both far below 2^53.
[[nodiscard]] LevelStart level_start(std::int64_t at_px, double downsample) noexcept;

}  // namespace microtome::openslide
