#include "decode/require_tiles.h"

#include "decode/laid_tile.h"

namespace microtome::decode {
namespace {

void add_ranges(const slide::Slide& slide, const slide::Storage& storage, std::size_t directory,
                const TileAddress& tile, std::vector<slide::ByteRange>& ranges) {
  for (int part = 0; part < storage.parts(); ++part) {
    try {
      const slide::StoredTile stored = slide.stored_tile(directory, tile.column, tile.row, part);
      if (stored.bytes > 0) ranges.push_back({stored.offset, stored.bytes});
    } catch (const Error&) {
      continue;
    }
  }
}

}  // namespace

std::vector<slide::ByteRange> stored_ranges(const slide::Slide& slide, const slide::Storage& storage,
                                            std::size_t directory, std::span<const TileAddress> tiles) {
  std::vector<slide::ByteRange> ranges;
  const auto laid = slide.laid_pages(directory);
  for (const TileAddress& tile : tiles) {
    if (laid.empty()) add_ranges(slide, storage, directory, tile, ranges);
    for_each_laid_part(laid, storage, tile, [&](const LaidPart& part) {
      add_ranges(slide, part.page.storage, part.page.directory, part.address, ranges);
    });
  }
  return ranges;
}

std::shared_ptr<const void> require_stored_tiles(const slide::Slide& slide, const slide::Storage& storage,
                                                 std::size_t directory, std::span<const TileAddress> tiles) {
  if (slide.source().is_local()) return {};
  const std::vector<slide::ByteRange> ranges = stored_ranges(slide, storage, directory, tiles);
  return ranges.empty() ? nullptr : slide.source().require(ranges);
}

}  // namespace microtome::decode
