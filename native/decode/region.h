// Regions of a level assembled from stored tiles: readRegion and associated images. Runs on the calling thread;
// each stored tile that it touches is decoded once.
#pragma once

#include "core/cancel_token.h"
#include "core/image.h"
#include "decode/bad_tile.h"
#include "decode/tile_decoder.h"
#include "slide/slide.h"

namespace microtome::decode {

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
  std::int64_t outside_px = 0;     // of a region: pixels beyond the image; white
  // Of an overview: missing, and made from finer levels; and those of missing_tiles that would have taken too much
  // work.
  std::int64_t made_tiles = 0;
  std::int64_t costly_tiles = 0;
};

// The picture that a region is cut from: a level, or an associated image (level -1). `storage` outlives the read.
struct Picture {
  const slide::Storage* storage = nullptr;
  std::size_t directory = 0;
  int level = -1;
};
// Throws LEVEL_OUT_OF_RANGE.
[[nodiscard]] Picture picture_of_level(const slide::Slide& slide, std::int64_t level);
// Throws INVALID_OPTION when there is no such image, UNSUPPORTED_PIXELS when it cannot be read.
[[nodiscard]] Picture picture_of_associated(const slide::Slide& slide, std::size_t index);

// Outside the image reads as white and is counted; a region that lies wholly outside is refused. Where the slide's
// bytes come later, read() throws BytesPending; called again when they are here it goes on where it stopped. One thread
// at a time. The slide outlives it.
class RegionReader {
 public:
  // Throws INVALID_OPTION, LIMIT_EXCEEDED above limits().request_bytes or where the stored tiles are too large,
  // UNSUPPORTED_COMPRESSION, OUT_OF_MEMORY.
  RegionReader(const slide::Slide& slide, const Picture& from, const RegionRequest& request);

  [[nodiscard]] Region read(TileDecoder& decoder, const CancelToken* cancel);

 private:
  // The part of the picture that is both asked for and there, along one side.
  struct Span {
    std::int64_t begin = 0;
    std::int64_t end = 0;
  };
  static Span clip(std::int64_t start, std::int64_t length, std::int64_t limit) noexcept;
  [[nodiscard]] TileAddress address_of(std::int64_t index) const noexcept;
  void require_bytes();
  void place(TileDecoder& decoder, TileAddress address);

  const slide::Slide& slide_;
  const Picture from_;
  const RegionRequest request_;
  const Span across_;
  const Span down_;
  std::int64_t columns_ = 0;  // stored tiles that the region touches
  std::int64_t rows_ = 0;
  Region region_;
  std::int64_t next_ = 0;             // of those, row by row
  std::int64_t required_ = 0;         // the bytes of those before it are here
  std::shared_ptr<const void> kept_;  // as long as this lives
};

}  // namespace microtome::decode
