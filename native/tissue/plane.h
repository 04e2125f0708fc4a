// One byte per pixel of the overview; the working material of the tissue stage.
#pragma once

#include <cstdint>
#include <vector>

namespace microtome::tissue {

struct Plane {
  std::int64_t width_px = 0;
  std::int64_t height_px = 0;
  std::vector<std::uint8_t> data;

  Plane() = default;
  Plane(std::int64_t width, std::int64_t height)
      : width_px(width), height_px(height), data(static_cast<std::size_t>(width * height)) {}

  [[nodiscard]] std::uint8_t* row(std::int64_t y) noexcept { return data.data() + y * width_px; }
  [[nodiscard]] const std::uint8_t* row(std::int64_t y) const noexcept { return data.data() + y * width_px; }
  [[nodiscard]] bool any() const noexcept {
    for (const std::uint8_t value : data)
      if (value != 0) return true;
    return false;
  }
};

}  // namespace microtome::tissue
