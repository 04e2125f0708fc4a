#include "decode/level_picture.h"

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "decode/codecs.h"
#include "decode/tile_rect.h"

namespace microtome::decode {
namespace {

const LevelPictureRequest& checked(const slide::Slide& slide, const LevelPictureRequest& request) {
  const slide::Level& level = slide.levels()[request.level];
  const slide::Storage& storage = level.storage;
  require_codec(slide, storage, level.directory);
  require_tile_size(slide, storage);
  (void)picture_bytes(slide, request.name, request.width_px, request.height_px);
  return request;
}

}  // namespace

std::int64_t picture_bytes(const slide::Slide& slide, const char* name, std::int64_t width_px, std::int64_t height_px) {
  std::uint64_t bytes = 0;
  const bool overflow = __builtin_mul_overflow(width_px, height_px, &bytes) || __builtin_mul_overflow(bytes, 3, &bytes);
  if (overflow || bytes > slide.limits().request_bytes)
    throw Error(Code::LIMIT_EXCEEDED, Stage::Decode,
                std::string(name) + " of " + std::to_string(width_px) + " x " + std::to_string(height_px) +
                    " pixels needs " + (overflow ? "more than 2^64" : std::to_string(bytes)) +
                    " bytes, [[limits.requestBytes]] is " + std::to_string(slide.limits().request_bytes),
                "ask for a smaller one, or raise [[limits.requestBytes]] where the slide is opened")
        .with_path(slide.source().name());
  return static_cast<std::int64_t>(bytes);
}

LevelPicture::LevelPicture(const slide::Slide& slide, const LevelPictureRequest& request)
    : slide_(slide),
      request_(checked(slide, request)),
      region_(make_region()),
      shared_(slide, request.on_bad_tile, request.missing),
      reader_(shared_, request.level, request.from, target()) {}

Region LevelPicture::read(TileDecoder& decoder, const CancelToken* cancel) {
  try {
    reader_.read(decoder, cancel);
  } catch (const std::bad_alloc&) {
    throw no_memory();
  }
  slide_.require_unchanged();
  region_.bad_tiles = shared_.counts.bad_tiles;
  region_.missing_tiles = shared_.counts.missing_tiles;
  region_.made_tiles = shared_.counts.made_tiles;
  region_.costly_tiles = shared_.counts.costly_tiles;
  return std::move(region_);
}

Region LevelPicture::make_region() const {
  try {
    Region region;
    region.image = RgbImage(request_.width_px, request_.height_px);
    const auto& into = request_.into;
    const bool covers = into.width_px == request_.width_px && into.height_px == request_.height_px;
    const auto& background = request_.background;
    if (!covers)
      for (std::size_t i = 0; i < region.image.data.size(); ++i) region.image.data[i] = background[i % 3];
    return region;
  } catch (const std::bad_alloc&) {
    throw no_memory();
  }
}

RgbView LevelPicture::target() noexcept {
  const RgbView image = region_.image.view();
  const auto& into = request_.into;
  return {image.row(into.y) + 3 * into.x, into.width_px, into.height_px, image.stride_bytes};
}

Error LevelPicture::no_memory() const {
  return Error(Code::OUT_OF_MEMORY, Stage::Decode, std::string("no memory is left for ") + request_.name)
      .with_path(slide_.source().name());
}

}  // namespace microtome::decode
