// Tiles of a slide as rows that a device decodes: the stored tile itself where a tile lies in one that nobody else
// needs, else pixels.
#include <optional>

#include "engine/slide_tiles.h"
#include "tiles/stored_tiles.h"

namespace microtome::engine {

// The stored tile that a tile lies in, all of it inside the image. Nothing: there are several, or white beside it.
std::optional<std::size_t> SlideTiles::alone_under(std::int64_t position) const {
  const tiles::TilePlan& plan = plan_of(position);
  const tiles::PlannedTile& tile = tile_at(position);
  const std::int64_t side = plan.footprint_px;
  if (side != plan.size_px) return std::nullopt;
  if (tile.x < 0 || tile.y < 0 || tile.x + side > stored_.width_px || tile.y + side > stored_.height_px)
    return std::nullopt;
  const tiles::TileRange under = tiles::stored_tiles_under(plan, tile);
  if (under.count() != 1) return std::nullopt;
  return cache_.tiles().index_of(under.first_column, under.first_row);
}

// False, and nothing done: the tile must become pixels.
bool SlideTiles::take_stream(TileReader& reader, std::int64_t position, const CodedRows& layout, std::uint8_t* row) {
  const auto stored = alone_under(position);
  if (!stored || !decode::TileDecoder::may_give_jpeg(slide_->levels()[static_cast<std::size_t>(level_)].storage))
    return false;
  constexpr std::uint32_t kOneUse = 1;
  return cache_.hand_over(*stored, kOneUse, [&](const slide::Level& level, const TileAddress& address) {
    StageMetrics::Busy busy(metrics_, Stage::Decode);
    const std::span<std::uint8_t> room(CodedRows::payload(row), layout.room_bytes());
    const auto jpeg = reader.decoder.take_jpeg(*slide_, level.storage, level.directory, address, room);
    if (!jpeg) return false;
    const tiles::PlannedTile& tile = tile_at(position);
    const CodedJpeg coded{.bytes = static_cast<std::uint32_t>(jpeg->bytes),
                          .width_px = static_cast<std::uint32_t>(jpeg->width_px),
                          .height_px = static_cast<std::uint32_t>(jpeg->height_px),
                          .x = static_cast<std::uint32_t>(tile.x - address.column * stored_.tile_width_px),
                          .y = static_cast<std::uint32_t>(tile.y - address.row * stored_.tile_height_px),
                          .chroma = jpeg->chroma,
                          .ycbcr = jpeg->ycbcr,
                          .grey = jpeg->components == 1};
    if (!layout.can_hold(coded)) return false;
    CodedRows::set_jpeg(row, coded);
    busy.count(1, 3 * jpeg->width_px * jpeg->height_px);
    return true;
  });
}

void SlideTiles::fill_coded(TileReader& reader, const CancelToken& cancel, Range range, const Destination& to) {
  const CodedRows& layout = *to.coded;
  const auto row_of = [&](std::int64_t position) {
    return to.rows + static_cast<std::size_t>(position - range.first) * layout.row_bytes();
  };
  for (std::int64_t position = range.first; position < range.end; ++position) CodedRows::clear(row_of(position));
  // Neighbours that must become pixels are read as a group.
  Range pixels{range.first, range.first};
  const auto end_pixels = [&] {
    if (pixels.size() == 0) return;
    fill_pixels(reader, cancel, pixels, CodedRows::payload(row_of(pixels.first)), layout.row_bytes());
    for (std::int64_t position = pixels.first; position < pixels.end; ++position)
      CodedRows::set_pixels(row_of(position));
  };
  for (std::int64_t position = range.first; position < range.end; ++position) {
    cancel.check(Stage::Decode);
    if (to.may_be_jpeg && take_stream(reader, position, layout, row_of(position))) {
      end_pixels();
      pixels = {position + 1, position + 1};
    } else {
      pixels.end = position + 1;
    }
  }
  end_pixels();
}

void SlideTiles::found_bad(std::int64_t position, const std::string& why) {
  if (const auto stored = alone_under(position)) cache_.found_bad(*stored, why);
}

}  // namespace microtome::engine
