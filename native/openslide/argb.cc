#include "openslide/argb.h"

#include <algorithm>

namespace microtome::openslide {
namespace {

std::uint8_t on_white(std::uint32_t sample, std::uint32_t alpha) noexcept {
  return static_cast<std::uint8_t>(std::min(sample, alpha) + 255 - alpha);
}

}  // namespace

std::int64_t write_on_white(std::span<const std::uint32_t> from, std::int64_t stride_px, const RgbView& out) noexcept {
  std::int64_t transparent = 0;
  for (std::int64_t y = 0; y < out.height_px; ++y) {
    const std::uint32_t* const row = from.data() + y * stride_px;
    std::uint8_t* to = out.row(y);
    for (std::int64_t x = 0; x < out.width_px; ++x, to += 3) {
      const std::uint32_t pixel = row[x];
      const std::uint32_t alpha = pixel >> 24;
      to[0] = on_white(pixel >> 16 & 255, alpha);
      to[1] = on_white(pixel >> 8 & 255, alpha);
      to[2] = on_white(pixel & 255, alpha);
      transparent += alpha == 0 ? 1 : 0;
    }
  }
  return transparent;
}

}  // namespace microtome::openslide
