#include "tiles/stored_tiles.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <tuple>

#include "core/error.h"

namespace microtome::tiles {
namespace {

// Stored tiles of one column that a band may hold: twice this many are alive at a time. Eight of 256 px are 1.5 MiB.
constexpr std::int64_t kBandStoredTiles = 8;

std::int64_t rows_of_band(const TilePlan& plan) {
  const std::int64_t band_px = kBandStoredTiles * plan.stored.tile_height_px;
  return std::max<std::int64_t>(1, band_px / std::max<std::int64_t>(plan.footprint_px, 1));
}

std::size_t end_of_grid_row(const std::vector<PlannedTile>& tiles, std::size_t first) {
  std::size_t end = first;
  while (end < tiles.size() && tiles[end].y == tiles[first].y) ++end;
  return end;
}

// Where the band that begins at `first` ends: as many whole grid rows as fit, or fewer where a row of stored tiles
// ends with them, for what two bands share is kept, across the whole tissue, from one to the next. (A grid of 224 px
// over tiles of 256 meets them every eighth row: after a short first band, all of them have eight.)
std::size_t end_of_band(const TilePlan& plan, std::size_t first) {
  const auto& tiles = plan.tiles;
  const std::int64_t most = rows_of_band(plan);
  std::size_t end = first, best = first;
  for (std::int64_t row = 1; row <= most && end < tiles.size(); ++row) {
    const std::int64_t last_px = tiles[end].y + plan.footprint_px - 1;
    end = end_of_grid_row(tiles, end);
    const bool shares =
        end < tiles.size() && tiles[end].y / plan.stored.tile_height_px <= last_px / plan.stored.tile_height_px;
    if (!shares) best = end;
  }
  return best > first && end < tiles.size() ? best : end;
}

// That a tile, counted through all plans, touches a row of stored tiles.
struct RowUse {
  std::uint32_t row;
  std::uint32_t tile;
};

TileRange range_of(const std::vector<const TilePlan*>& plans, std::size_t tile) {
  for (const TilePlan* plan : plans) {
    if (tile < plan->tiles.size()) return stored_tiles_under(*plan, plan->tiles[tile]);
    tile -= plan->tiles.size();
  }
  return {};
}

// Ordered by row, then tile.
std::vector<RowUse> rows_used(const std::vector<const TilePlan*>& plans) {
  const auto each = [&](const auto& use) {
    std::uint32_t number = 0;  // a plan has at most 64 million tiles
    for (const TilePlan* plan : plans)
      for (const PlannedTile& tile : plan->tiles) {
        const TileRange range = stored_tiles_under(*plan, tile);
        if (!range.empty()) use(range, number);
        ++number;
      }
  };
  std::size_t count = 0;
  each([&](const TileRange& range, std::uint32_t) {
    count += static_cast<std::size_t>(range.last_row - range.first_row + 1);
  });
  std::vector<RowUse> used;
  used.reserve(count);
  each([&](const TileRange& range, std::uint32_t number) {
    for (std::int64_t row = range.first_row; row <= range.last_row; ++row)
      used.push_back({static_cast<std::uint32_t>(row), number});
  });
  std::sort(used.begin(), used.end(),
            [](const RowUse& a, const RowUse& b) { return a.row != b.row ? a.row < b.row : a.tile < b.tile; });
  return used;
}

}  // namespace

TileRange stored_tiles_under(const TilePlan& plan, const PlannedTile& tile) noexcept {
  const StoredGrid& stored = plan.stored;
  const std::int64_t left = std::max<std::int64_t>(tile.x, 0);
  const std::int64_t top = std::max<std::int64_t>(tile.y, 0);
  const std::int64_t right = std::min(tile.x + plan.footprint_px, stored.width_px);
  const std::int64_t bottom = std::min(tile.y + plan.footprint_px, stored.height_px);
  if (right <= left || bottom <= top) return {};
  return {left / stored.tile_width_px, (right - 1) / stored.tile_width_px, top / stored.tile_height_px,
          (bottom - 1) / stored.tile_height_px};
}

// By stored row, so that what is held besides the result is eight bytes for each tile and row that it touches, not for
// each stored tile that it needs.
StoredTileUses::StoredTileUses(const std::vector<const TilePlan*>& plans) : grid_(plans.front()->stored) {
  const std::vector<RowUse> used = rows_used(plans);
  std::vector<std::int64_t> columns;  // of one stored row, one for each use
  for (std::size_t first = 0; first < used.size();) {
    const std::uint32_t row = used[first].row;
    columns.clear();
    for (; first < used.size() && used[first].row == row; ++first) {
      const TileRange range = range_of(plans, used[first].tile);
      for (std::int64_t column = range.first_column; column <= range.last_column; ++column) columns.push_back(column);
    }
    std::sort(columns.begin(), columns.end());
    total_ += columns.size();
    for (std::size_t at = 0; at < columns.size();) {
      std::size_t end = at;
      while (end < columns.size() && columns[end] == columns[at]) ++end;
      keys_.push_back(row * grid_.tiles_across() + columns[at]);
      uses_.push_back(static_cast<std::uint32_t>(end - at));
      at = end;
    }
  }
}

std::size_t StoredTileUses::index_of(std::int64_t column, std::int64_t row) const {
  const std::int64_t key = row * grid_.tiles_across() + column;
  const auto found = std::lower_bound(keys_.begin(), keys_.end(), key);
  if (found == keys_.end() || *found != key)
    throw Error(Code::INTERNAL, Stage::Tiles,
                "stored tile column " + std::to_string(column) + ", row " + std::to_string(row) + " is not in use");
  return static_cast<std::size_t>(found - keys_.begin());
}

std::vector<std::uint32_t> processing_order(const TilePlan& plan, const StoredTileUses& uses) {
  std::vector<std::uint32_t> order(plan.tiles.size());
  std::iota(order.begin(), order.end(), 0u);
  if (uses.total() == uses.size()) return order;
  const auto& tiles = plan.tiles;
  for (std::size_t first = 0; first < tiles.size();) {
    const std::size_t end = end_of_band(plan, first);
    std::sort(order.begin() + static_cast<std::ptrdiff_t>(first), order.begin() + static_cast<std::ptrdiff_t>(end),
              [&](std::uint32_t a, std::uint32_t b) {
                return tiles[a].x != tiles[b].x ? tiles[a].x < tiles[b].x : tiles[a].y < tiles[b].y;
              });
    first = end;
  }
  return order;
}

namespace {

// A run, and where it lies: runs are worked on by band, then from left to right.
struct MixedRun {
  std::int64_t band = 0;
  std::int64_t x = 0;
  std::uint8_t plan = 0;
  std::uint32_t first = 0;  // in the order of its plan
  std::uint32_t count = 0;
};

// By band, column and row, so that the runs of a plan are small pieces of the level.
std::vector<std::uint32_t> by_band(const TilePlan& plan, std::int64_t band_px) {
  std::vector<std::uint32_t> order(plan.tiles.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const PlannedTile &one = plan.tiles[a], &other = plan.tiles[b];
    return std::tuple(one.y / band_px, one.x, one.y) < std::tuple(other.y / band_px, other.x, other.y);
  });
  return order;
}

}  // namespace

