#include "decode/jpeg2000_color.h"

#include <algorithm>
#include <cstddef>

namespace microtome::decode {
namespace {

using slide::Compression;

std::uint8_t clamped(int value) { return static_cast<std::uint8_t>(std::clamp(value, 0, 255)); }

void from_jfif(std::uint8_t* pixel) {
  constexpr int kShift = 16, kHalf = 1 << (kShift - 1);
  constexpr auto fixed = [](double factor) { return static_cast<int>(factor * (1 << kShift) + 0.5); };
  constexpr int kRedOfCr = fixed(1.402), kBlueOfCb = fixed(1.772), kGreenOfCr = fixed(0.71414),
                kGreenOfCb = fixed(0.34414);
  const int y = pixel[0], cb = pixel[1] - 128, cr = pixel[2] - 128;
  pixel[0] = clamped(y + ((kRedOfCr * cr + kHalf) >> kShift));
  pixel[1] = clamped(y + ((kHalf - kGreenOfCb * cb - kGreenOfCr * cr) >> kShift));
  pixel[2] = clamped(y + ((kBlueOfCb * cb + kHalf) >> kShift));
}

// In floating point like the reader's, which cuts toward zero: exact thousandths would differ in a few colours.
void from_libvips(std::uint8_t* pixel) {
  const int y = pixel[0], cb = pixel[1] - 128, cr = pixel[2] - 128;
  pixel[0] = clamped(y + static_cast<int>(1.402 * cr));
  pixel[1] = clamped(y - static_cast<int>(0.344 * cb + 0.714 * cr));
  pixel[2] = clamped(y + static_cast<int>(1.772 * cb));
}

}  // namespace

Jpeg2000Color jpeg2000_color(Compression compression, slide::Photometric photometric,
                             const Jpeg2000Stream& stream) noexcept {
  const std::size_t count = stream.components.size();
  if (count < 3) return Jpeg2000Color::AsDecoded;
  const bool of_libvips = count == 3 && stream.by_openjpeg && !stream.boxed;
  if (compression == Compression::Jpeg2000Lossy && of_libvips) return Jpeg2000Color::YCbCrOfLibvips;
  if (stream.component_transform || compression == Compression::Jpeg2000Rgb) return Jpeg2000Color::AsDecoded;
  const bool ycbcr = compression == Compression::Jpeg2000YCbCr || photometric == slide::Photometric::YCbCr;
  return ycbcr ? Jpeg2000Color::YCbCr : Jpeg2000Color::AsDecoded;
}

void jpeg2000_to_rgb(Jpeg2000Color color, int samples, std::span<std::uint8_t> pixels) noexcept {
  if (color == Jpeg2000Color::AsDecoded) return;
  const auto step = static_cast<std::size_t>(samples);
  const auto convert = color == Jpeg2000Color::YCbCr ? from_jfif : from_libvips;
  for (std::size_t i = 0; i + step <= pixels.size(); i += step) convert(pixels.data() + i);
}

}  // namespace microtome::decode
