// The stages before the first tile is decoded: which level, where tissue is, which tiles. Shared by plan, tiles and
// score, so that what is planned is what runs. Runs on the calling thread.
#pragma once

#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/cancel_token.h"
#include "core/shared_bytes.h"
#include "core/stage_metrics.h"
#include "decode/region.h"
#include "decode/slide_image.h"
#include "decode/tile_decoder.h"
#include "engine/mask.h"
#include "slide/slide.h"
#include "tiles/stored_tiles.h"
#include "tiles/tile_plan.h"

namespace microtome::engine {

struct GridRequest {
  std::optional<int> level;         // one of level and mpp is set
  std::optional<double> mpp;        // microns per model pixel
  std::optional<double> slide_mpp;  // microns per level-0 pixel; overrides the slide's own
  // With mpp: JPEG tiles may be decoded at 1/2, 1/4 or 1/8 of their sides where the target is that much coarser than
  // the level. Faster, and other pixels than decoding whole and reducing (see TileDecoder::decode_reduced).
  bool scaled_decode = false;
  tiles::GridOptions grid;
  MaskSource mask = tissue::TissueOptions{};
  decode::BadTilePolicy on_bad_tile = decode::BadTilePolicy::Error;
};

struct Prepared {
  std::vector<tiles::TilePlan> plans;     // one for each grid
  std::optional<double> tissue_fraction;  // of the slide's area; absent without a mask
  MaskTiles mask_tiles;
};

// Where the slide's bytes come later, run() throws BytesPending; called again when they are here it goes on where it
// stopped. One thread at a time. Slide and requests outlive it.
class Preparation {
 public:
  // Chooses the levels: a slide that cannot be read at the asked resolution is refused before any decode. All grids are
  // laid on one mask, that of the first which has one; those that want none get none.
  Preparation(const slide::Slide& slide, std::span<const GridRequest> requests);

  [[nodiscard]] Prepared run(decode::TileDecoder& decoder, StageMetrics& metrics, const CancelToken& cancel,
                             std::int64_t plan_memory_bytes = std::numeric_limits<std::int64_t>::max());

 private:
  const slide::Slide& slide_;
  std::span<const GridRequest> requests_;
  std::vector<tiles::ReadPolicy> policies_;
  MaskMaker mask_;
};

// Warnings about the tiles that a mask was made from: damaged, missing, or made from finer levels.
[[nodiscard]] std::vector<std::string> mask_warnings(const MaskTiles& tiles);

// Number of places in the grid, before the mask is applied: no plan has more tiles. Throws what choosing the level
// throws.
[[nodiscard]] std::int64_t grid_positions(const slide::Slide& slide, const GridRequest& request);

// Sides of what a grid reads: its stored tiles as they are decoded, and the largest footprint of a tile. Throws what
// choosing the level throws.
struct TileSizes {
  std::int64_t stored_width_px = 0;
  std::int64_t stored_height_px = 0;
  std::int64_t footprint_px = 0;
};
[[nodiscard]] TileSizes tile_sizes(const slide::Slide& slide, const GridRequest& request);

// What the planned tiles will read: a stored tile that several plans need counts once.
struct ReadCost {
  std::int64_t stored_tiles = 0;
  std::int64_t stored_bytes = 0;  // compressed

  ReadCost& operator+=(const ReadCost& other) noexcept {
    stored_tiles += other.stored_tiles;
    stored_bytes += other.stored_bytes;
    return *this;
  }
};
// Throws BytesPending where the tables of the slide come later; to be called again then.
[[nodiscard]] ReadCost read_cost(const slide::Slide& slide, std::span<const tiles::TilePlan> plans);
// What an image reads: its whole level. Throws as plan_slide_image() does, and BytesPending.
[[nodiscard]] ReadCost read_cost(const slide::Slide& slide, const decode::SlideImageRequest& image);

}  // namespace microtome::engine
