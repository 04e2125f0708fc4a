// Which stored tiles a plan needs, how often, and in which order its tiles are best worked on, so that each stored tile
// is decoded once and freed soon.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tiles/tile_plan.h"

namespace microtome::tiles {

// Columns and rows of stored tiles, last ones included. Empty when last < first.
struct TileRange {
  std::int64_t first_column = 0;
  std::int64_t last_column = -1;
  std::int64_t first_row = 0;
  std::int64_t last_row = -1;

  [[nodiscard]] bool empty() const noexcept { return last_column < first_column || last_row < first_row; }
  [[nodiscard]] std::int64_t count() const noexcept {
    return empty() ? 0 : (last_column - first_column + 1) * (last_row - first_row + 1);
  }
};

// The stored tiles under a planned tile's footprint, clipped to the level.
[[nodiscard]] TileRange stored_tiles_under(const TilePlan& plan, const PlannedTile& tile) noexcept;

// The distinct stored tiles that plans over one stored grid need (one plan, or several scales and masks), each with the
// number of planned tiles that need it. Ordered by row, then column; the position in that order is its index. 12 bytes
// a stored tile. Immutable.
class StoredTileUses {
 public:
  explicit StoredTileUses(const TilePlan& plan) : StoredTileUses(std::vector<const TilePlan*>{&plan}) {}
  // All plans must have the same stored grid; there must be one.
  explicit StoredTileUses(const std::vector<const TilePlan*>& plans);

  [[nodiscard]] const StoredGrid& grid() const noexcept { return grid_; }
  [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); }  // distinct stored tiles
  [[nodiscard]] std::uint64_t total() const noexcept { return total_; }     // uses of all of them
  [[nodiscard]] std::uint32_t uses(std::size_t index) const noexcept { return uses_[index]; }
  [[nodiscard]] std::int64_t column(std::size_t index) const noexcept { return keys_[index] % grid_.tiles_across(); }
  [[nodiscard]] std::int64_t row(std::size_t index) const noexcept { return keys_[index] / grid_.tiles_across(); }

  // Throws INTERNAL for a stored tile that no plan needs.
  [[nodiscard]] std::size_t index_of(std::int64_t column, std::int64_t row) const;

 private:
  StoredGrid grid_;
  std::uint64_t total_ = 0;
  std::vector<std::int64_t> keys_;  // row * tiles across + column, rising
  std::vector<std::uint32_t> uses_;
};

// Positions of plan.tiles in the order to work on them. Where no stored tile is shared, the plan's own order, which is
// the file's. Else bands of a few grid rows, each walked column by column, so that the stored tiles in use at a time
// are few enough to stay in the processor's caches; the plan's row order would keep whole rows of them alive.
[[nodiscard]] std::vector<std::uint32_t> processing_order(const TilePlan& plan, const StoredTileUses& uses);

// The tiles of several plans over one stored grid, mixed so that what lies at one place is worked on at one time. They
// come in runs: neighbours of one plan, as many as it wants, the last run of a plan as many as are left.
struct MixedOrder {
  std::vector<std::uint32_t> tiles;       // by position: the tile of its plan
  std::vector<std::uint8_t> plans;        // by position
  std::vector<std::uint32_t> run_starts;  // by run: its first position; and the end of the last
};
// `run_rows`: for each plan. 255 plans at most.
[[nodiscard]] MixedOrder mixed_order(std::span<const TilePlan> plans, std::span<const std::int64_t> run_rows);

}  // namespace microtome::tiles
