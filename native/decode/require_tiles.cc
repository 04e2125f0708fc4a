#include "decode/require_tiles.h"

#include <vector>

namespace microtome::decode {

std::shared_ptr<const void> require_stored_tiles(const slide::Slide& slide, const slide::Storage& storage,
                                                 std::size_t directory, std::span<const TileAddress> tiles) {
  if (slide.source().is_local() || storage.compression == slide::Compression::Rendered) return {};
  const int planes = storage.planar ? storage.samples : 1;
  std::vector<slide::ByteRange> ranges;
  for (const TileAddress& tile : tiles)
    for (int plane = 0; plane < planes; ++plane) {
      try {
        const slide::StoredTile stored = slide.stored_tile(directory, tile.column, tile.row, plane);
        if (stored.bytes > 0) ranges.push_back({stored.offset, stored.bytes});
      } catch (const Error&) {
        continue;
      }
    }
  return slide.source().require(ranges);
}

}  // namespace microtome::decode
