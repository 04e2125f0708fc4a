// What the header of an image that is no slide says, before a pixel is decoded.
#pragma once

#include <cstdint>

#include "core/error.h"

namespace microtome::decode {

// A larger image is refused before it is decoded.
inline constexpr std::int64_t kMostImagePx = 100'000'000;
// So is a longer side: what a resize takes grows with it. It is that of a JPEG.
inline constexpr std::int64_t kMostImageSidePx = 65'535;

// What a result says of an image. One bit each; lib/native/images.ts has the names in the same order.
namespace image_mark {
inline constexpr std::uint8_t kGrey = 1, kProgressive = 2, kCmyk = 4, kTurned = 8, kBytesBehind = 16, kSixteenBits = 32,
                              kPalette = 64, kTransparent = 128;
}  // namespace image_mark

struct ImageFacts {
  std::int64_t width_px = 0;  // as it is stored
  std::int64_t height_px = 0;
  int orientation = 1;             // by Exif
  std::uint8_t marks = 0;          // image_mark; decoding may add kTransparent
  std::int64_t decoded_bytes = 0;  // that decoding takes, beside those of the file

  [[nodiscard]] bool swaps_sides() const noexcept { return orientation >= 5; }
  [[nodiscard]] std::int64_t upright_width_px() const noexcept { return swaps_sides() ? height_px : width_px; }
  [[nodiscard]] std::int64_t upright_height_px() const noexcept { return swaps_sides() ? width_px : height_px; }
};

// Errors of one image. They name no path: the caller knows it.
[[nodiscard]] Error damaged_image(std::string_view found);
[[nodiscard]] Error cut_image(std::string_view found);
// Throws LIMIT_EXCEEDED for more than kMostImagePx or kMostImageSidePx, IMAGES_INVALID for an image without pixels.
void require_image_size(std::int64_t width_px, std::int64_t height_px);

}  // namespace microtome::decode
