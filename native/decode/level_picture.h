// A rectangle of one level made small into a rectangle of a picture: what overviews and images of a slide are read
// with.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/cancel_token.h"
#include "decode/area_reader.h"
#include "decode/region.h"
#include "decode/tile_decoder.h"
#include "slide/slide.h"

namespace microtome::decode {

struct LevelPictureRequest {
  const char* name = "the picture";  // in errors
  std::size_t level = 0;
  Area from;                  // of the level
  std::int64_t width_px = 0;  // of the picture
  std::int64_t height_px = 0;
  Area into;  // of the picture, no larger than `from` in either direction
  std::array<std::uint8_t, 3> background{255, 255, 255};
  BadTilePolicy on_bad_tile = BadTilePolicy::Error;
  MissingTiles missing = MissingTiles::White;
};

// Bytes of a picture of three samples a pixel. Throws LIMIT_EXCEEDED above limits().request_bytes.
[[nodiscard]] std::int64_t picture_bytes(const slide::Slide& slide, const char* name, std::int64_t width_px,
                                         std::int64_t height_px);

// Where the slide's bytes come later, read() throws BytesPending; called again when they are here it goes on where it
// stopped. One thread at a time. The slide outlives it.
class LevelPicture {
 public:
  // Throws UNSUPPORTED_COMPRESSION, LIMIT_EXCEEDED above limits().request_bytes or where the tiles of the level are too
  // large, OUT_OF_MEMORY.
  LevelPicture(const slide::Slide& slide, const LevelPictureRequest& request);

  [[nodiscard]] Region read(TileDecoder& decoder, const CancelToken* cancel);

 private:
  [[nodiscard]] Region make_region() const;
  [[nodiscard]] RgbView target() noexcept;
  [[nodiscard]] Error no_memory() const;

  const slide::Slide& slide_;
  const LevelPictureRequest request_;
  Region region_;
  AreaShared shared_;
  AreaReader reader_;
};

}  // namespace microtome::decode
