// The grid: positions, the keep rule, the sample.
#include "tiles/tile_plan.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "core/error.h"
#include "core/option_bounds.h"
#include "tiles/sample.h"
#include "tissue/mask_index.h"

namespace microtome::tiles {
namespace {

using option_bounds::kTileSizeMax;
using option_bounds::kTileStrideMax;
constexpr std::int64_t kMaxFootprintPx = 1 << 16;
constexpr std::int64_t kMaxGridTiles = 64'000'000;
constexpr double kRounding = 1e-9;  // so that a tile wholly on tissue has a fraction of 1

[[noreturn]] void refuse(const std::string& found) { throw Error(Code::INVALID_OPTION, Stage::Tiles, found); }

void check_grid(const GridOptions& grid) {
  if (grid.size_px < 1 || grid.size_px > kTileSizeMax)
    refuse("a tile size of " + std::to_string(grid.size_px) + " px was given, 1 to " + std::to_string(kTileSizeMax) +
           " was expected");
  if (grid.stride_px < 1 || grid.stride_px > kTileStrideMax)
    refuse("a stride of " + std::to_string(grid.stride_px) + " px was given, 1 to " + std::to_string(kTileStrideMax) +
           " was expected");
  if (grid.max_tiles < 0)
    refuse("at most " + std::to_string(grid.max_tiles) + " tiles were asked for, 0 (all) or more was expected");
  if (!(grid.min_tissue_fraction >= 0 && grid.min_tissue_fraction <= 1))
    refuse("the tissue fraction to keep a tile must be between 0 and 1");
}

const slide::Level& check_policy(const slide::Slide& slide, const ReadPolicy& policy) {
  const auto& levels = slide.levels();
  if (policy.level < 0 || static_cast<std::size_t>(policy.level) >= levels.size())
    throw Error(Code::LEVEL_OUT_OF_RANGE, Stage::Tiles,
                "level " + std::to_string(policy.level) + " was planned, the slide has " +
                    std::to_string(levels.size()) + " levels")
        .with_path(slide.source().name());
  if (!std::isfinite(policy.scale) || policy.scale <= 0 || policy.jpeg_reduction < 1)
    refuse("level pixels per model pixel must be a positive number");
  return levels[static_cast<std::size_t>(policy.level)];
}

std::int64_t footprint(std::int64_t size_px, double scale) {
  const double exact = std::floor(std::fma(static_cast<double>(size_px), scale, 0.5));
  if (exact > static_cast<double>(kMaxFootprintPx))
    throw Error(Code::LIMIT_EXCEEDED, Stage::Tiles,
                "a model tile of " + std::to_string(size_px) + " px covers more than " +
                    std::to_string(kMaxFootprintPx) + " px of the level, the slide has no level near the resolution",
                "choose a smaller tile, or a finer resolution: no option raises this limit");
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(exact));
}

// Level position of grid line i: rounded once from the exact product, so that errors never add up.
std::int64_t grid_line(std::int64_t i, std::int64_t stride_px, double scale) {
  return static_cast<std::int64_t>(std::floor(std::fma(static_cast<double>(i * stride_px), scale, 0.5)));
}

// How many grid lines lie before `side_px`.
std::int64_t count_lines(std::int64_t side_px, std::int64_t stride_px, double scale) {
  if (side_px <= 0) return 0;
  const double step = static_cast<double>(stride_px) * scale;
  const double estimate = static_cast<double>(side_px) / step;
  if (estimate > static_cast<double>(kMaxGridTiles) + 1) return kMaxGridTiles + 1;
  auto lines = std::max<std::int64_t>(1, static_cast<std::int64_t>(estimate));
  while (lines > 1 && grid_line(lines - 1, stride_px, scale) >= side_px) --lines;
  while (grid_line(lines, stride_px, scale) < side_px) ++lines;
  return lines;
}

std::vector<std::int64_t> lines_of(std::int64_t count, std::int64_t stride_px, double scale) {
  std::vector<std::int64_t> lines(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) lines[static_cast<std::size_t>(i)] = grid_line(i, stride_px, scale);
  return lines;
}

// Decides for one tile. Mask coordinates are level-0 pixels; the whole level lies over the whole of level 0.
class Keeper {
 public:
  Keeper(const TilePlan& plan, const GridOptions& grid, const tissue::TissueMask* mask)
      : grid_(grid),
        footprint_px_(static_cast<double>(plan.footprint_px)),
        level0_x_(plan.level0_per_px_x * plan.stored.reduction),
        level0_y_(plan.level0_per_px_y * plan.stored.reduction),
        mask_(mask) {
    if (grid.keep == KeepRule::All) mask_ = nullptr;
    if (mask_ == nullptr) return;
    tissue::check_mask(*mask_);
    if (grid.keep == KeepRule::Fraction) index_ = std::make_unique<tissue::MaskIndex>(*mask_);
  }

