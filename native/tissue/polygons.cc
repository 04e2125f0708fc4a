// Polygons drawn into a mask: even-odd rule within a polygon, union of the polygons; one scan line through the middle
// of each row of mask pixels. A pixel is tissue when its centre is inside.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/error.h"
#include "tissue/tissue_mask.h"

namespace microtome::tissue {
namespace {

constexpr std::int64_t kMaxLevelSidePx = std::int64_t{1} << 40;
constexpr std::int64_t kMaxMaskSidePx = 1 << 15;
constexpr std::size_t kMaxPoints = 20'000'000;
constexpr std::uint64_t kMaxCrossings = 400'000'000;  // rows crossed, summed over the edges: bounds the time
constexpr double kMaxCoordinate = 1e12;

[[noreturn]] void refuse_polygons(const std::string& found) { throw Error(Code::INVALID_OPTION, Stage::Tissue, found); }

struct Edge {
  std::int64_t first_row;  // rows whose centre line it crosses: [first_row, end_row)
  std::int64_t end_row;
  double x;      // at the centre of first_row, mask pixels
  double slope;  // mask pixels per row
  std::int32_t polygon;
};

void check_rings(std::span<const Ring> rings) {
  std::size_t points = 0;
  for (const Ring& ring : rings) {
    if (ring.xy.size() % 2 != 0)
      refuse_polygons("a polygon ring has an odd number of coordinates, x and y were expected");
    if (ring.xy.size() < 6)
      refuse_polygons("a polygon ring has " + std::to_string(ring.xy.size() / 2) + " points, at least 3 were expected");
    points += ring.xy.size() / 2;
    if (points > kMaxPoints) refuse_polygons("the polygons have more than " + std::to_string(kMaxPoints) + " points");
    for (const double value : ring.xy)
      if (!(std::abs(value) <= kMaxCoordinate))
        refuse_polygons("a polygon has a coordinate that is not a number or beyond 1e12 pixels");
  }
}

// First row whose centre (row + 0.5) is at or below y, kept within [0, rows].
std::int64_t row_at(double y, std::int64_t rows) {
  return static_cast<std::int64_t>(std::clamp(std::ceil(y - 0.5), 0.0, static_cast<double>(rows)));
}

std::vector<Edge> edges_of(std::span<const Ring> rings, const TissueMask& mask, const CancelToken* cancel) {
  std::vector<Edge> edges;
  std::uint64_t crossings = 0;
  for (const Ring& ring : rings) {
    if (cancel != nullptr) cancel->check(Stage::Tissue);
    const std::size_t points = ring.xy.size() / 2;
    for (std::size_t i = 0; i < points; ++i) {
      const std::size_t next = i + 1 == points ? 0 : i + 1;  // closes the ring; a repeated last point adds nothing
      double x0 = ring.xy[2 * i] / mask.level0_per_px_x;
      double y0 = ring.xy[2 * i + 1] / mask.level0_per_px_y;
      double x1 = ring.xy[2 * next] / mask.level0_per_px_x;
      double y1 = ring.xy[2 * next + 1] / mask.level0_per_px_y;
      if (y0 > y1) {
        std::swap(x0, x1);
        std::swap(y0, y1);
      }
      const std::int64_t first = row_at(y0, mask.height_px);
      const std::int64_t end = row_at(y1, mask.height_px);
      if (first >= end) continue;
      crossings += static_cast<std::uint64_t>(end - first);
      if (crossings > kMaxCrossings) refuse_polygons("the polygons are too intricate to draw");
      const double slope = (x1 - x0) / (y1 - y0);
      edges.push_back({first, end, x0 + (static_cast<double>(first) + 0.5 - y0) * slope, slope, ring.polygon});
    }
  }
  std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) { return a.first_row < b.first_row; });
  return edges;
}

TissueMask sized_mask(std::int64_t level0_width_px, std::int64_t level0_height_px, std::int64_t max_side_px) {
  if (level0_width_px < 1 || level0_height_px < 1 || level0_width_px > kMaxLevelSidePx ||
      level0_height_px > kMaxLevelSidePx)
    refuse_polygons("a slide of " + std::to_string(level0_width_px) + " x " + std::to_string(level0_height_px) +
                    " px was given for a polygon mask");
  if (max_side_px < 1 || max_side_px > kMaxMaskSidePx)
    refuse_polygons("a mask side of " + std::to_string(max_side_px) + " px was asked for, 1 to " +
                    std::to_string(kMaxMaskSidePx) + " was expected");
  const std::int64_t longer = std::max(level0_width_px, level0_height_px);
  const double shrink = std::max(1.0, static_cast<double>(longer) / static_cast<double>(max_side_px));
  const auto side = [&](std::int64_t level0_px) {
    const auto px = static_cast<std::int64_t>(std::llround(static_cast<double>(level0_px) / shrink));
    return std::clamp<std::int64_t>(px, 1, max_side_px);
  };
  TissueMask mask;
  mask.width_px = side(level0_width_px);
  mask.height_px = side(level0_height_px);
  mask.level0_per_px_x = static_cast<double>(level0_width_px) / static_cast<double>(mask.width_px);
  mask.level0_per_px_y = static_cast<double>(level0_height_px) / static_cast<double>(mask.height_px);
  return mask;
}

}  // namespace

TissueMask rasterise_polygons(std::span<const Ring> rings, std::int64_t level0_width_px, std::int64_t level0_height_px,
                              std::int64_t max_side_px, const CancelToken* cancel) {
  check_rings(rings);
  TissueMask mask = sized_mask(level0_width_px, level0_height_px, max_side_px);
  mask.data.assign(static_cast<std::size_t>(mask.width_px * mask.height_px), 0);
  const std::vector<Edge> edges = edges_of(rings, mask, cancel);
  std::vector<Edge> active;
  std::vector<std::pair<std::int32_t, double>> crossed;  // polygon, x
  std::size_t next = 0;
  const auto columns = static_cast<double>(mask.width_px);
  for (std::int64_t row = 0; row < mask.height_px; ++row) {
    if (cancel != nullptr) cancel->check(Stage::Tissue);
    std::erase_if(active, [row](const Edge& edge) { return edge.end_row <= row; });
    while (next < edges.size() && edges[next].first_row == row) active.push_back(edges[next++]);
    crossed.clear();
    for (const Edge& edge : active)
      crossed.emplace_back(edge.polygon, edge.x + static_cast<double>(row - edge.first_row) * edge.slope);
    std::sort(crossed.begin(), crossed.end());
    std::uint8_t* out = mask.data.data() + row * mask.width_px;
    for (std::size_t i = 0; i + 1 < crossed.size(); i += 2) {
      const auto first = static_cast<std::int64_t>(std::clamp(std::ceil(crossed[i].second - 0.5), 0.0, columns));
      const auto end = static_cast<std::int64_t>(std::clamp(std::ceil(crossed[i + 1].second - 0.5), 0.0, columns));
      if (end > first) std::fill(out + first, out + end, std::uint8_t{255});
    }
  }
  return mask;
}

std::int64_t polygon_mask_bytes(std::int64_t level0_width_px, std::int64_t level0_height_px, std::int64_t max_side_px) {
  const TissueMask mask = sized_mask(level0_width_px, level0_height_px, max_side_px);
  return mask.width_px * mask.height_px;
}

}  // namespace microtome::tissue
