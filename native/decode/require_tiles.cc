#include "decode/require_tiles.h"

#include <vector>

namespace microtome::decode {

std::shared_ptr<const void> require_stored_tiles(const slide::Slide& slide, const slide::Storage& storage,
                                                 std::size_t directory, std::span<const TileAddress> tiles) {
  if (slide.source().is_local() || storage.compression == slide::Compression::Rendered) return {};
  std::vector<slide::ByteRange> ranges;
  for (const TileAddress& tile : tiles)
    for (int part = 0; part < storage.parts(); ++part) {
      try {
        const slide::StoredTile stored = slide.stored_tile(directory, tile.column, tile.row, part);
        if (stored.bytes > 0) ranges.push_back({stored.offset, stored.bytes});
      } catch (const Error&) {
        continue;
      }
    }
  return slide.source().require(ranges);
}

}  // namespace microtome::decode
