// Samples as a slide stores them to 8-bit RGB: the one place where grey, inverted grey, palettes, 16 bits, alpha and
// ignored extra samples are dealt with. Pure functions, integer arithmetic throughout.
#pragma once

#include <cstdint>
#include <span>

#include "core/image.h"
#include "slide/slide.h"

namespace microtome::decode {

// A decoded tile: interleaved samples without gaps, 16-bit ones in the machine's byte order.
struct SampleView {
  const std::uint8_t* data = nullptr;
  std::int64_t width_px = 0;
  std::int64_t height_px = 0;
  int samples = 3;
  int bits = 8;

  [[nodiscard]] std::int64_t pixel_bytes() const noexcept { return samples * (bits / 8); }
};

// Converts the window of `from` that starts at (x, y) and is as large as `to`; the window must lie within `from`.
// `storage` tells what the samples mean; YCbCr counts as RGB, for the codecs have converted it. 16 bits are cut to the
// upper 8; alpha is composited on white, rounded half up; a palette index beyond the table reads as white.
void samples_to_rgb(const SampleView& from, const slide::Storage& storage, std::int64_t x, std::int64_t y, RgbView to);

// Puts a plane's samples (1 or 2 bytes each) where they belong among `samples` interleaved ones.
void interleave_plane(std::span<const std::uint8_t> plane, int plane_index, int samples, int bits,
                      std::span<std::uint8_t> out);

// c on white under alpha a, all 0..255, exactly rounded half up.
[[nodiscard]] constexpr std::uint8_t over_white(int c, int a) noexcept {
  return static_cast<std::uint8_t>((2 * (c * a + 255 * (255 - a)) + 255) / 510);
}

// As above, for a colour that is already multiplied by its alpha.
[[nodiscard]] constexpr std::uint8_t premultiplied_over_white(int c, int a) noexcept {
  const int sum = c + 255 - a;
  return static_cast<std::uint8_t>(sum > 255 ? 255 : sum);
}

}  // namespace microtome::decode
