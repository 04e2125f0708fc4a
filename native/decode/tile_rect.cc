#include "decode/tile_rect.h"

#include <algorithm>
#include <optional>
#include <string>

#include "slide/checked_math.h"
#include "slide/storage.h"

namespace microtome::decode {

using slide::Storage;

TileRect tile_rect(const Storage& storage, TileAddress address) {
  const bool inside = storage.width_px > 0 && storage.height_px > 0 && storage.tile_width_px > 0 &&
                      storage.tile_height_px > 0 && address.column >= 0 && address.row >= 0 &&
                      address.column < storage.tiles_across() && address.row < storage.tiles_down();
  if (!inside) throw Error(Code::INTERNAL, Stage::Decode, "a tile outside its level was asked for");
  TileRect rect;
  rect.stored_width = storage.tile_width_px;
  rect.stored_height = storage.tile_height_px;
  rect.visible_width = std::min(rect.stored_width, storage.width_px - address.column * storage.tile_width_px);
  rect.visible_height = std::min(rect.stored_height, storage.height_px - address.row * storage.tile_height_px);
  rect.rows = storage.tiled ? rect.stored_height : rect.visible_height;
  return rect;
}

namespace {

// All samples; nothing where it overflows.
std::optional<std::uint64_t> whole_bytes(const Storage& storage) noexcept {
  return slide::checked_multiply(
      static_cast<std::uint64_t>(storage.tile_width_px), static_cast<std::uint64_t>(storage.tile_height_px),
      static_cast<std::uint64_t>(storage.samples), static_cast<std::uint64_t>(storage.bits / 8));
}

}  // namespace

bool tile_fits(const Storage& storage, const slide::Limits& limits) noexcept {
  const auto bytes = whole_bytes(storage);
  return bytes && *bytes <= limits.decoded_tile_bytes;
}

void require_tile_size(const slide::Slide& slide, const Storage& storage) {
  const slide::Limits& limits = slide.limits();
  if (tile_fits(storage, limits)) return;
  const auto bytes = whole_bytes(storage);
  const std::string needed = bytes ? std::to_string(*bytes) : "more than 2^64";
  throw Error(Code::LIMIT_EXCEEDED, Stage::Decode,
              slide::describe_stored_tile(storage) + " decodes to " + needed +
                  " bytes, [[limits.decodedTileBytes]] is " + std::to_string(limits.decoded_tile_bytes),
              bytes ? "pass [[limits.decodedTileBytes=" + needed +
                          "]] or more if the file is trusted and the memory is there, or convert the slide to tiles"
                    : std::string("convert the slide to tiles"))
      .with_path(slide.source().name());
}

}  // namespace microtome::decode
