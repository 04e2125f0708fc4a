// The overview becomes a mask: white balance, colour, threshold, exclusions, clean-up; and what a finished mask can be
// asked. One thread, no state.
#include "tissue/tissue_mask.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"
#include "tissue/colour.h"
#include "tissue/components.h"
#include "tissue/exclusions.h"
#include "tissue/morphology.h"
#include "tissue/pixel_polygon.h"
#include "tissue/threshold.h"
#include "tissue/white.h"

namespace microtome::tissue {
namespace {

constexpr std::int64_t kMaxSidePx = 1 << 14;

[[noreturn]] void refuse(const std::string& found) { throw Error(Code::INVALID_OPTION, Stage::Tissue, found); }

// A pixel at the rim of a strongly stained part is a mixture with glass. It counts from a fifth of what is near it,
// so that small parts do not grow; pale pixels (above kRimMost) always count.
Plane stained(const ColourPlanes& colour, const Plane& strongest, int threshold) {
  constexpr std::uint8_t kRimMost = 30;
  Plane mask(colour.chroma.width_px, colour.chroma.height_px);
  const std::uint8_t* smooth = colour.chroma.data.data();
  const std::uint8_t* raw = colour.chroma_raw.data.data();
  const std::uint8_t* near = strongest.data.data();
  std::uint8_t* out = mask.data.data();
  const std::size_t count = mask.data.size();
  const auto least = static_cast<std::uint8_t>(threshold);
  const auto raw_threshold = static_cast<std::uint8_t>(std::max<int>(3 * threshold, kRimMost));
  for (std::size_t i = 0; i < count; ++i) {
    const auto fifth = static_cast<std::uint8_t>(static_cast<std::uint16_t>(near[i] * 51) >> 8);
    const std::uint8_t local = std::max(least, std::min(fifth, kRimMost));
    out[i] = static_cast<std::uint8_t>((smooth[i] > local) | (raw[i] > raw_threshold));
  }
  return mask;
}

// Leftovers that lie wholly beside pens and borders are their rims.
void drop_rims(Plane& mask, const Plane& excluded) {
  constexpr int kNearPx = 4;
  Plane dense(excluded.width_px, excluded.height_px);
  const std::uint8_t* from = excluded.data.data();
  std::uint8_t* to = dense.data.data();
  const std::size_t count = dense.data.size();
  for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<std::uint8_t>(from[i] >> 1);
  if (!dense.any()) return;
  const Plane near = dilate(dense, kNearPx);
  const Components parts(mask, true);
  for (std::int32_t i = 0; i < parts.count(); ++i) {
    std::int64_t beside = 0;
    for (const Run& run : parts.runs(i)) {
      const std::uint8_t* row = near.row(run.y);
      for (std::int32_t x = run.x0; x < run.x1; ++x) beside += row[x];
    }
    if (4 * beside >= 3 * parts.area(i)) paint(mask, parts.runs(i), 0);
  }
}

void combine(Plane& mask, const Exclusions& exclusions) {
  const std::uint8_t* excluded = exclusions.excluded.data.data();
  const std::uint8_t* pigment = exclusions.pigment.data.data();
  std::uint8_t* out = mask.data.data();
  const std::size_t count = mask.data.size();
  for (std::size_t i = 0; i < count; ++i)
    out[i] = static_cast<std::uint8_t>((out[i] | pigment[i]) & (excluded[i] == 0 ? 1 : 0));
}

// Closes gaps of a pixel, never over what was excluded.
void close_gaps(Plane& mask, const Plane& excluded) {
  const Plane closed = erode(dilate(mask, 1), 1);
  const std::uint8_t* with = closed.data.data();
  const std::uint8_t* without = excluded.data.data();
  std::uint8_t* out = mask.data.data();
  const std::size_t count = mask.data.size();
  for (std::size_t i = 0; i < count; ++i)
    out[i] = static_cast<std::uint8_t>(out[i] | (with[i] & (without[i] == 0 ? 1 : 0)));
}

// The rim of pale tissue fades into glass below the threshold: one pixel more, where it is still half as strong and
// nothing strongly stained is near (there the threshold already reaches into the rim).
void grow_pale_rim(Plane& mask, const Plane& smooth, const Plane& strongest, const Plane& excluded, int threshold) {
  const Plane around = dilate(mask, 1);
  const std::uint8_t* beside = around.data.data();
  const std::uint8_t* near = strongest.data.data();
  const std::uint8_t* chroma = smooth.data.data();
  const std::uint8_t* without = excluded.data.data();
  std::uint8_t* out = mask.data.data();
  const std::size_t count = mask.data.size();
  const auto half = static_cast<std::uint8_t>(threshold / 2);
  const auto strong = static_cast<std::uint8_t>(3 * threshold);
  for (std::size_t i = 0; i < count; ++i)
    out[i] = static_cast<std::uint8_t>(
        out[i] | (beside[i] & ((chroma[i] > half) & (near[i] < strong) & (without[i] == 0) ? 1 : 0)));
}

// Parts too small, or nowhere clearly stained, are dirt and noise.
void drop_small(Plane& mask, const Plane& chroma, const Plane& pigment, std::int64_t least_px, int certain) {
  const Components parts(mask, true);
  for (std::int32_t i = 0; i < parts.count(); ++i) {
    bool keep = parts.area(i) >= least_px;
    if (keep) {
      keep = false;
      for (const Run& run : parts.runs(i)) {
        const std::uint8_t* row = chroma.row(run.y);
        const std::uint8_t* dark = pigment.row(run.y);
        for (std::int32_t x = run.x0; x < run.x1 && !keep; ++x) keep = row[x] > certain || dark[x] != 0;
        if (keep) break;
      }
    }
    if (!keep) paint(mask, parts.runs(i), 0);
  }
}

// Holes are lumens, fat and folds. They are filled when small beside the slide and beside the part they lie in.
void fill_holes(Plane& mask, const Plane& excluded) {
  constexpr double kOfSlide = 5e-4;
  constexpr double kOfPart = 0.05;
  constexpr std::int64_t kAlwaysPx = 24;
  const Components parts(mask, true);
  if (parts.count() == 0) return;
  const Components holes(mask, false);
  const auto most = static_cast<std::int64_t>(kOfSlide * static_cast<double>(mask.data.size()));
  for (std::int32_t i = 0; i < holes.count(); ++i) {
    const std::int64_t area = holes.area(i);
    if (area > std::max(most, kAlwaysPx)) continue;
    std::int64_t largest = 0;
    std::int64_t not_tissue = 0;
    for (const Run& run : holes.runs(i)) {
      for (const std::int32_t x : {run.x0 - 1, run.x1}) {
        if (x < 0 || x >= mask.width_px) continue;
        const std::int32_t part = parts.part_at(x, run.y);
        if (part >= 0) largest = std::max(largest, parts.area(part));
      }
      for (std::int32_t x = run.x0; x < run.x1; ++x) not_tissue += excluded.row(run.y)[x] != 0;
    }
    const auto allowed = static_cast<std::int64_t>(kOfPart * static_cast<double>(largest));
    if (2 * not_tissue > area || area > std::max(allowed, std::min(kAlwaysPx, largest / 4))) continue;
    for (const Run& run : holes.runs(i))
      for (std::int32_t x = run.x0; x < run.x1; ++x)
        if (excluded.row(run.y)[x] == 0) mask.row(run.y)[x] = 1;
  }
}

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

void check_overview(const RgbImage& overview, std::int64_t level0_width_px, std::int64_t level0_height_px) {
  const bool sides = overview.width_px >= 1 && overview.height_px >= 1 && overview.width_px <= kMaxSidePx &&
                     overview.height_px <= kMaxSidePx;
  if (!sides || overview.data.size() != static_cast<std::size_t>(3 * overview.width_px * overview.height_px))
    refuse("an overview of " + std::to_string(overview.width_px) + " x " + std::to_string(overview.height_px) +
           " px with " + std::to_string(overview.data.size()) + " bytes was given, sides of 1 to " +
           std::to_string(kMaxSidePx) + " px and 3 bytes per pixel were expected");
  if (level0_width_px < 1 || level0_height_px < 1)
    refuse("a slide of " + std::to_string(level0_width_px) + " x " + std::to_string(level0_height_px) +
           " px was given with the overview");
}

TissueMask make_tissue_mask(const RgbImage& overview, std::int64_t level0_width_px, std::int64_t level0_height_px,
                            const TissueOptions& options) {
  check_overview(overview, level0_width_px, level0_height_px);
  if (!(options.min_area_fraction >= 0 && options.min_area_fraction <= 1))
    refuse("the least area of a tissue part must be between 0 and 1 of the slide");
  const WhiteModel white = estimate_white(overview);
  const ColourPlanes colour = measure_colour(overview, white);
  const Threshold threshold = choose_threshold(colour, white);
  const Plane strongest = dilate(colour.chroma, 2);
  Plane mask = stained(colour, strongest, threshold.tissue);
  const Exclusions exclusions = find_exclusions(overview, colour, threshold.tissue);
  combine(mask, exclusions);
  drop_rims(mask, exclusions.excluded);
  close_gaps(mask, exclusions.excluded);
  grow_pale_rim(mask, colour.chroma, strongest, exclusions.excluded, threshold.tissue);
  const double pixels = static_cast<double>(mask.data.size());
  const auto least_px =
      std::max<std::int64_t>(4, static_cast<std::int64_t>(std::ceil(options.min_area_fraction * pixels)));
  drop_small(mask, colour.chroma, exclusions.pigment, least_px, threshold.certain);
  fill_holes(mask, exclusions.excluded);

  TissueMask result;
  result.width_px = overview.width_px;
  result.height_px = overview.height_px;
  result.level0_per_px_x = static_cast<double>(level0_width_px) / static_cast<double>(overview.width_px);
  result.level0_per_px_y = static_cast<double>(level0_height_px) / static_cast<double>(overview.height_px);
  result.data = std::move(mask.data);
  for (std::uint8_t& value : result.data) value = value != 0 ? 255 : 0;
  return result;
}

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
  if (outline == Outline::ThroughPixels) return polygon_contains(*this, x, y);
  const double column = std::floor(x / level0_per_px_x);
  const double row = std::floor(y / level0_per_px_y);
  if (!(column >= 0 && row >= 0 && column < static_cast<double>(width_px) && row < static_cast<double>(height_px)))
    return false;
  return data[static_cast<std::size_t>(static_cast<std::int64_t>(row) * width_px +
                                       static_cast<std::int64_t>(column))] != 0;
}

}  // namespace microtome::tissue
