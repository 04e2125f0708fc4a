#include "engine/needs.h"

#include <algorithm>
#include <limits>

#include "engine/kept_outputs.h"
#include "engine/slide_tiles.h"

namespace microtome::engine {
namespace {

// Decoded stored tiles: so few are enough to go on, and this share of the limit decodes nearly each of them once.
constexpr std::int64_t kLeastCachedTiles = 4;
constexpr std::int64_t kCacheShare = 8;
constexpr std::int64_t kAheadShare = 8;

// No more than lie under the tiles, nor than the level has.
std::int64_t most_stored_tiles(const tiles::TilePlan& plan) {
  const std::int64_t across = plan.footprint_px / plan.stored.tile_width_px + 2;
  const std::int64_t down = plan.footprint_px / plan.stored.tile_height_px + 2;
  return std::min(std::ssize(plan.tiles) * across * down, plan.stored.tiles_across() * plan.stored.tiles_down());
}

}  // namespace

PlanningNeeds planning_needs(const slide::Slide& slide, const GridRequest& request, std::int64_t memory_limit) {
  const std::int64_t positions = grid_positions(slide, request);
  return {.mask_bytes = mask_bytes(slide, request.mask),
          .plan_bytes = std::min(positions * tiles::kPlanningBytesPerTile, memory_limit / 2)};
}

ScoringNeeds scoring_needs(const slide::Slide& slide, const tiles::TilePlan& plan, const RunShape& run,
                           std::int64_t memory_limit) {
  const bool reduces = plan.footprint_px != plan.size_px;
  const std::int64_t stored_bytes = 3 * plan.stored.tile_width_px * plan.stored.tile_height_px;
  const std::int64_t stored_tiles = most_stored_tiles(plan);
  const std::int64_t footprint_bytes = 3 * plan.footprint_px * plan.footprint_px;
  ScoringNeeds needs;
  needs.plan_bytes = std::ssize(plan.tiles) * tiles::kPlanBytesPerTile + SlideTiles::list_bytes(plan, stored_tiles);
  needs.kept_bytes = run.kept_bytes;
  needs.cache_bytes = stored_bytes * std::min(stored_tiles, kLeastCachedTiles);
  needs.more_cache_bytes =
      std::max<std::int64_t>(std::min(memory_limit / kCacheShare, stored_bytes * stored_tiles) - needs.cache_bytes, 0);
  // Pixels between decoder and tensor (TileReader): one tile, or where they are reduced those of a run.
  needs.batch_bytes = run.rows * run.row_bytes + (reduces ? run.rows : 1) * 3 * plan.size_px * plan.size_px +
                      (reduces ? footprint_bytes : 0);
  // A guess: a stored tile takes a quarter of its pixels' bytes or less.
  if (!slide.source().is_local())
    needs.ahead_bytes = std::min(kClaimsAhead * kClaimTiles * footprint_bytes / 4, memory_limit / kAheadShare);
  return needs;
}

std::int64_t kept_bytes(const ScoreRequest& request, std::int64_t items,
                        const std::function<std::int64_t(const std::string&)>& columns_of) {
  std::int64_t columns = 0;
  for (std::size_t i = 0; i < request.outputs.size(); ++i)
    columns += kept_columns(request, i, columns_of(request.outputs[i].name));
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(columns, items * static_cast<std::int64_t>(sizeof(double)), &bytes))
    return std::numeric_limits<std::int64_t>::max() / 4;
  return bytes;
}

}  // namespace microtome::engine
