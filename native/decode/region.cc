#include "decode/region.h"

#include <algorithm>
#include <new>
#include <string>
#include <vector>

#include "decode/require_tiles.h"
#include "decode/tile_rect.h"

namespace microtome::decode {
namespace {

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
                    " pixels needs " + (overflow ? "more than 2^64" : std::to_string(bytes)) +
                    " bytes, [[limits.requestBytes]] is " + std::to_string(slide.limits().request_bytes),
                "ask for a smaller region, or raise [[limits.requestBytes]] where the slide is opened")
        .with_path(slide.source().name());
}

Error outside(const RegionRequest& request, const Picture& from) {
  const std::string picture = from.level < 0 ? "the associated image" : "level " + std::to_string(from.level);
  return {Code::INVALID_OPTION, Stage::Decode,
          "the region of " + std::to_string(request.width_px) + " x " + std::to_string(request.height_px) +
              " pixels at x = " + std::to_string(request.x) + ", y = " + std::to_string(request.y) + " lies outside " +
              picture + ", which is " + std::to_string(from.storage->width_px) + " x " +
              std::to_string(from.storage->height_px) + " pixels",
          "choose a region that touches the image; x and y count in pixels of the level"};
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

}  // namespace

Picture picture_of_level(const slide::Slide& slide, std::int64_t level) {
  if (level < 0 || level >= std::ssize(slide.levels()))
    throw Error(
        Code::LEVEL_OUT_OF_RANGE, Stage::Decode,
        "there is no level " + std::to_string(level) + ", the slide has " + std::to_string(slide.levels().size()))
        .with_path(slide.source().name());
  const slide::Level& from = slide.levels()[static_cast<std::size_t>(level)];
  return {&from.storage, from.directory, from.index};
}

Picture picture_of_associated(const slide::Slide& slide, std::size_t index) {
  if (index >= slide.associated().size())
    throw Error(
        Code::INVALID_OPTION, Stage::Decode,
        "there is no associated image " + std::to_string(index) + " of " + std::to_string(slide.associated().size()));
  const slide::Associated& image = slide.associated()[index];
  if (!image.storage)
    throw Error(Code::UNSUPPORTED_PIXELS, Stage::Decode,
                "the associated image \"" + image.name + "\" cannot be read: " + image.refusal)
        .with_path(slide.source().name());
  return {&*image.storage, image.directory, -1};
}

// The part of [start, start + length) that lies in [0, limit); empty parts have begin == end. Safe at the ends of the
// 64-bit range.
RegionReader::Span RegionReader::clip(std::int64_t start, std::int64_t length, std::int64_t limit) noexcept {
  if (start >= limit || (start < 0 && length <= -(start + 1))) return {};
  const std::int64_t begin = std::max<std::int64_t>(start, 0);
  const std::int64_t end = length > limit - start ? limit : start + length;
  return {begin, std::max(begin, end)};
}

RegionReader::RegionReader(const slide::Slide& slide, const Picture& from, const RegionRequest& request)
    : slide_(slide),
      from_(from),
      request_(request),
      across_(clip(request.x, request.width_px, from.storage->width_px)),
      down_(clip(request.y, request.height_px, from.storage->height_px)) {
  require_request(request, slide);
  if (across_.begin == across_.end || down_.begin == down_.end)
    throw outside(request, from).with_path(slide.source().name());
  require_codec(slide, *from.storage, from.directory);
  require_tile_size(slide, *from.storage);
  region_.image = make_image(request.width_px, request.height_px);
  region_.outside_px = request.width_px * request.height_px -
                       (across_.end - across_.begin) * (down_.end - down_.begin);  // within limits().request_bytes
  const std::int64_t tile_width = from.storage->tile_width_px, tile_height = from.storage->tile_height_px;
  columns_ = (across_.end - 1) / tile_width - across_.begin / tile_width + 1;
  rows_ = (down_.end - 1) / tile_height - down_.begin / tile_height + 1;
}

TileAddress RegionReader::address_of(std::int64_t index) const noexcept {
  return {from_.level, across_.begin / from_.storage->tile_width_px + index % columns_,
          down_.begin / from_.storage->tile_height_px + index / columns_};
}

void RegionReader::require_bytes() {
  if (slide_.source().is_local() || next_ < required_) return;
  const std::int64_t end = std::min(next_ + kTilesAtOnce, columns_ * rows_);
  std::vector<TileAddress> tiles;
  for (std::int64_t i = next_; i < end; ++i) tiles.push_back(address_of(i));
  kept_ = require_stored_tiles(slide_, *from_.storage, from_.directory, tiles);
  required_ = end;
}

Region RegionReader::read(TileDecoder& decoder, const CancelToken* cancel) {
  for (; next_ < columns_ * rows_; ++next_) {
    if (cancel != nullptr) cancel->check(Stage::Decode);
    require_bytes();
    place(decoder, address_of(next_));
  }
  slide_.require_unchanged();
  return std::move(region_);
}

void RegionReader::place(TileDecoder& decoder, TileAddress address) {
  const slide::Storage& storage = *from_.storage;
  const std::int64_t tile_x = address.column * storage.tile_width_px;
  const std::int64_t tile_y = address.row * storage.tile_height_px;
  const std::int64_t left = std::max(tile_x, across_.begin);
  const std::int64_t top = std::max(tile_y, down_.begin);
  const std::int64_t right = std::min(tile_x + storage.tile_width_px, across_.end);
  const std::int64_t bottom = std::min(tile_y + storage.tile_height_px, down_.end);
  RgbView image = region_.image.view();
  const RgbView part{image.row(top - request_.y) + 3 * (left - request_.x), right - left, bottom - top,
                     image.stride_bytes};
  const TileWindow window{left - tile_x, top - tile_y, part};
  try {
    const TileState state = decoder.decode(slide_, storage, from_.directory, address, {&window, 1});
    if (state == TileState::Missing) ++region_.missing_tiles;
  } catch (const Error& error) {
    if (request_.on_bad_tile != BadTilePolicy::Fill || !is_bad_tile(error)) throw;
    // A codec may have written some rows before it failed.
    fill_white(part);
    ++region_.bad_tiles;
  }
}

}  // namespace microtome::decode
