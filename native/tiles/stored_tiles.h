// Which stored tiles a plan needs, so that each is decoded once and freed after its last use.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "slide/slide.h"
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
[[nodiscard]] TileRange stored_tiles_under(const slide::Storage& storage, const TilePlan& plan,
                                           const PlannedTile& tile);

// How many planned tiles still need each stored tile of one level. Several plans of that level (scales, masks) may be
// added. Memory goes with the stored tiles that are needed, 6 to 7 bytes each where they lie side by side, not with the
// level. Not synchronised: one thread at a time.
class UseCounts {
 public:
  explicit UseCounts(const slide::Storage& storage);

  void add(const TilePlan& plan);

  [[nodiscard]] std::size_t distinct() const noexcept { return distinct_; }  // stored tiles still needed
  [[nodiscard]] std::uint64_t total() const noexcept { return total_; }      // uses still to come
  [[nodiscard]] std::uint32_t uses(std::int64_t column, std::int64_t row) const noexcept;

  // One use is over. Returns the uses left; at 0 the stored tile is forgotten and its pixels can be freed. Throws
  // INTERNAL when the tile was not in use: a planned tile was counted twice.
  std::uint32_t release(std::int64_t column, std::int64_t row);

 private:
  static constexpr std::int64_t kRun = 16;
  // Stored tiles that follow each other in the tables, from a multiple of kRun.
  struct Run {
    std::array<std::uint32_t, kRun> uses{};
    std::uint32_t in_use = 0;  // of the tiles in it, those with uses left
  };

  [[nodiscard]] std::int64_t key(std::int64_t column, std::int64_t row) const noexcept {
    return row * across_ + column;
  }
  void use_row(std::int64_t first_key, std::int64_t last_key);

  const slide::Storage& storage_;  // of the slide, which outlives this
  std::int64_t across_;
  std::size_t distinct_ = 0;
  std::uint64_t total_ = 0;
  std::unordered_map<std::int64_t, Run> runs_;  // by key / kRun
};

}  // namespace microtome::tiles
