#include "tissue/mask_index.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"

namespace microtome::tissue {

void check_mask(const TissueMask& mask) {
  constexpr std::int64_t kMaxSidePx = 1 << 16;
  // 2^32 - 1 tissue pixels are the most that the sums can hold.
  constexpr std::int64_t kMaxPx = std::int64_t{1} << 31;
  const bool sides = mask.width_px >= 1 && mask.height_px >= 1 && mask.width_px <= kMaxSidePx &&
                     mask.height_px <= kMaxSidePx && mask.width_px * mask.height_px <= kMaxPx;
  if (!sides || mask.data.size() != static_cast<std::size_t>(mask.width_px * mask.height_px))
    throw Error(Code::INVALID_OPTION, Stage::Tissue,
                "a tissue mask of " + std::to_string(mask.width_px) + " x " + std::to_string(mask.height_px) +
                    " px has " + std::to_string(mask.data.size()) + " bytes, one byte per pixel was expected");
  const auto usable = [](double scale) { return std::isfinite(scale) && scale > 0; };
  if (!usable(mask.level0_per_px_x) || !usable(mask.level0_per_px_y))
    throw Error(Code::INVALID_OPTION, Stage::Tissue,
                "a tissue mask's level-0 pixels per mask pixel must be positive numbers");
}

MaskIndex::MaskIndex(const TissueMask& mask)
    : width_px_(mask.width_px),
      height_px_(mask.height_px),
      px_per_level0_x_(1 / mask.level0_per_px_x),
      px_per_level0_y_(1 / mask.level0_per_px_y) {
  check_mask(mask);
  const auto across = static_cast<std::size_t>(width_px_ + 1);
  sums_.resize(across * static_cast<std::size_t>(height_px_ + 1));
  for (std::int64_t y = 0; y < height_px_; ++y) {
    const std::uint8_t* row = mask.data.data() + y * width_px_;
    const std::uint32_t* above = sums_.data() + static_cast<std::size_t>(y) * across;
    std::uint32_t* here = sums_.data() + static_cast<std::size_t>(y + 1) * across;
    std::uint32_t in_row = 0;
    for (std::int64_t x = 0; x < width_px_; ++x) {
      in_row += row[x] != 0 ? 1u : 0u;
      here[x + 1] = above[x + 1] + in_row;
    }
  }
}

double MaskIndex::sum_to(double x, double y) const noexcept {
  const double cx = std::clamp(x, 0.0, static_cast<double>(width_px_));
  const double cy = std::clamp(y, 0.0, static_cast<double>(height_px_));
  const std::int64_t ix = std::min(static_cast<std::int64_t>(cx), width_px_ - 1);
  const std::int64_t iy = std::min(static_cast<std::int64_t>(cy), height_px_ - 1);
  const double fx = cx - static_cast<double>(ix);
  const double fy = cy - static_cast<double>(iy);
  const std::uint32_t* top = sums_.data() + iy * (width_px_ + 1) + ix;
  const std::uint32_t* bottom = top + width_px_ + 1;
  const double upper = top[0] * (1 - fx) + top[1] * fx;
  const double lower = bottom[0] * (1 - fx) + bottom[1] * fx;
  return upper * (1 - fy) + lower * fy;
}

double MaskIndex::fraction_in(double x, double y, double width, double height) const noexcept {
  const double area = width * px_per_level0_x_ * height * px_per_level0_y_;
  if (!(width > 0) || !(height > 0) || !std::isfinite(area) || !std::isfinite(x) || !std::isfinite(y)) return 0;
  const double x0 = x * px_per_level0_x_;
  const double y0 = y * px_per_level0_y_;
  const double x1 = (x + width) * px_per_level0_x_;
  const double y1 = (y + height) * px_per_level0_y_;
  const double sum = sum_to(x1, y1) - sum_to(x0, y1) - sum_to(x1, y0) + sum_to(x0, y0);
  return std::clamp(sum / area, 0.0, 1.0);
}

}  // namespace microtome::tissue
