// Which parts of a slide are tissue. Made from a small overview image; the only type that later stages see.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/cancel_token.h"
#include "core/image.h"
#include "core/option_bounds.h"

namespace microtome::tissue {

// Default: by colour relative to the slide's own white. Wsinfer: as WSInfer finds it (wsinfer_mask.h).
enum class Method : std::uint8_t { Default, Wsinfer };

struct TissueOptions {
  Method method = Method::Default;
  // Parts smaller than this share of the overview are dropped (at least 4 px). Only for Method::Default.
  double min_area_fraction = option_bounds::kTissueMinAreaFractionDefault;
  std::int64_t overview_side_px =
      option_bounds::kTissueOverviewSideDefault;  // longer side of the overview that the caller should read
};

// Where the tissue of a mask ends: at the sides of its pixels, or at lines from pixel to pixel (pixel_polygon.h).
enum class Outline : std::uint8_t { AroundPixels, ThroughPixels };

// One byte per mask pixel: 255 tissue, 0 not. Covers the whole level-0 area.
struct TissueMask {
  std::int64_t width_px = 0;
  std::int64_t height_px = 0;
  LargeBytes data;
  double level0_per_px_x = 1;  // level-0 pixels per mask pixel
  double level0_per_px_y = 1;
  Outline outline = Outline::AroundPixels;  // what contains() asks; areas are always those of the pixels

  [[nodiscard]] double area_fraction() const noexcept;
  // Share of the rectangle (level-0 pixels) that is tissue; parts outside the slide count as not tissue.
  [[nodiscard]] double fraction_in(double x, double y, double width, double height) const noexcept;
  [[nodiscard]] bool contains(double x, double y) const noexcept;
};

// By Method::Default, whatever the options say. Level-0 size is needed to relate the overview to the slide. Pure
// function of its arguments.
[[nodiscard]] TissueMask make_tissue_mask(const RgbImage& overview, std::int64_t level0_width_px,
                                          std::int64_t level0_height_px, const TissueOptions& options = {});

// Throws INVALID_OPTION unless the overview has pixels, is not too large, and the slide has a size.
void check_overview(const RgbImage& overview, std::int64_t level0_width_px, std::int64_t level0_height_px);

// Rings in level-0 pixels, as parsed from GeoJSON, drawn into a mask of at most `max_side_px`: even-odd within one
// polygon (holes), the union of the polygons.
struct Ring {
  std::span<const double> xy;  // x0, y0, x1, y1, ...; owned by the caller
  std::int32_t polygon = 0;    // the polygon it belongs to
};
// Throws CANCELLED soon after `cancel` was cancelled.
[[nodiscard]] TissueMask rasterise_polygons(std::span<const Ring> rings, std::int64_t level0_width_px,
                                            std::int64_t level0_height_px, std::int64_t max_side_px,
                                            const CancelToken* cancel = nullptr);
// Bytes of the mask that rasterise_polygons() makes.
[[nodiscard]] std::int64_t polygon_mask_bytes(std::int64_t level0_width_px, std::int64_t level0_height_px,
                                              std::int64_t max_side_px);

}  // namespace microtome::tissue
