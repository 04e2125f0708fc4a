// Which stored tiles lie under a tile of a level that is put together of pages (Slide::laid_pages).
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "core/error.h"
#include "slide/slide.h"

namespace microtome::decode {

// A stored tile under a laid tile.
struct LaidPart {
  const slide::LaidPage& page;
  TileAddress address;    // of the stored tile in its page
  std::int64_t x_px = 0;  // of its upper left pixel in the laid tile; may be negative
  std::int64_t y_px = 0;
  std::int64_t width_px = 0;  // of it that belongs to the image
  std::int64_t height_px = 0;
};

// The part of [begin, end) of a level that a page of `length` pixels at `start` covers, in pixels of the page.
struct LaidSpan {
  std::int64_t begin = 0;
  std::int64_t end = 0;

  LaidSpan(std::int64_t from, std::int64_t to, std::int64_t start, std::int64_t length) noexcept
      : begin(std::max<std::int64_t>(from - start, 0)), end(std::min(to - start, length)) {}
};

// Calls `visit(LaidPart)` for each stored tile that has pixels in the laid tile, page after page.
template <typename Visit>
void for_each_laid_part(std::span<const slide::LaidPage> pages, const slide::Storage& laid, TileAddress address,
                        Visit&& visit) {
  const std::int64_t left = address.column * laid.tile_width_px, top = address.row * laid.tile_height_px;
  const std::int64_t right = std::min(left + laid.tile_width_px, laid.width_px);
  const std::int64_t bottom = std::min(top + laid.tile_height_px, laid.height_px);
  for (const slide::LaidPage& page : pages) {
    const slide::Storage& stored = page.storage;
    const LaidSpan across(left, right, page.x_px, stored.width_px), down(top, bottom, page.y_px, stored.height_px);
    if (across.begin >= across.end || down.begin >= down.end) continue;
    for (std::int64_t row = down.begin / stored.tile_height_px; row <= (down.end - 1) / stored.tile_height_px; ++row)
      for (std::int64_t column = across.begin / stored.tile_width_px; column <= (across.end - 1) / stored.tile_width_px;
           ++column) {
        const std::int64_t x = column * stored.tile_width_px, y = row * stored.tile_height_px;
        visit(LaidPart{page,
                       {address.level, column, row},
                       page.x_px + x - left,
                       page.y_px + y - top,
                       std::min(stored.tile_width_px, stored.width_px - x),
                       std::min(stored.tile_height_px, stored.height_px - y)});
      }
  }
}

}  // namespace microtome::decode
