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
      use_row(key(range.first_column, row), key(range.last_column, row));
    total_ += static_cast<std::uint64_t>(range.count());
  }
}

void UseCounts::use_row(std::int64_t first_key, std::int64_t last_key) {
  for (std::int64_t key = first_key; key <= last_key;) {
    Run& run = runs_[key / kRun];
    const std::int64_t end = std::min(last_key + 1, (key / kRun + 1) * kRun);
    for (; key < end; ++key) {
      if (run.uses[static_cast<std::size_t>(key % kRun)]++ > 0) continue;
      ++run.in_use;
      ++distinct_;
    }
  }
}

std::uint32_t UseCounts::uses(std::int64_t column, std::int64_t row) const noexcept {
  const std::int64_t wanted = key(column, row);
  const auto found = runs_.find(wanted / kRun);
  return found == runs_.end() ? 0 : found->second.uses[static_cast<std::size_t>(wanted % kRun)];
}

std::uint32_t UseCounts::release(std::int64_t column, std::int64_t row) {
  const std::int64_t wanted = key(column, row);
  const auto found = runs_.find(wanted / kRun);
  const auto place = static_cast<std::size_t>(wanted % kRun);
  if (found == runs_.end() || found->second.uses[place] == 0)
    throw Error(Code::INTERNAL, Stage::Tiles,
                "stored tile column " + std::to_string(column) + ", row " + std::to_string(row) + " is not in use");
  Run& run = found->second;
  --total_;
  const std::uint32_t left = --run.uses[place];
  if (left > 0) return left;
  --distinct_;
  if (--run.in_use == 0) runs_.erase(found);
  return 0;
}

}  // namespace microtome::tiles
