// Regions of a level assembled from stored tiles. Runs on the calling thread; each stored tile it touches is decoded
// once.
#pragma once

#include "core/cancel_token.h"
#include "core/image.h"
#include "decode/tile_decoder.h"
#include "slide/slide.h"

namespace microtome::decode {

// What to do about a stored tile that is damaged (see is_bad_tile): stop, or leave it white and count it.
enum class BadTilePolicy : std::uint8_t { Error, Fill };

struct RegionRequest {  // in pixels of the level
  std::int64_t x = 0;
  std::int64_t y = 0;
  std::int64_t width_px = 0;
  std::int64_t height_px = 0;
  BadTilePolicy on_bad_tile = BadTilePolicy::Error;
};

struct Region {
  RgbImage image;
  std::int64_t bad_tiles = 0;      // could not be decoded; white under Fill
  std::int64_t missing_tiles = 0;  // zero-length; white
};

// Whether an error says that one stored tile is damaged: CORRUPT_TILE or TRUNCATED, with the tile's address. Anything
// else (memory, limits, a missing library, a disk that fails) concerns more than the tile and is never filled over.
[[nodiscard]] bool is_bad_tile(const Error& error) noexcept;

// Outside the image reads as white. Throws LIMIT_EXCEEDED above limits().request_bytes.
[[nodiscard]] Region read_region(TileDecoder& decoder, const slide::Slide& slide, const slide::Storage& storage,
                                 std::size_t directory, int level, const RegionRequest& request,
                                 const CancelToken* cancel);

}  // namespace microtome::decode
