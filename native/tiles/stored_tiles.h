// Which stored tiles lie under the planned tiles, and how many planned tiles use each, so that every stored tile is
// decoded once and freed after its last use.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "slide/slide.h"
#include "tiles/tile_plan.h"

namespace microtome::tiles {

// Inclusive; empty (last < first) when the planned tile lies outside the level.
struct TileRange {
  std::int64_t first_column = 0;
  std::int64_t last_column = -1;
  std::int64_t first_row = 0;
  std::int64_t last_row = -1;
};
[[nodiscard]] TileRange stored_tiles_under(const slide::Storage& storage, const TilePlan& plan, const PlannedTile& tile);

// Keys are row * tiles across + column.
class UseCounts {
 public:
  UseCounts(const slide::Storage& storage, const TilePlan& plan);

  // One use less; true when that was the last one (the key is then forgotten).
  bool release(std::int64_t key);
  [[nodiscard]] std::size_t size() const noexcept { return counts_.size(); }
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (const auto& [key, count] : counts_) visit(key);
  }

 private:
  std::unordered_map<std::int64_t, std::uint32_t> counts_;
};

}  // namespace microtome::tiles
