// Sums over rectangles of a tissue mask in constant time, for grids that ask millions of times. Holds 4 bytes per mask
// pixel, so it is made where a grid is planned and dropped again. Read-only after construction; any thread may ask.
#pragma once

#include <cstdint>
#include <vector>

#include "core/large_memory.h"
#include "tissue/tissue_mask.h"

namespace microtome::tissue {

class MaskIndex {
 public:
  // The mask is read here and not kept. Throws INVALID_OPTION when its data do not match its size.
  explicit MaskIndex(const TissueMask& mask);

  // As TissueMask::fraction_in, to within rounding.
  [[nodiscard]] double fraction_in(double x, double y, double width, double height) const noexcept;

 private:
  // Tissue pixels in [0, x) x [0, y), mask pixels; inside a pixel the mask is constant, so bilinear is exact.
  [[nodiscard]] double sum_to(double x, double y) const noexcept;

  std::int64_t width_px_;
  std::int64_t height_px_;
  double px_per_level0_x_;
  double px_per_level0_y_;
  std::vector<std::uint32_t, LargeAllocator<std::uint32_t>> sums_;  // (width_px + 1) x (height_px + 1)
};

// Throws INVALID_OPTION unless the mask's size, data and scale fit together.
void check_mask(const TissueMask& mask);

}  // namespace microtome::tissue
