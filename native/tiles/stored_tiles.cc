#include "tiles/stored_tiles.h"

#include <algorithm>
#include <string>

#include "core/error.h"

namespace microtome::tiles {

TileRange stored_tiles_under(const slide::Storage& storage, const TilePlan& plan, const PlannedTile& tile) {
  const std::int64_t left = std::max<std::int64_t>(tile.x, 0);
  const std::int64_t top = std::max<std::int64_t>(tile.y, 0);
  const std::int64_t right = std::min(tile.x + plan.footprint_px, storage.width_px);
  const std::int64_t bottom = std::min(tile.y + plan.footprint_px, storage.height_px);
  if (right <= left || bottom <= top) return {};
  return {left / storage.tile_width_px, (right - 1) / storage.tile_width_px, top / storage.tile_height_px,
          (bottom - 1) / storage.tile_height_px};
}

UseCounts::UseCounts(const slide::Storage& storage) : storage_(storage), across_(storage.tiles_across()) {}

void UseCounts::add(const TilePlan& plan) {
  for (const PlannedTile& tile : plan.tiles) {
    const TileRange range = stored_tiles_under(storage_, plan, tile);
    for (std::int64_t row = range.first_row; row <= range.last_row; ++row)
      for (std::int64_t column = range.first_column; column <= range.last_column; ++column) ++counts_[key(column, row)];
    total_ += static_cast<std::uint64_t>(range.count());
  }
}

std::uint32_t UseCounts::uses(std::int64_t column, std::int64_t row) const noexcept {
  const auto found = counts_.find(key(column, row));
  return found == counts_.end() ? 0 : found->second;
}

std::uint32_t UseCounts::release(std::int64_t column, std::int64_t row) {
  const auto found = counts_.find(key(column, row));
  if (found == counts_.end())
    throw Error(Code::INTERNAL, Stage::Tiles,
                "stored tile column " + std::to_string(column) + ", row " + std::to_string(row) + " is not in use");
  --total_;
  if (--found->second > 0) return found->second;
  counts_.erase(found);
  return 0;
}

}  // namespace microtome::tiles
