// Pixels in memory: 8-bit RGB, interleaved, rows top to bottom.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/large_memory.h"

namespace microtome {

// A borrowed window of RGB pixels; rows are `stride_bytes` apart (>= 3 * width_px).
struct RgbView {
  std::uint8_t* data = nullptr;
  std::int64_t width_px = 0;
  std::int64_t height_px = 0;
  std::int64_t stride_bytes = 0;

  [[nodiscard]] std::uint8_t* row(std::int64_t y) const noexcept { return data + y * stride_bytes; }
};

// The same, to be read only.
struct ConstRgbView {
  const std::uint8_t* data = nullptr;
  std::int64_t width_px = 0;
  std::int64_t height_px = 0;
  std::int64_t stride_bytes = 0;

  ConstRgbView() = default;
  ConstRgbView(const std::uint8_t* pixels, std::int64_t width, std::int64_t height, std::int64_t stride) noexcept
      : data(pixels), width_px(width), height_px(height), stride_bytes(stride) {}
  explicit(false) ConstRgbView(const RgbView& view) noexcept
      : ConstRgbView(view.data, view.width_px, view.height_px, view.stride_bytes) {}

  [[nodiscard]] const std::uint8_t* row(std::int64_t y) const noexcept { return data + y * stride_bytes; }
};

// Of a square of that side.
constexpr std::size_t rgb_bytes(std::int64_t side_px) noexcept {
  return static_cast<std::size_t>(3 * side_px * side_px);
}

inline void fill_white(const RgbView& view) noexcept {
  for (std::int64_t y = 0; y < view.height_px; ++y)
    std::memset(view.row(y), 255, static_cast<std::size_t>(3 * view.width_px));
}

struct RgbImage {
  std::int64_t width_px = 0;
  std::int64_t height_px = 0;
  LargeBytes data;  // 3 * width_px * height_px

  RgbImage() = default;
  RgbImage(std::int64_t width, std::int64_t height, std::uint8_t fill = 255)
      : width_px(width), height_px(height), data(static_cast<std::size_t>(3 * width * height), fill) {}

  [[nodiscard]] RgbView view() noexcept { return {data.data(), width_px, height_px, 3 * width_px}; }
};

}  // namespace microtome
