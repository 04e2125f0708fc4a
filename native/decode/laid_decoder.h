// Tiles of a level that is put together of pages (Slide::laid_pages). Belongs to one thread at a time, as its
// TileDecoder.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "core/error.h"
#include "decode/laid_tile.h"
#include "decode/tile_decoder.h"
#include "decode/tile_window.h"
#include "slide/slide.h"

namespace microtome::decode {

class LaidDecoder {
 public:
  // As TileDecoder::decode(): each stored tile is decoded straight to where its pixels are wanted. Missing where no
  // page has a stored tile there.
  TileState decode(const slide::Slide& slide, const slide::Storage& laid, std::size_t directory, TileAddress address,
                   std::span<const TileWindow> windows);

 private:
  TileState decode_part(const slide::Slide& slide, const LaidPart& part);

  std::unique_ptr<TileDecoder> stored_;  // made when needed
  std::vector<TileWindow> inside_;       // of one stored tile
};

}  // namespace microtome::decode
