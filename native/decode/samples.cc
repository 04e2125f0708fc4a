#include "decode/samples.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace microtome::decode {
namespace {

using slide::Alpha;
using slide::Photometric;
using slide::Storage;

std::uint16_t load(const std::uint8_t* at, std::uint8_t /*kind*/) { return *at; }
std::uint16_t load(const std::uint8_t* at, std::uint16_t /*kind*/) {
  std::uint16_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <typename Sample>
std::uint8_t upper8(const std::uint8_t* at) {
  return static_cast<std::uint8_t>(load(at, Sample{}) >> (8 * (sizeof(Sample) - 1)));
}

// Colour maps have 16-bit entries; some writers put 8-bit ones there.
class Palette {
 public:
  explicit Palette(std::span<const std::uint16_t> table) : table_(table), entries_(table.size() / 3) {
    shift_ = std::any_of(table.begin(), table.end(), [](std::uint16_t v) { return v > 255; }) ? 8 : 0;
  }
  [[nodiscard]] std::array<std::uint8_t, 3> color(std::size_t index) const {
    if (index >= entries_) return {255, 255, 255};
    return {entry(index), entry(entries_ + index), entry(2 * entries_ + index)};
  }

 private:
  [[nodiscard]] std::uint8_t entry(std::size_t at) const { return static_cast<std::uint8_t>(table_[at] >> shift_); }
  std::span<const std::uint16_t> table_;
  std::size_t entries_;
  int shift_ = 8;
};

// Converts `count` pixels of one row. `Color` maps a pixel's first byte to three colours.
template <typename Sample, typename Color>
void convert_row(const std::uint8_t* from, std::int64_t count, std::int64_t pixel_bytes, Alpha alpha, int alpha_sample,
                 std::uint8_t* to, const Color& color) {
  const std::int64_t alpha_at = alpha_sample * static_cast<std::int64_t>(sizeof(Sample));
  for (std::int64_t i = 0; i < count; ++i, from += pixel_bytes, to += 3) {
    std::array<std::uint8_t, 3> rgb = color(from);
    if (alpha != Alpha::None) {
      const int a = upper8<Sample>(from + alpha_at);
      for (auto& c : rgb) c = alpha == Alpha::Unassociated ? over_white(c, a) : premultiplied_over_white(c, a);
    }
    to[0] = rgb[0];
    to[1] = rgb[1];
    to[2] = rgb[2];
  }
}

// Chooses the colour once per window, so that the inner loop has no branch on it.
template <typename Sample>
void convert_window(const SampleView& from, const Storage& storage, std::int64_t x, std::int64_t y, RgbView to) {
  const bool has_alpha = storage.alpha_sample >= 0 && storage.alpha_sample < from.samples;
  const Alpha alpha = has_alpha ? storage.alpha : Alpha::None;
  const std::int64_t pixel = from.pixel_bytes();
  const auto rows = [&](const auto& color) {
    for (std::int64_t row = 0; row < to.height_px; ++row)
      convert_row<Sample>(from.data + ((y + row) * from.width_px + x) * pixel, to.width_px, pixel, alpha,
                          storage.alpha_sample, to.row(row), color);
  };
  using Rgb = std::array<std::uint8_t, 3>;
  switch (storage.photometric) {
    case Photometric::Rgb:
    case Photometric::YCbCr:
      return rows([](const std::uint8_t* p) -> Rgb {
        return {upper8<Sample>(p), upper8<Sample>(p + sizeof(Sample)), upper8<Sample>(p + 2 * sizeof(Sample))};
      });
    case Photometric::MinIsBlack:
      return rows([](const std::uint8_t* p) -> Rgb {
        const std::uint8_t v = upper8<Sample>(p);
        return {v, v, v};
      });
    case Photometric::MinIsWhite:
      return rows([](const std::uint8_t* p) -> Rgb {
        const auto v = static_cast<std::uint8_t>(255 - upper8<Sample>(p));
        return {v, v, v};
      });
    case Photometric::Palette: {
      const Palette palette(storage.palette);
      return rows([&](const std::uint8_t* p) -> Rgb { return palette.color(load(p, Sample{})); });
    }
  }
}

template <typename Sample>
void interleave(std::span<const std::uint8_t> plane, int plane_index, int samples, std::span<std::uint8_t> out) {
  const std::size_t pixels = plane.size() / sizeof(Sample);
  const std::size_t step = static_cast<std::size_t>(samples) * sizeof(Sample);
  std::uint8_t* to = out.data() + static_cast<std::size_t>(plane_index) * sizeof(Sample);
  const std::uint8_t* from = plane.data();
  for (std::size_t i = 0; i < pixels; ++i) std::memcpy(to + i * step, from + i * sizeof(Sample), sizeof(Sample));
}

}  // namespace

void samples_to_rgb(const SampleView& from, const Storage& storage, std::int64_t x, std::int64_t y, RgbView to) {
  const bool rgb = storage.photometric == Photometric::Rgb || storage.photometric == Photometric::YCbCr;
  if (rgb && from.bits == 8 && from.samples == 3) {
    for (std::int64_t row = 0; row < to.height_px; ++row)
      std::memcpy(to.row(row), from.data + 3 * ((y + row) * from.width_px + x),
                  static_cast<std::size_t>(3 * to.width_px));
    return;
  }
  if (from.bits == 16)
    convert_window<std::uint16_t>(from, storage, x, y, to);
  else
    convert_window<std::uint8_t>(from, storage, x, y, to);
}

void interleave_plane(std::span<const std::uint8_t> plane, int plane_index, int samples, int bits,
                      std::span<std::uint8_t> out) {
  if (bits == 16)
    interleave<std::uint16_t>(plane, plane_index, samples, out);
  else
    interleave<std::uint8_t>(plane, plane_index, samples, out);
}

}  // namespace microtome::decode
