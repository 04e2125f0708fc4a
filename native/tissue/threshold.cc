#include "tissue/threshold.h"

#include <algorithm>

namespace microtome::tissue {
namespace {

constexpr int kLeast = 7;          // 0.027
constexpr int kMost = 14;          // 0.055: pale fat and stroma begin at about 0.06
constexpr int kHistogramTop = 90;  // chroma beyond 0.35 is tissue in any case and must not draw the threshold up

// The value that 99.9 % of the pixels in glass blocks do not exceed; 0 without glass.
int glass_noise(const ColourPlanes& colour, const WhiteModel& white) {
  std::array<std::uint64_t, 256> histogram{};
  std::uint64_t total = 0;
  const Plane& chroma = colour.chroma;
  for (std::int64_t by = 0; by < white.blocks_down; ++by)
    for (std::int64_t bx = 0; bx < white.blocks_across; ++bx) {
      if (white.glass_block[static_cast<std::size_t>(by * white.blocks_across + bx)] == 0) continue;
      const std::int64_t x1 = std::min((bx + 1) * kBlockPx, chroma.width_px);
      const std::int64_t y1 = std::min((by + 1) * kBlockPx, chroma.height_px);
      for (std::int64_t y = by * kBlockPx; y < y1; y += 4)  // every fourth row is enough
        for (std::int64_t x = bx * kBlockPx; x < x1; ++x, ++total) ++histogram[chroma.row(y)[x]];
    }
  if (total == 0) return 0;
  std::uint64_t above = 0;
  int value = 255;
  while (value > 0 && (above + histogram[static_cast<std::size_t>(value)]) * 1000 <= total)
    above += histogram[static_cast<std::size_t>(value--)];
  return value;
}

}  // namespace

int otsu(const std::array<std::uint64_t, 256>& histogram) noexcept {
  double total = 0;
  double weighted = 0;
  for (std::size_t i = 0; i < histogram.size(); ++i) {
    total += static_cast<double>(histogram[i]);
    weighted += static_cast<double>(i) * static_cast<double>(histogram[i]);
  }
  double below = 0;
  double below_weighted = 0;
  double best = -1;
  int threshold = 0;
  for (std::size_t i = 0; i < histogram.size(); ++i) {
    below += static_cast<double>(histogram[i]);
    below_weighted += static_cast<double>(i) * static_cast<double>(histogram[i]);
    const double above = total - below;
    if (below <= 0 || above <= 0) continue;
    const double apart = below_weighted / below - (weighted - below_weighted) / above;
    const double between = below * above * apart * apart;
    if (between > best) {
      best = between;
      threshold = static_cast<int>(i);
    }
  }
  return threshold;
}

Threshold choose_threshold(const ColourPlanes& colour, const WhiteModel& white) {
  std::array<std::uint64_t, 256> histogram{};
  for (std::int64_t y = 0; y < colour.chroma.height_px; y += 2) {
    const std::uint8_t* chroma = colour.chroma.row(y);
    const std::uint8_t* flags = colour.flags.row(y);
    for (std::int64_t x = 0; x < colour.chroma.width_px; ++x)
      if ((flags[x] & kGrey) == 0) ++histogram[static_cast<std::size_t>(std::min<int>(chroma[x], kHistogramTop))];
  }
  const int noise = std::clamp(glass_noise(colour, white) + 1, kLeast, kMost + 4);
  Threshold threshold;
  threshold.tissue = std::clamp(otsu(histogram), noise, std::max(noise, kMost));
  if (!white.found) threshold.tissue = kLeast;  // no glass at all: everything with a colour is tissue
  threshold.certain = std::max(threshold.tissue + 4, threshold.tissue * 3 / 2);
  return threshold;
}

}  // namespace microtome::tissue
