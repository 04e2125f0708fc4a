// One picture of the whole slide as a model takes it, reduced by exact area averaging (what OpenCV calls INTER_AREA).
// Never enlarged.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "core/cancel_token.h"
#include "decode/area_reader.h"
#include "decode/region.h"
#include "decode/tile_decoder.h"
#include "slide/slide.h"

namespace microtome::decode {

class LevelPicture;

struct SlideImageRequest {
  enum class Fit : std::uint8_t {
    Stretch,  // exactly width_px x height_px, whatever the aspect
    Contain,  // as large as fits into width_px x height_px, in the middle; the rest is background
    Budget    // the largest level of at most max_pixels as it is; where there is none, the smallest one, reduced
  };
  Fit fit = Fit::Contain;
  std::optional<std::int64_t> level;  // absent: the smallest level that need not be enlarged
  std::int64_t width_px = 0;          // Stretch, Contain
  std::int64_t height_px = 0;
  std::int64_t max_pixels = 0;  // Budget
  std::int64_t multiple_of =
      1;  // Budget: both sides are. A level taken as it is loses what is over at right and bottom
  std::array<std::uint8_t, 3> background{255, 255, 255};  // Contain
  BadTilePolicy on_bad_tile = BadTilePolicy::Error;
  MissingTiles missing = MissingTiles::White;
};

// How a request is met by one slide.
struct SlideImagePlan {
  std::size_t level = 0;
  Area from;                  // of the level
  std::int64_t width_px = 0;  // of the picture that is given
  std::int64_t height_px = 0;
  Area into;               // of that picture; what is outside is background
  std::int64_t bytes = 0;  // that a SlideImageReader needs: the picture, and what it is made with
};

// Decodes nothing. Throws LEVEL_OUT_OF_RANGE when there is no such level, or none that is as large as the picture (it
// would have to be enlarged), INVALID_OPTION for sides that are not positive, LIMIT_EXCEEDED above
// limits().request_bytes or where the tiles of the level are too large.
[[nodiscard]] SlideImagePlan plan_slide_image(const slide::Slide& slide, const SlideImageRequest& request);

// Reads the level in bands, so that memory stays bounded whatever its size. Where the slide's bytes come later, read()
// throws BytesPending; called again when they are here it goes on where it stopped. One thread at a time. The slide
// outlives it.
class SlideImageReader {
 public:
  // Throws as plan_slide_image does, UNSUPPORTED_COMPRESSION, OUT_OF_MEMORY.
  SlideImageReader(const slide::Slide& slide, const SlideImageRequest& request);
  ~SlideImageReader();
  SlideImageReader(SlideImageReader&&) noexcept;
  SlideImageReader& operator=(SlideImageReader&&) noexcept;

  // The counts of the result are those of an overview.
  [[nodiscard]] Region read(TileDecoder& decoder, const CancelToken* cancel);

 private:
  std::unique_ptr<LevelPicture> picture_;
};

}  // namespace microtome::decode
