#include "decode/region.h"

#include <algorithm>
#include <new>
#include <string>

namespace microtome::decode {
namespace {

using slide::Storage;

void require_request(const RegionRequest& request, const slide::Slide& slide) {
  if (request.width_px < 1 || request.height_px < 1)
    throw Error(Code::INVALID_OPTION, Stage::Decode,
                "the region is " + std::to_string(request.width_px) + " x " + std::to_string(request.height_px) +
                    " pixels, expected at least 1 x 1");
  std::uint64_t bytes = 0;
  const bool overflow =
      __builtin_mul_overflow(request.width_px, request.height_px, &bytes) || __builtin_mul_overflow(bytes, 3, &bytes);
  if (overflow || bytes > slide.limits().request_bytes)
    throw Error(Code::LIMIT_EXCEEDED, Stage::Decode,
                "the region of " + std::to_string(request.width_px) + " x " + std::to_string(request.height_px) +
                    " pixels needs more than [[limits.requestBytes]], which is " +
                    std::to_string(slide.limits().request_bytes))
        .with_path(slide.source().name());
}

RgbImage make_image(std::int64_t width, std::int64_t height) {
  try {
    return {width, height};
  } catch (const std::bad_alloc&) {
    throw Error(
        Code::OUT_OF_MEMORY, Stage::Decode,
        "no memory is left for a region of " + std::to_string(width) + " x " + std::to_string(height) + " pixels");
  }
}

// The part of [start, start + length) that lies in [0, limit); empty parts have begin == end. Safe at the ends of the
// 64-bit range.
struct Span {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};
Span clip(std::int64_t start, std::int64_t length, std::int64_t limit) {
  if (start >= limit || (start < 0 && length <= -(start + 1))) return {};
  const std::int64_t begin = std::max<std::int64_t>(start, 0);
  const std::int64_t end = length > limit - start ? limit : start + length;
  return {begin, std::max(begin, end)};
}

// Decodes the tiles of one request into its image.
class Assembly {
 public:
  Assembly(TileDecoder& decoder, const slide::Slide& slide, const Storage& storage, std::size_t directory, int level,
           const RegionRequest& request, Region& region)
      : decoder_(decoder),
        slide_(slide),
        storage_(storage),
        directory_(directory),
        level_(level),
        request_(request),
        region_(region),
        across_(clip(request.x, request.width_px, storage.width_px)),
        down_(clip(request.y, request.height_px, storage.height_px)) {}

  void run(const CancelToken* cancel) {
    if (across_.begin == across_.end || down_.begin == down_.end) return;
    const std::int64_t tile_width = storage_.tile_width_px, tile_height = storage_.tile_height_px;
    for (std::int64_t row = down_.begin / tile_height; row <= (down_.end - 1) / tile_height; ++row)
      for (std::int64_t column = across_.begin / tile_width; column <= (across_.end - 1) / tile_width; ++column) {
        if (cancel != nullptr) cancel->check(Stage::Decode);
        place({level_, column, row});
      }
  }

 private:
  void place(TileAddress address) {
    const std::int64_t tile_x = address.column * storage_.tile_width_px;
    const std::int64_t tile_y = address.row * storage_.tile_height_px;
    const std::int64_t left = std::max(tile_x, across_.begin);
    const std::int64_t top = std::max(tile_y, down_.begin);
    const std::int64_t right = std::min(tile_x + storage_.tile_width_px, across_.end);
    const std::int64_t bottom = std::min(tile_y + storage_.tile_height_px, down_.end);
    RgbView image = region_.image.view();
    const RgbView part{image.row(top - request_.y) + 3 * (left - request_.x), right - left, bottom - top,
                       image.stride_bytes};
    const TileWindow window{left - tile_x, top - tile_y, part};
    try {
      const TileState state = decoder_.decode(slide_, storage_, directory_, address, {&window, 1});
      if (state == TileState::Missing) ++region_.missing_tiles;
    } catch (const Error& error) {
      if (request_.on_bad_tile != BadTilePolicy::Fill || !is_bad_tile(error)) throw;
      // A codec may have written some rows before it failed.
      fill_white(part);
      ++region_.bad_tiles;
    }
  }

  TileDecoder& decoder_;
  const slide::Slide& slide_;
  const Storage& storage_;
  const std::size_t directory_;
  const int level_;
  const RegionRequest& request_;
  Region& region_;
  const Span across_;  // columns and rows of the level that are both asked for and there
  const Span down_;
};

}  // namespace

bool is_bad_tile(const Error& error) noexcept {
  return error.tile().has_value() && (error.code() == Code::CORRUPT_TILE || error.code() == Code::TRUNCATED);
}

Region read_region(TileDecoder& decoder, const slide::Slide& slide, const Storage& storage, std::size_t directory,
                   int level, const RegionRequest& request, const CancelToken* cancel) {
  require_request(request, slide);
  require_codec(storage, slide.source().name());
  Region region;
  region.image = make_image(request.width_px, request.height_px);
  Assembly(decoder, slide, storage, directory, level, request, region).run(cancel);
  return region;
}

}  // namespace microtome::decode
