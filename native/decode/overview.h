// A whole slide as a small image: thumbnails, and what the tissue mask is made from. Runs on the calling thread; each
// stored tile of the level that is read is decoded once.
#pragma once

#include <cstdint>

#include "core/cancel_token.h"
#include "decode/region.h"
#include "decode/tile_decoder.h"
#include "slide/slide.h"

namespace microtome::decode {

// The whole level reduced by area averaging so that the longer side is at most `max_side_px`; reads the smallest level
// that is at least as large, in bands, so that memory stays bounded whatever the level's size.
[[nodiscard]] Region read_overview(TileDecoder& decoder, const slide::Slide& slide, std::int64_t max_side_px,
                                   BadTilePolicy on_bad_tile, const CancelToken* cancel);

}  // namespace microtome::decode
