#include "pipeline/tile_assembler.h"

#include <cstring>

#include "tiles/stored_tiles.h"

namespace microtome::pipeline {
namespace {

void fill_white(const RgbView& view) {
  for (std::int64_t y = 0; y < view.height_px; ++y)
    std::memset(view.row(y), 255, static_cast<std::size_t>(3 * view.width_px));
}

}  // namespace

void TileAssembler::assemble(decode::TileDecoder& decoder, const CancelToken& cancel, StoredTileCache& cache,
                             const slide::Storage& storage, const tiles::TilePlan& plan, const tiles::PlannedTile& tile,
                             const RgbView& out, StageMetrics& metrics) {
  const std::int64_t side = plan.footprint_px;
  const bool as_stored = side == plan.size_px;
  if (!as_stored && footprint_.width_px != side) footprint_ = RgbImage(side, side);
  const RgbView window = as_stored ? out : footprint_.view();
  const bool overhangs = tile.x + side > storage.width_px || tile.y + side > storage.height_px;
  if (overhangs) fill_white(window);
  const auto under = tiles::stored_tiles_under(storage, plan, tile);
  for (std::int64_t row = under.first_row; row <= under.last_row; ++row)
    for (std::int64_t column = under.first_column; column <= under.last_column; ++column)
      cache.copy(decoder, cancel, column, row, window, tile.x, tile.y);
  if (as_stored) return;
  StageMetrics::Busy busy(metrics, Stage::Batch);
  batch::resize(window, out, scratch_);
}

}  // namespace microtome::pipeline
