// The stages before the first tile is decoded: which level, where tissue is, which tiles. Shared by plan, tiles and
// score, so that what is planned is what runs. Runs on the calling thread.
#pragma once

#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "core/cancel_token.h"
#include "core/shared_bytes.h"
#include "core/stage_metrics.h"
#include "decode/region.h"
#include "decode/tile_decoder.h"
#include "slide/slide.h"
#include "tiles/stored_tiles.h"
#include "tiles/tile_plan.h"
#include "tissue/tissue_mask.h"

namespace microtome::engine {

// A mask given by the caller: one byte per pixel, not zero = tissue, covering the whole level-0 area.
struct GivenMask {
  std::int64_t width_px = 0;
  std::int64_t height_px = 0;
  std::shared_ptr<const SharedBytes> data;
};
// Polygons given by the caller, in level-0 pixels.
struct GivenPolygons {
  std::shared_ptr<const SharedBytes> positions;  // doubles: x, y of every position, ring by ring
  std::shared_ptr<const SharedBytes> rings;      // for each ring two std::uint32_t: its positions, its polygon
};
struct Everywhere {};
using MaskSource = std::variant<tissue::TissueOptions, GivenMask, GivenPolygons, Everywhere>;

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
  tiles::TilePlan plan;
  std::optional<double> tissue_fraction;  // of the slide's area; absent without a mask
  std::int64_t overview_bad_tiles = 0;
  std::int64_t overview_missing_tiles = 0;
};

[[nodiscard]] Prepared prepare(decode::TileDecoder& decoder, const slide::Slide& slide, const GridRequest& request,
                               StageMetrics& metrics, const CancelToken& cancel);

// What the planned tiles will read.
struct ReadCost {
  std::int64_t stored_tiles = 0;
  std::int64_t stored_bytes = 0;  // compressed
};
[[nodiscard]] ReadCost read_cost(const slide::Slide& slide, const tiles::TilePlan& plan);

}  // namespace microtome::engine
