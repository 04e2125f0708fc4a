// Where tissue is: found in the slide, or given by the caller as a mask or as polygons. The one way to a mask, for
// slide.tissue, planning and scoring alike.
#pragma once

#include <memory>
#include <optional>
#include <variant>

#include "core/cancel_token.h"
#include "core/shared_bytes.h"
#include "decode/overview.h"
#include "decode/region.h"
#include "decode/tile_decoder.h"
#include "slide/slide.h"
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

// What became of the stored tiles of the level that tissue was looked for in.
struct MaskTiles {
  std::int64_t bad = 0;      // damaged; white
  std::int64_t missing = 0;  // left out by the file; white
  std::int64_t made = 0;     // left out, and made from finer levels
  std::int64_t costly = 0;   // of the missing ones: making them would have taken too much work
};

struct FoundMask {
  std::optional<tissue::TissueMask> mask;  // absent for Everywhere
  MaskTiles tiles;
};

// Where the slide's bytes come later, make() throws BytesPending; called again when they are here it goes on where it
// stopped. One thread at a time. Slide and source outlive it.
class MaskMaker {
 public:
  MaskMaker(const slide::Slide& slide, const MaskSource& source, decode::BadTilePolicy on_bad_tile);

  [[nodiscard]] FoundMask make(decode::TileDecoder& decoder, const CancelToken& cancel);

 private:
  const slide::Slide& slide_;
  const MaskSource& source_;
  std::optional<decode::OverviewReader> overview_;
};

// What make() needs at most, the mask that it gives included.
[[nodiscard]] std::int64_t mask_bytes(const slide::Slide& slide, const MaskSource& source);

}  // namespace microtome::engine
