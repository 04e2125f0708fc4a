// One byte per pixel of the overview; the working material of the tissue stage.
#pragma once

#include <cstdint>

#include "core/large_memory.h"

namespace microtome::tissue {

// Loops over planes use plain pointers held in locals: a store through a byte pointer may alias anything, and the
// compiler would read a vector's own pointer again for every pixel.
struct Plane {
  std::int64_t width_px = 0;
  std::int64_t height_px = 0;
  LargeBytes data;

  Plane() = default;
  Plane(std::int64_t width, std::int64_t height)
      : width_px(width), height_px(height), data(static_cast<std::size_t>(width * height)) {}

  [[nodiscard]] std::uint8_t* row(std::int64_t y) noexcept { return data.data() + y * width_px; }
  [[nodiscard]] const std::uint8_t* row(std::int64_t y) const noexcept { return data.data() + y * width_px; }
  [[nodiscard]] bool any() const noexcept {
    const std::uint8_t* at = data.data();
    const std::size_t count = data.size();
    std::uint8_t all = 0;
    for (std::size_t i = 0; i < count; ++i) all |= at[i];
    return all != 0;
  }
};

}  // namespace microtome::tissue
