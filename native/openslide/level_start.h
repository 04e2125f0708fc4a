// Where in level 0 OpenSlide has to be asked for a pixel of another level.
#pragma once

#include <cstdint>

namespace microtome::openslide {

// OpenSlide is asked in whole pixels of level 0 and divides by the downsample of the level. Where the quotient is no
// whole pixel of the level, it interpolates between pixels. So the reading begins at the nearest pixel before the
// wanted one whose quotient is whole, or so near above it that the weight of the next pixel is none. Where none of the
// pixels that may be read too is such a one, it begins at the one that is nearest to it.
struct LevelStart {
  std::int64_t level0_px = 0;
  std::int64_t lead_px = 0;  // pixels of the level before the wanted one
};

// The reading begins at most this many pixels early.
constexpr std::int64_t kMostLeadPx = 512;

// `at_px` is a pixel of a level of `downsample` (at least 1), both far below 2^53.
[[nodiscard]] LevelStart level_start(std::int64_t at_px, double downsample) noexcept;

// Whether some of `side_px` pixels of a level may begin where no start is exact.
[[nodiscard]] bool may_lie_between_pixels(std::int64_t side_px, double downsample) noexcept;

}  // namespace microtome::openslide
