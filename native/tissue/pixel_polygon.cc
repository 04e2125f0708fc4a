#include "tissue/pixel_polygon.h"

#include <cmath>

namespace microtome::tissue {
namespace {

// A coordinate as a pixel and the part of a pixel beyond it, by the products that contours are scaled with.
struct Place {
  std::int64_t pixel = 0;
  double beyond = 0;  // 0: on the pixel; below 1
};

Place place_of(double level0, double level0_per_px) {
  auto pixel = static_cast<std::int64_t>(std::floor(level0 / level0_per_px));
  while (static_cast<double>(pixel) * level0_per_px > level0) --pixel;
  while (static_cast<double>(pixel + 1) * level0_per_px <= level0) ++pixel;
  return {pixel, (level0 - static_cast<double>(pixel) * level0_per_px) / level0_per_px};
}

class Corners {
 public:
  explicit Corners(const TissueMask& mask) : mask_(mask) {}
  [[nodiscard]] bool at(std::int64_t x, std::int64_t y) const noexcept {
    if (x < 0 || y < 0 || x >= mask_.width_px || y >= mask_.height_px) return false;
    return mask_.data[static_cast<std::size_t>(y * mask_.width_px + x)] != 0;
  }

 private:
  const TissueMask& mask_;
};

bool in_square(const Corners& corners, const Place& x, const Place& y) {
  const bool upper_left = corners.at(x.pixel, y.pixel);
  const bool upper_right = corners.at(x.pixel + 1, y.pixel);
  const bool lower_left = corners.at(x.pixel, y.pixel + 1);
  const bool lower_right = corners.at(x.pixel + 1, y.pixel + 1);
  const int set = upper_left + upper_right + lower_left + lower_right;
  if (set != 3) return set == 4;
  if (!upper_left) return x.beyond + y.beyond > 1;
  if (!lower_right) return x.beyond + y.beyond < 1;
  return upper_right ? x.beyond > y.beyond : x.beyond < y.beyond;
}

}  // namespace

bool polygon_contains(const TissueMask& mask, double x, double y) noexcept {
  const double end_x = static_cast<double>(mask.width_px) * mask.level0_per_px_x;
  const double end_y = static_cast<double>(mask.height_px) * mask.level0_per_px_y;
  if (!(x >= 0 && y >= 0 && x <= end_x && y <= end_y)) return false;
  const Place across = place_of(x, mask.level0_per_px_x);
  const Place down = place_of(y, mask.level0_per_px_y);
  const Corners corners(mask);
  const std::int64_t i = across.pixel;
  const std::int64_t j = down.pixel;
  const auto at = [&](std::int64_t right, std::int64_t below) { return corners.at(i + right, j + below); };
  if (across.beyond > 0 && down.beyond > 0) return in_square(corners, across, down);
  // On a line between squares, the squares to both sides must cover it.
  if (across.beyond > 0) return at(0, 0) && at(1, 0) && (at(0, -1) || at(1, -1)) && (at(0, 1) || at(1, 1));
  if (down.beyond > 0) return at(0, 0) && at(0, 1) && (at(-1, 0) || at(-1, 1)) && (at(1, 0) || at(1, 1));
  return at(0, 0) && at(-1, 0) && at(1, 0) && at(0, -1) && at(0, 1);
}

}  // namespace microtome::tissue
