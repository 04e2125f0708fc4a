#include "openslide/level_start.h"

#include <algorithm>
#include <cmath>

namespace microtome::openslide {
namespace {

// The painter of OpenSlide knows 128 steps between two pixels, and rounds down.
constexpr double kNoWeight = 1.0 / 256;

}  // namespace

LevelStart level_start(std::int64_t at_px, double downsample) noexcept {
  LevelStart best;
  double least = 2;
  const std::int64_t most = std::min(at_px, kMostLeadPx);
  for (std::int64_t lead = 0; lead <= most; ++lead) {
    const auto wanted = static_cast<double>(at_px - lead);
    double level0 = std::ceil(wanted * downsample);
    // The product may be rounded to either side.
    if ((level0 - 1) / downsample >= wanted) level0 -= 1;
    if (level0 / downsample < wanted) level0 += 1;
    const double over = level0 / downsample - wanted;
    if (over < least) {
      least = over;
      best = {.level0_px = static_cast<std::int64_t>(level0), .lead_px = lead};
    }
    if (over < kNoWeight) break;
  }
  return best;
}

// The first pixel of a level is an exact start.
bool may_lie_between_pixels(std::int64_t side_px, double downsample) noexcept {
  return side_px > kMostLeadPx && downsample != std::floor(downsample);
}

}  // namespace microtome::openslide
