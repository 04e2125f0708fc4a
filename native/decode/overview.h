// A whole level made small: the picture that thumbnails are and that tissue is looked for in.
#pragma once

#include <memory>

#include "core/cancel_token.h"
#include "decode/area_reader.h"
#include "decode/region.h"
#include "decode/tile_decoder.h"
#include "slide/slide.h"

namespace microtome::decode {

class LevelPicture;

// Reduces by area averaging so that the longer side is at most `max_side_px`; reads the smallest level that is at least
// as large, in bands, so that memory stays bounded whatever the level's size. Where the slide's bytes come later,
// read() throws BytesPending; called again when they are here it goes on where it stopped. One thread at a time. The
// slide outlives it. Stored tiles that the level lacks are white, or made from finer levels, see MissingTiles; both are
// counted.
class OverviewReader {
 public:
  // Throws INVALID_OPTION, UNSUPPORTED_COMPRESSION, LIMIT_EXCEEDED above limits().request_bytes or
  // where the tiles of the level are too large, OUT_OF_MEMORY.
  OverviewReader(const slide::Slide& slide, std::int64_t max_side_px, BadTilePolicy on_bad_tile,
                 MissingTiles missing = MissingTiles::White);
  ~OverviewReader();
  OverviewReader(OverviewReader&&) noexcept;
  OverviewReader& operator=(OverviewReader&&) noexcept;

  [[nodiscard]] Region read(TileDecoder& decoder, const CancelToken* cancel);

 private:
  std::unique_ptr<LevelPicture> picture_;
};

// Bytes of the picture that read() gives: what to reserve before.
[[nodiscard]] std::int64_t overview_bytes(const slide::Slide& slide, std::int64_t max_side_px);
// And of the pieces that are made from finer levels.
[[nodiscard]] std::int64_t finer_bytes(const slide::Slide& slide, std::int64_t max_side_px);

}  // namespace microtome::decode
