// What a finished mask can be asked.
#include <algorithm>
#include <cmath>

#include "tissue/tissue_mask.h"

namespace microtome::tissue {
namespace {

// Sum of one row's tissue over [x0, x1), mask pixels; the two end pixels count by the part that is covered.
double row_sum(const std::uint8_t* row, double x0, double x1) noexcept {
  const auto first = static_cast<std::int64_t>(x0);
  const auto end = static_cast<std::int64_t>(std::ceil(x1));
  double sum = 0;
  for (std::int64_t x = first; x < end; ++x)
    if (row[x] != 0) sum += std::min(x1, static_cast<double>(x + 1)) - std::max(x0, static_cast<double>(x));
  return sum;
}

bool has_pixels(const TissueMask& mask) noexcept {
  return mask.width_px > 0 && mask.height_px > 0 && mask.level0_per_px_x > 0 && mask.level0_per_px_y > 0 &&
         mask.data.size() == static_cast<std::size_t>(mask.width_px) * static_cast<std::size_t>(mask.height_px);
}

}  // namespace

double TissueMask::area_fraction() const noexcept {
  if (data.empty()) return 0;
  const auto tissue = data.size() - static_cast<std::size_t>(std::count(data.begin(), data.end(), std::uint8_t{0}));
  return static_cast<double>(tissue) / static_cast<double>(data.size());
}

double TissueMask::fraction_in(double x, double y, double width, double height) const noexcept {
  if (!has_pixels(*this) || !(width > 0) || !(height > 0)) return 0;
  const double area = (width / level0_per_px_x) * (height / level0_per_px_y);
  if (!std::isfinite(area) || !std::isfinite(x) || !std::isfinite(y) || area <= 0) return 0;
  const double x0 = std::max(x / level0_per_px_x, 0.0);
  const double y0 = std::max(y / level0_per_px_y, 0.0);
  const double x1 = std::min((x + width) / level0_per_px_x, static_cast<double>(width_px));
  const double y1 = std::min((y + height) / level0_per_px_y, static_cast<double>(height_px));
  if (x1 <= x0 || y1 <= y0) return 0;
  double sum = 0;
  const auto end = static_cast<std::int64_t>(std::ceil(y1));
  for (auto row = static_cast<std::int64_t>(y0); row < end; ++row) {
    const double covered = std::min(y1, static_cast<double>(row + 1)) - std::max(y0, static_cast<double>(row));
    sum += covered * row_sum(data.data() + row * width_px, x0, x1);
  }
  return std::clamp(sum / area, 0.0, 1.0);
}

bool TissueMask::contains(double x, double y) const noexcept {
  if (!has_pixels(*this)) return false;
  const double column = std::floor(x / level0_per_px_x);
  const double row = std::floor(y / level0_per_px_y);
  if (!(column >= 0 && row >= 0 && column < static_cast<double>(width_px) && row < static_cast<double>(height_px)))
    return false;
  return data[static_cast<std::size_t>(static_cast<std::int64_t>(row) * width_px +
                                       static_cast<std::int64_t>(column))] != 0;
}

}  // namespace microtome::tissue