  [[nodiscard]] bool keeps(std::int64_t x, std::int64_t y) const {
    if (mask_ == nullptr) return true;
    const double left = static_cast<double>(x);
    const double top = static_cast<double>(y);
    if (grid_.keep == KeepRule::Centre)
      return mask_->contains((left + footprint_px_ / 2) * level0_x_, (top + footprint_px_ / 2) * level0_y_);
    const double fraction =
        index_->fraction_in(left * level0_x_, top * level0_y_, footprint_px_ * level0_x_, footprint_px_ * level0_y_);
    return fraction + kRounding >= grid_.min_tissue_fraction;
  }

 private:
  const GridOptions& grid_;
  double footprint_px_;
  double level0_x_;  // level-0 pixels per pixel of the level as decoded
  double level0_y_;
  const tissue::TissueMask* mask_;
  std::unique_ptr<tissue::MaskIndex> index_;
};

std::vector<GridCell> kept_cells(const Keeper& keeper, const std::vector<std::int64_t>& xs,
                                 const std::vector<std::int64_t>& ys, std::int64_t most) {
  std::vector<GridCell> kept;
  for (std::size_t row = 0; row < ys.size(); ++row) {
    for (std::size_t column = 0; column < xs.size(); ++column)
      if (keeper.keeps(xs[column], ys[row]))
        kept.push_back({static_cast<std::uint32_t>(column), static_cast<std::uint32_t>(row)});
    if (std::ssize(kept) > most)
      throw Error(Code::LIMIT_EXCEEDED, Stage::Tiles,
                  "the plan has more than " + std::to_string(most) + " tiles, for which [[memoryLimit]] leaves no room",
                  "raise [[memoryLimit]], or score fewer tiles");
  }
  return kept;
}

}  // namespace

StoredGrid StoredGrid::of(const slide::Storage& storage, int reduction) noexcept {
  const auto reduced = [reduction](std::int64_t px) { return (px + reduction - 1) / reduction; };
  return {reduced(storage.width_px), reduced(storage.height_px), reduced(storage.tile_width_px),
          reduced(storage.tile_height_px), reduction};
}

std::int64_t grid_positions(const slide::Slide& slide, const ReadPolicy& policy, const GridOptions& grid) {
  check_grid(grid);
  const slide::Level& level = check_policy(slide, policy);
  const StoredGrid stored = StoredGrid::of(level.storage, policy.jpeg_reduction);
  const double scale = policy.scale / policy.jpeg_reduction;
  const std::int64_t columns = count_lines(stored.width_px, grid.stride_px, scale);
  const std::int64_t rows = count_lines(stored.height_px, grid.stride_px, scale);
  return std::min(columns, kMaxGridTiles + 1) * std::min(rows, kMaxGridTiles + 1);
}

TilePlan plan_tiles(const slide::Slide& slide, const ReadPolicy& policy, const GridOptions& grid,
                    const tissue::TissueMask* mask, std::int64_t memory_bytes) {
  check_grid(grid);
  const slide::Level& level = check_policy(slide, policy);
  TilePlan plan;
  plan.policy = policy;
  plan.size_px = grid.size_px;
  plan.stored = StoredGrid::of(level.storage, policy.jpeg_reduction);
  const double scale = policy.scale / policy.jpeg_reduction;
  plan.footprint_px = footprint(grid.size_px, scale);
  const slide::Storage& level0 = slide.levels().front().storage;
  plan.level0_per_px_x = static_cast<double>(level0.width_px) / static_cast<double>(level.storage.width_px);
  plan.level0_per_px_y = static_cast<double>(level0.height_px) / static_cast<double>(level.storage.height_px);

  const std::int64_t columns = count_lines(plan.stored.width_px, grid.stride_px, scale);
  const std::int64_t rows = count_lines(plan.stored.height_px, grid.stride_px, scale);
  if (columns > kMaxGridTiles || rows > kMaxGridTiles || columns * rows > kMaxGridTiles)
    throw Error(Code::LIMIT_EXCEEDED, Stage::Tiles,
                "a stride of " + std::to_string(grid.stride_px) + " px makes more than " +
                    std::to_string(kMaxGridTiles) + " grid positions on a level of " +
                    std::to_string(level.storage.width_px) + " x " + std::to_string(level.storage.height_px) + " px",
                "choose a larger stride or a coarser level: no option raises this limit")
        .with_path(slide.source().name());
  plan.grid_tiles = columns * rows;

  const std::vector<std::int64_t> xs = lines_of(columns, grid.stride_px, scale);
  const std::vector<std::int64_t> ys = lines_of(rows, grid.stride_px, scale);
  const Keeper keeper(plan, grid, mask);
  std::vector<GridCell> kept = kept_cells(keeper, xs, ys, memory_bytes / kPlanningBytesPerTile);
  if (kept.empty())
    throw Error(Code::NO_TISSUE, Stage::Tiles,
                "none of " + std::to_string(plan.grid_tiles) + " grid positions has enough tissue")
        .with_path(slide.source().name());
  plan.kept_tiles = static_cast<std::int64_t>(kept.size());
  if (grid.max_tiles > 0) kept = sample_evenly(kept, static_cast<std::size_t>(grid.max_tiles), grid.seed);

  plan.tiles.reserve(kept.size());
  for (const GridCell& cell : kept) plan.tiles.push_back({xs[cell.column], ys[cell.row]});
  return plan;
}

}  // namespace microtome::tiles
