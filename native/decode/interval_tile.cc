#include "decode/interval_tile.h"

#include <algorithm>
#include <string>

#include "decode/bad_tile.h"
#include "decode/jpeg_markers.h"
#include "decode/jpeg_stream.h"

namespace microtome::decode {
namespace {

using slide::Storage;
using Bytes = std::span<const std::uint8_t>;

bool is_marker(Bytes bytes, std::size_t at) noexcept { return bytes.size() >= at + 2 && bytes[at] == 0xFF; }

bool is_restart(Bytes bytes, std::size_t at) noexcept {
  return is_marker(bytes, at) && bytes[at + 1] >= jpeg_marker::kRst0 && bytes[at + 1] <= jpeg_marker::kRst7;
}

bool is_end(Bytes bytes, std::size_t at) noexcept { return is_marker(bytes, at) && bytes[at + 1] == jpeg_marker::kEoi; }

// Between the markers before and behind it, which show that the table of MCU starts is right here. They may have any
// number: that they follow each other is not our concern.
Bytes entropy_coded(Bytes stored, bool first, bool last) {
  if (!first) {
    if (!is_restart(stored, 0)) throw BadTile("no restart marker stands where the table of MCU starts says one is");
    stored = stored.subspan(2);
  }
  const std::size_t end = stored.size() < 2 ? 0 : stored.size() - 2;
  if (!last && !is_restart(stored, end))
    throw BadTile("no restart marker stands where the table of MCU starts says one is");
  // The last interval may be followed by anything, or by nothing.
  return is_restart(stored, end) || is_end(stored, end) ? stored.first(end) : stored;
}

}  // namespace

std::int64_t IntervalTile::stored_rows(const Storage& storage, const TileRect& rect) noexcept {
  const std::int64_t height = storage.interval_height_px;
  return (rect.visible_height + height - 1) / height * height;
}

void IntervalTile::load(const TilePlace& place, const TileRect& rect, std::int64_t part) {
  const Storage& storage = place.storage;
  const TileAddress address = place.address;
  const bool first = address.column == 0 && address.row == 0 && part == 0;
  const bool last = address.column == storage.tiles_across() - 1 && address.row == storage.tiles_down() - 1 &&
                    (part + 1) * storage.interval_height_px >= rect.visible_height;
  const slide::StoredTile tile = find_tile(place.slide, place.directory, address, static_cast<int>(part));
  if (tile.bytes == 0) throw BadTile("one of its restart intervals is not there");
  const Bytes body = entropy_coded(reader_.read(place.slide, tile), first, last);
  stream_.assign(storage.jpeg_head.begin(), storage.jpeg_head.end());
  stream_.insert(stream_.end(), body.begin(), body.end());
  stream_.insert(stream_.end(), {0xFF, jpeg_marker::kEoi});
  const JpegFrame frame = read_jpeg_frame(stream_);
  if (frame.width_px != storage.tile_width_px || frame.height_px != storage.interval_height_px || frame.components != 3)
    throw Error(Code::INTERNAL, Stage::Decode, "the head of the JPEG is not that of a restart interval");
  jpeg_.load(storage, stream_, frame);
}

void IntervalTile::decode_part(const Storage& storage, std::span<const TileWindow> windows) {
  if (jpeg_.decode_baseline(windows)) return;
  const std::int64_t stride = 3 * storage.tile_width_px;
  pixels_.resize(static_cast<std::size_t>(stride * storage.interval_height_px));
  jpeg_.decode_turbo(1, pixels_.data(), stride);
  for (const TileWindow& one : windows)
    for (std::int64_t y = 0; y < one.to.height_px; ++y)
      std::copy_n(pixels_.data() + (one.y + y) * stride + 3 * one.x, 3 * one.to.width_px, one.to.row(y));
}

void IntervalTile::decode(const TilePlace& place, const TileRect& rect, std::span<const TileWindow> windows) {
  const std::int64_t height = place.storage.interval_height_px;
  const std::int64_t rows = stored_rows(place.storage, rect);
  // Rows [top, bottom) of a window.
  const auto cut = [](const TileWindow& one, std::int64_t top, std::int64_t bottom) {
    const std::int64_t first = std::clamp(top - one.y, std::int64_t{0}, one.to.height_px);
    const std::int64_t end = std::clamp(bottom - one.y, first, one.to.height_px);
    return TileWindow{
        one.x, one.y + first - top, {one.to.row(first), one.to.width_px, end - first, one.to.stride_bytes}};
  };
  for (std::int64_t part = 0; part * height < rows; ++part) {
    windows_.clear();
    for (const TileWindow& one : windows)
      if (const TileWindow piece = cut(one, part * height, (part + 1) * height); piece.to.height_px > 0)
        windows_.push_back(piece);
    if (windows_.empty()) continue;
    load(place, rect, part);
    decode_part(place.storage, windows_);
  }
  for (const TileWindow& one : windows) fill_white(cut(one, rows, rect.stored_height).to);
}

void IntervalTile::decode_reduced(const TilePlace& place, const TileRect& rect, int reduction, const RgbView& out) {
  const std::int64_t height = place.storage.interval_height_px;
  const std::int64_t rows = stored_rows(place.storage, rect);
  if (rows < rect.stored_height) fill_white(out);
  for (std::int64_t part = 0; part * height < rows; ++part) {
    load(place, rect, part);
    jpeg_.decode_turbo(reduction, out.row(part * height / reduction), out.stride_bytes);
  }
}

void IntervalTile::trim(std::size_t kept_bytes) noexcept {
  for (auto* scratch : {&stream_, &pixels_})
    if (scratch->capacity() > kept_bytes) std::vector<std::uint8_t>().swap(*scratch);
}

}  // namespace microtome::decode
