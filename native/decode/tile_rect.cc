#include "decode/tile_rect.h"

#include <algorithm>
#include <string>

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

std::size_t decoded_bytes(const Storage& storage, const TileRect& rect, const slide::Limits& limits) {
  std::uint64_t bytes = 0;
  const bool overflow = __builtin_mul_overflow(rect.stored_width, rect.stored_height, &bytes) ||
                        __builtin_mul_overflow(bytes, storage.samples, &bytes) ||
                        __builtin_mul_overflow(bytes, storage.bits / 8, &bytes);
  if (overflow || bytes > limits.decoded_tile_bytes)
    throw Error(Code::LIMIT_EXCEEDED, Stage::Decode,
                "the decoded tile has " + (overflow ? std::string("too many") : std::to_string(bytes)) +
                    " bytes, more than the limit decodedTileBytes of " + std::to_string(limits.decoded_tile_bytes));
  return static_cast<std::size_t>(bytes);
}

}  // namespace microtome::decode
