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

// Halves to even, as Python rounds; a product within 1e-9 of a half counts as one.
std::int64_t half_even(double value) {
  const double twice = 2 * value;
  if (std::abs(twice - std::nearbyint(twice)) < 2 * kRounding) value = std::nearbyint(twice) / 2;
  return static_cast<std::int64_t>(std::nearbyint(value));
}

std::int64_t footprint(const GridOptions& grid, double scale) {
  const double exact = static_cast<double>(grid.size_px) * scale;
  if (std::floor(exact + 0.5) > static_cast<double>(kMaxFootprintPx))
    throw Error(Code::LIMIT_EXCEEDED, Stage::Tiles,
                "a model tile of " + std::to_string(grid.size_px) + " px covers more than " +
                    std::to_string(kMaxFootprintPx) + " px of the level, the slide has no level near the resolution",
                "choose a smaller tile, or a finer resolution: no option raises this limit");
  const bool wsinfer = grid.placement == Placement::Wsinfer;
  return std::max<std::int64_t>(
      1, wsinfer ? half_even(exact)
                 : static_cast<std::int64_t>(std::floor(std::fma(static_cast<double>(grid.size_px), scale, 0.5))));
}

// Where tiles may be along one axis.
class GridLines {
 public:
  GridLines(const GridOptions& grid, double scale)
      : stride_px_(grid.stride_px), scale_(scale), wsinfer_(grid.placement == Placement::Wsinfer) {
    const std::int64_t side = footprint(grid, scale);
    if (grid.edge == Edge::Drop) beyond_px_ = side - 1;
    if (!wsinfer_) return;
    const double tiles = static_cast<double>(grid.stride_px) / static_cast<double>(grid.size_px);
    step_px_ = std::max<std::int64_t>(1, half_even(tiles * static_cast<double>(side)));
    centre_px_ = half_even(static_cast<double>(side) / 2);
  }

  // From the upper left corner of a tile to what counts as its centre: a whole pixel. Only of Placement::Wsinfer.
  [[nodiscard]] std::int64_t centre_px() const noexcept { return centre_px_; }

  [[nodiscard]] double step_px() const noexcept {
    return wsinfer_ ? static_cast<double>(step_px_) : static_cast<double>(stride_px_) * scale_;
  }

  // Scaled: rounded once from the exact product, so that errors never add up.
  [[nodiscard]] std::int64_t at(std::int64_t i) const noexcept {
    if (wsinfer_) return i * step_px_;
    return static_cast<std::int64_t>(std::floor(std::fma(static_cast<double>(i * stride_px_), scale_, 0.5)));
  }

  // How many lines a side has; capped above what a plan may have.
  [[nodiscard]] std::int64_t count(std::int64_t side_px) const noexcept {
    side_px -= beyond_px_;
    if (side_px <= 0) return 0;
    if (wsinfer_)
      return std::min(
          (std::max<std::int64_t>(0, side_px - (beyond_px_ > 0 ? 0 : centre_px_)) + step_px_ - 1) / step_px_,
          kMaxGridTiles + 1);
    const double step = static_cast<double>(stride_px_) * scale_;
    const double estimate = static_cast<double>(side_px) / step;
    if (estimate > static_cast<double>(kMaxGridTiles) + 1) return kMaxGridTiles + 1;
    auto lines = std::max<std::int64_t>(1, static_cast<std::int64_t>(estimate));
    while (lines > 1 && at(lines - 1) >= side_px) --lines;
    while (at(lines) < side_px) ++lines;
    return lines;
  }

  [[nodiscard]] std::vector<std::int64_t> first(std::int64_t count) const {
    std::vector<std::int64_t> lines(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) lines[static_cast<std::size_t>(i)] = at(i);
    return lines;
  }

 private:
  std::int64_t stride_px_;
  double scale_;
  bool wsinfer_;
  std::int64_t step_px_ = 1;
  std::int64_t centre_px_ = 0;
  std::int64_t beyond_px_ = 0;  // at the end of a side: a tile that begins there goes beyond the level. 0: it may
};

// Decides for one tile. Mask coordinates are level-0 pixels; the whole level lies over the whole of level 0.
class Keeper {
 public:
  Keeper(const TilePlan& plan, const GridOptions& grid, const GridLines& lines, const tissue::TissueMask* mask)
      : grid_(grid),
        footprint_px_(static_cast<double>(plan.footprint_px)),
        centre_px_(grid.placement == Placement::Wsinfer ? static_cast<double>(lines.centre_px()) : footprint_px_ / 2),
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
      return mask_->contains((left + centre_px_) * level0_x_, (top + centre_px_) * level0_y_);
    const double fraction =
        index_->fraction_in(left * level0_x_, top * level0_y_, footprint_px_ * level0_x_, footprint_px_ * level0_y_);
    return fraction + kRounding >= grid_.min_tissue_fraction;
  }

 private:
  const GridOptions& grid_;
  double footprint_px_;
  double centre_px_;
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
  const GridLines lines(grid, scale);
  const std::int64_t columns = lines.count(stored.width_px);
  const std::int64_t rows = lines.count(stored.height_px);
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
  plan.footprint_px = footprint(grid, scale);
  plan.level0_per_px_x = static_cast<double>(level.level0_width_px) / static_cast<double>(level.storage.width_px);
  plan.level0_per_px_y = static_cast<double>(level.level0_height_px) / static_cast<double>(level.storage.height_px);

  const GridLines lines(grid, scale);
  const std::int64_t columns = lines.count(plan.stored.width_px);
  const std::int64_t rows = lines.count(plan.stored.height_px);
  if (columns > kMaxGridTiles || rows > kMaxGridTiles || columns * rows > kMaxGridTiles)
    throw Error(Code::LIMIT_EXCEEDED, Stage::Tiles,
                "a stride of " + std::to_string(grid.stride_px) + " px makes more than " +
                    std::to_string(kMaxGridTiles) + " grid positions on a level of " +
                    std::to_string(level.storage.width_px) + " x " + std::to_string(level.storage.height_px) + " px",
                "choose a larger stride or a coarser level: no option raises this limit")
        .with_path(slide.source().name());
  plan.grid_tiles = columns * rows;
  plan.step_px = lines.step_px();

  const std::vector<std::int64_t> xs = lines.first(columns);
  const std::vector<std::int64_t> ys = lines.first(rows);
  const Keeper keeper(plan, grid, lines, mask);
  std::vector<GridCell> kept = kept_cells(keeper, xs, ys, memory_bytes / kPlanningBytesPerTile);
  if (plan.grid_tiles == 0)
    throw Error(Code::NO_TISSUE, Stage::Tiles,
                "level " + std::to_string(policy.level) + " is smaller than a tile of " +
                    std::to_string(plan.footprint_px) + " px, and tiles that go beyond it are left out",
                "choose a finer level or a smaller tile")
        .with_path(slide.source().name());
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
