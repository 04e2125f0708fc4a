#include "slide/level_fit.h"

#include <algorithm>
#include <cmath>

namespace microtome::slide {
namespace {

std::int64_t divided_up(std::int64_t value, std::int64_t by) noexcept { return (value + by - 1) / by; }

ImageSize reduced(const ImageSize& full, std::int64_t factor) noexcept {
  return {divided_up(full.width_px, factor), divided_up(full.height_px, factor)};
}

bool whole_tiles(const ImageSize& size, const ImageSize& tile) noexcept {
  return size.width_px % tile.width_px == 0 && size.height_px % tile.height_px == 0;
}

LevelFit padded_fit(const ImageSize& full, const ImageSize& page, std::int64_t factor) noexcept {
  const ImageSize size = reduced(full, factor);
  return {size, page, {size.width_px * factor, size.height_px * factor}, factor};
}

// The side of a reduced level 0, padded.
std::int64_t padded_side(std::int64_t full_px, std::int64_t factor, std::int64_t tile_px) noexcept {
  return divided_up(divided_up(full_px, factor), tile_px) * tile_px;
}

bool smaller(const ImageSize& page, const ImageSize& than) noexcept {
  return page.width_px <= than.width_px && page.height_px <= than.height_px &&
         (page.width_px < than.width_px || page.height_px < than.height_px);
}

}  // namespace

bool is_reduction(const ImageSize& from, const ImageSize& to) noexcept {
  if (to.width_px > from.width_px || to.height_px > from.height_px) return false;
  if (to.width_px == from.width_px && to.height_px == from.height_px) return false;
  // A side that has reached one pixel stays there; any other side must shrink.
  if (to.width_px == from.width_px && to.width_px > 1) return false;
  if (to.height_px == from.height_px && to.height_px > 1) return false;
  // |w - W/f| <= 1 holds for f from W/(w+1) to W/(w-1), and so for the heights; the two ranges must meet. Both end
  // above 1. Cross-multiplied: exact, and sides below 2^31 do not overflow.
  return from.width_px * (to.height_px - 1) <= from.height_px * (to.width_px + 1) &&
         from.height_px * (to.width_px - 1) <= from.width_px * (to.height_px + 1);
}

double LevelFit::downsample() const noexcept {
  return (static_cast<double>(level0.width_px) / static_cast<double>(size.width_px) +
          static_cast<double>(level0.height_px) / static_cast<double>(size.height_px)) /
         2;
}

LevelFit fit_of_level0(const ImageSize& full) noexcept { return {full, full, full, 1}; }

std::optional<LevelFit> fit_by_size(const ImageSize& full, const LevelFit& previous, const ImageSize& page) noexcept {
  if (!is_reduction(previous.size, page)) return std::nullopt;
  LevelFit fit{page, page, full, 1};
  // A side of one pixel that a padded level has reached says too little.
  if (fit.downsample() <= previous.downsample()) return std::nullopt;
  fit.factor = std::max<std::int64_t>(1, std::llround(fit.downsample()));
  return fit;
}

std::optional<LevelFit> fit_by_factor(const ImageSize& full, const LevelFit& previous, const ImageSize& page,
                                      const ImageSize& tile, std::int64_t factor) noexcept {
  if (factor <= previous.factor) return std::nullopt;
  const ImageSize size = reduced(full, factor);
  // Padding takes less than a tile, and one tile too many does no harm. A last column of half a pixel may be missing.
  const auto fits = [](std::int64_t side_px, std::int64_t least_px, std::int64_t tile_px) {
    return side_px + 1 >= least_px && side_px < least_px + 2 * tile_px;
  };
  if (!fits(page.width_px, size.width_px, tile.width_px) || !fits(page.height_px, size.height_px, tile.height_px))
    return std::nullopt;
  if (page.width_px >= size.width_px && page.height_px >= size.height_px && smaller(size, previous.size))
    return padded_fit(full, page, factor);
  return fit_by_size(full, previous, page);
}

std::optional<LevelFit> fit_padded(const ImageSize& full, const LevelFit& previous, const ImageSize& page,
                                   const ImageSize& tile) noexcept {
  if (!whole_tiles(full, tile) || !whole_tiles(page, tile) || !smaller(page, previous.stored)) return std::nullopt;
  std::int64_t factor = 2;
  while (factor <= previous.factor) factor *= 2;
  const std::int64_t most = 2 * std::max(full.width_px, full.height_px);
  for (; factor < most; factor *= 2) {
    if (page.width_px == padded_side(full.width_px, factor, tile.width_px) &&
        page.height_px == padded_side(full.height_px, factor, tile.height_px) &&
        smaller(reduced(full, factor), previous.size))
      return padded_fit(full, page, factor);
  }
  return std::nullopt;
}

bool shows_padding(const ImageSize& full, const ImageSize& page, const ImageSize& tile) noexcept {
  const bool exact = full.width_px % page.width_px == 0 && full.height_px % page.height_px == 0 &&
                     full.width_px / page.width_px == full.height_px / page.height_px;
  return !exact && fit_padded(full, fit_of_level0(full), page, tile).has_value();
}

}  // namespace microtome::slide