MixedOrder mixed_order(std::span<const TilePlan> plans, std::span<const std::int64_t> run_rows) {
  const std::int64_t band_px = kBandStoredTiles * plans.front().stored.tile_height_px;
  std::vector<std::vector<std::uint32_t>> orders;
  std::vector<MixedRun> runs;
  for (std::size_t plan = 0; plan < plans.size(); ++plan) {
    orders.push_back(by_band(plans[plan], band_px));
    const auto& order = orders.back();
    for (std::size_t first = 0; first < order.size();) {
      const std::size_t count = std::min(order.size() - first, static_cast<std::size_t>(run_rows[plan]));
      const PlannedTile& tile = plans[plan].tiles[order[first]];
      runs.push_back({tile.y / band_px, tile.x, static_cast<std::uint8_t>(plan), static_cast<std::uint32_t>(first),
                      static_cast<std::uint32_t>(count)});
      first += count;
    }
  }
  std::sort(runs.begin(), runs.end(), [](const MixedRun& a, const MixedRun& b) {
    return std::tie(a.band, a.x, a.plan, a.first) < std::tie(b.band, b.x, b.plan, b.first);
  });
  MixedOrder mixed;
  for (const MixedRun& run : runs) {
    mixed.run_starts.push_back(static_cast<std::uint32_t>(mixed.tiles.size()));
    const auto first = orders[run.plan].begin() + run.first;
    mixed.tiles.insert(mixed.tiles.end(), first, first + run.count);
    mixed.plans.insert(mixed.plans.end(), run.count, run.plan);
  }
  mixed.run_starts.push_back(static_cast<std::uint32_t>(mixed.tiles.size()));
  return mixed;
}

}  // namespace microtome::tiles
