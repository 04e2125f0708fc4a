// Where the model's tiles are.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "slide/slide.h"
#include "tiles/read_policy.h"
#include "tissue/tissue_mask.h"

namespace microtome::tiles {

// The level as it is decoded: its size and that of its stored tiles, both divided by the reduction, the level's rounded
// up. All later positions of a plan are in these pixels; times `reduction` they are pixels of the level.
struct StoredGrid {
  std::int64_t width_px = 0;
  std::int64_t height_px = 0;
  std::int64_t tile_width_px = 0;
  std::int64_t tile_height_px = 0;
  int reduction = 1;

  [[nodiscard]] static StoredGrid of(const slide::Storage& storage, int reduction = 1) noexcept;
  [[nodiscard]] std::int64_t tiles_across() const noexcept { return (width_px + tile_width_px - 1) / tile_width_px; }
  [[nodiscard]] std::int64_t tiles_down() const noexcept { return (height_px + tile_height_px - 1) / tile_height_px; }
};

enum class KeepRule : std::uint8_t { Fraction, Centre, All };

// Scaled: every line of the grid is rounded by itself to a pixel of the level. Wsinfer: a tile and the step between
// tiles are whole numbers of pixels, halves rounded to even; places are multiples of the step, and there is a tile
// where its centre is on the slide. It is read from level 0 where a resolution is asked for.
enum class Placement : std::uint8_t { Scaled, Wsinfer };

// A tile that goes beyond the level is filled up with white, or left out.
enum class Edge : std::uint8_t { Pad, Drop };

struct GridOptions {
  Placement placement = Placement::Scaled;
  std::int64_t size_px = 224;    // model pixels
  std::int64_t stride_px = 224;  // model pixels
  KeepRule keep = KeepRule::Fraction;
  Edge edge = Edge::Pad;
  double min_tissue_fraction = 0.25;  // for KeepRule::Fraction
  std::int64_t max_tiles = 0;         // 0: all; else a seeded, spatially even sample of this many
  std::uint64_t seed = 0;
};

// In pixels of the level as decoded (StoredGrid). With Edge::Pad tiles at the right and bottom may overhang.
struct PlannedTile {
  std::int64_t x = 0;
  std::int64_t y = 0;
};

struct TilePlan {
  ReadPolicy policy;
  StoredGrid stored;
  std::int64_t size_px = 0;       // model pixels
  std::int64_t footprint_px = 0;  // pixels of the level as decoded: size_px * scale / reduction, rounded
  double step_px = 1;             // the same, from one line of the grid to the next; not rounded
  // Level-0 pixels per pixel of the level: from a place in the level (see StoredGrid) to its place in level 0.
  double level0_per_px_x = 1;
  double level0_per_px_y = 1;
  std::vector<PlannedTile> tiles;  // row-major: y, then x
  std::int64_t grid_tiles = 0;     // before the mask
  std::int64_t kept_tiles = 0;     // after the mask, before the sample; tiles.size() where nothing was left out
};

// Places of the grid before the mask, capped above what plan_tiles() takes. Throws INVALID_OPTION as plan_tiles() does.
[[nodiscard]] std::int64_t grid_positions(const slide::Slide& slide, const ReadPolicy& policy, const GridOptions& grid);

// While a plan is made, and for as long as it lives: what one tile of it takes.
inline constexpr std::int64_t kPlanningBytesPerTile = 24;
inline constexpr std::int64_t kPlanBytesPerTile = 16;

// Throws NO_TISSUE when nothing is kept, LIMIT_EXCEEDED above 64 million grid positions, or when planning needs more
// than `memory_bytes`.
[[nodiscard]] TilePlan plan_tiles(const slide::Slide& slide, const ReadPolicy& policy, const GridOptions& grid,
                                  const tissue::TissueMask* mask,
                                  std::int64_t memory_bytes = std::numeric_limits<std::int64_t>::max());

}  // namespace microtome::tiles
