// One model tile: its footprint put together from stored tiles, then reduced to the model's size.
// One assembler per worker; its scratch memory is kept between tiles.
#pragma once

#include "batch/preprocess.h"
#include "core/cancel_token.h"
#include "core/image.h"
#include "decode/tile_decoder.h"
#include "pipeline/stored_tile_cache.h"
#include "tiles/tile_plan.h"

namespace microtome::pipeline {

class TileAssembler {
 public:
  // Writes plan.size_px square RGB pixels to `out`.
  void assemble(decode::TileDecoder& decoder, const CancelToken& cancel, StoredTileCache& cache,
                const slide::Storage& storage, const tiles::TilePlan& plan, const tiles::PlannedTile& tile,
                const RgbView& out, StageMetrics& metrics);

 private:
  RgbImage footprint_;
  batch::ResizeScratch scratch_;
};

}  // namespace microtome::pipeline
