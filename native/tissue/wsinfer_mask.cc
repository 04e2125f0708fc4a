#include "tissue/wsinfer_mask.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "tissue/components.h"
#include "tissue/plane.h"

namespace microtome::tissue {
namespace {

constexpr int kThreshold = 7;  // of the saturation, 0 to 255
constexpr int kMedianRadiusPx = 3;
constexpr int kMedianPx = 2 * kMedianRadiusPx + 1;
// A window of six pixels has no middle: it reaches one pixel further to one side.
constexpr int kClosingShortPx = 2;
constexpr int kClosingLongPx = 3;
constexpr double kMinObjectUm2 = 200.0 * 200.0;
constexpr double kMinHoleUm2 = 190.0 * 190.0;

// 255 * (largest - smallest) / largest in fixed point, as OpenCV computes the saturation of bytes.
Plane saturated(const RgbImage& overview) {
  constexpr int kShift = 12;
  std::array<std::int32_t, 256> scale{};
  for (std::size_t value = 1; value < scale.size(); ++value)
    scale[value] = static_cast<std::int32_t>(std::nearbyint((255 << kShift) / static_cast<double>(value)));
  Plane mask(overview.width_px, overview.height_px);
  const std::uint8_t* rgb = overview.data.data();
  std::uint8_t* out = mask.data.data();
  const std::size_t count = mask.data.size();
  for (std::size_t i = 0; i < count; ++i, rgb += 3) {
    const std::uint8_t most = std::max(std::max(rgb[0], rgb[1]), rgb[2]);
    const std::uint8_t least = std::min(std::min(rgb[0], rgb[1]), rgb[2]);
    const std::int32_t saturation = ((most - least) * scale[most] + (1 << (kShift - 1))) >> kShift;
    out[i] = saturation > kThreshold ? 1 : 0;
  }
  return mask;
}

// The median of 7 x 7 pixels is above the threshold where most of them are. The outermost pixels repeat beyond the
// edge.
Plane majority(const Plane& plane) {
  const std::int64_t width = plane.width_px;
  const std::int64_t height = plane.height_px;
  Plane across(width, height);
  std::vector<std::uint8_t> padded(static_cast<std::size_t>(width + kMedianPx - 1));
  for (std::int64_t y = 0; y < height; ++y) {
    const std::uint8_t* in = plane.row(y);
    std::fill_n(padded.begin(), kMedianRadiusPx, in[0]);
    std::copy(in, in + width, padded.begin() + kMedianRadiusPx);
    std::fill_n(padded.end() - kMedianRadiusPx, kMedianRadiusPx, in[width - 1]);
    std::uint8_t* out = across.row(y);
    for (int shift = 0; shift < kMedianPx; ++shift)
      for (std::int64_t x = 0; x < width; ++x) out[x] = static_cast<std::uint8_t>(out[x] + padded[x + shift]);
  }
  Plane result(width, height);
  for (std::int64_t y = 0; y < height; ++y) {
    std::uint8_t* out = result.row(y);
    for (std::int64_t other = y - kMedianRadiusPx; other <= y + kMedianRadiusPx; ++other) {
      const std::uint8_t* in = across.row(std::clamp<std::int64_t>(other, 0, height - 1));
      for (std::int64_t x = 0; x < width; ++x) out[x] = static_cast<std::uint8_t>(out[x] + in[x]);
    }
    for (std::int64_t x = 0; x < width; ++x) out[x] = out[x] > kMedianPx * kMedianPx / 2 ? 1 : 0;
  }
  return result;
}

// The greatest (`widens`) or least value of the pixels from `before_px` before to `after_px` after, in both directions;
// what lies beyond the edge has no part in it.
Plane window(const Plane& plane, int before_px, int after_px, bool widens) {
  const std::int64_t width = plane.width_px;
  const std::int64_t height = plane.height_px;
  const auto take = [widens](std::uint8_t a, std::uint8_t b) {
    return static_cast<std::uint8_t>(widens ? a | b : a & b);
  };
  Plane across = plane;
  for (std::int64_t y = 0; y < height; ++y) {
    const std::uint8_t* in = plane.row(y);
    std::uint8_t* out = across.row(y);
    for (std::int64_t shift = -before_px; shift <= after_px; ++shift) {
      const std::int64_t last = std::min(width, width - shift);
      for (std::int64_t x = std::max<std::int64_t>(0, -shift); x < last; ++x) out[x] = take(out[x], in[x + shift]);
    }
  }
  Plane result = across;
  for (std::int64_t y = 0; y < height; ++y) {
    std::uint8_t* out = result.row(y);
    const std::int64_t last = std::min<std::int64_t>(y + after_px, height - 1);
    for (std::int64_t other = std::max<std::int64_t>(y - before_px, 0); other <= last; ++other) {
      const std::uint8_t* in = across.row(other);
      for (std::int64_t x = 0; x < width; ++x) out[x] = take(out[x], in[x]);
    }
  }
  return result;
}

// Parts whose pixels touch at their sides and that are smaller than `least_px`, of the tissue or of what is not tissue,
// change over to the other.
void drop_below(Plane& mask, bool tissue, double least_px) {
  Plane inverse = mask;
  for (std::uint8_t& value : inverse.data) value ^= 1;
  const Components parts(tissue ? inverse : mask, false);
  for (std::int32_t i = 0; i < parts.count(); ++i)
    if (static_cast<double>(parts.area(i)) < least_px) paint(mask, parts.runs(i), tissue ? 0 : 1);
}

Plane with_margin(const Plane& mask) {
  Plane padded(mask.width_px + 2, mask.height_px + 2);
  for (std::int64_t y = 0; y < mask.height_px; ++y)
    std::copy(mask.row(y), mask.row(y) + mask.width_px, padded.row(y + 1) + 1);
  return padded;
}

// WSInfer adds the parts of the tissue to its polygon from the last to the first of them, and after each takes its
// holes away. So a part in a hole of another one goes with the hole. What stays are the parts with a side to the
// outside.
Plane without_islands(const Plane& mask) {
  const Plane padded = with_margin(mask);
  const Components glass(padded, false);
  Plane outside(padded.width_px, padded.height_px);
  paint(outside, glass.runs(glass.part_at(0, 0)), 1);
  const Components parts(padded, true);
  Plane kept(mask.width_px, mask.height_px);
  const auto touches = [&](const Run& run) {
    const std::uint8_t* row = outside.row(run.y);
    if (row[run.x0 - 1] != 0 || row[run.x1] != 0) return true;
    const auto any = [&](const std::uint8_t* at) {
      return std::any_of(at + run.x0, at + run.x1, [](auto v) { return v; });
    };
    return any(outside.row(run.y - 1)) || any(outside.row(run.y + 1));
  };
  for (std::int32_t i = 0; i < parts.count(); ++i) {
    const auto runs = parts.runs(i);
    if (std::none_of(runs.begin(), runs.end(), touches)) continue;
    for (const Run& run : runs)
      std::fill(kept.row(run.y - 1) + run.x0 - 1, kept.row(run.y - 1) + run.x1 - 1, std::uint8_t{255});
  }
  return kept;
}

}  // namespace

TissueMask make_wsinfer_mask(const RgbImage& overview, std::int64_t level0_width_px, std::int64_t level0_height_px,
                             double slide_mpp) {
  check_overview(overview, level0_width_px, level0_height_px);
  if (!std::isfinite(slide_mpp) || slide_mpp <= 0)
    throw Error(Code::INVALID_OPTION, Stage::Tissue, "the slide's microns per pixel must be a positive number");
  TissueMask result;
  result.width_px = overview.width_px;
  result.height_px = overview.height_px;
  result.outline = Outline::ThroughPixels;
  result.level0_per_px_x = static_cast<double>(level0_width_px) / static_cast<double>(overview.width_px);
  result.level0_per_px_y = static_cast<double>(level0_height_px) / static_cast<double>(overview.height_px);
  const double mpp = (slide_mpp * result.level0_per_px_x + slide_mpp * result.level0_per_px_y) / 2;
  const Plane tissue = majority(saturated(overview));
  Plane mask = window(window(tissue, kClosingShortPx, kClosingLongPx, true), kClosingLongPx, kClosingShortPx, false);
  // To whole pixels, halves to even: the rounding mode of every thread.
  drop_below(mask, true, std::nearbyint(kMinObjectUm2 / (mpp * mpp)));
  drop_below(mask, false, std::nearbyint(kMinHoleUm2 / (mpp * mpp)));
  result.data = without_islands(mask).data;
  return result;
}

}  // namespace microtome::tissue
