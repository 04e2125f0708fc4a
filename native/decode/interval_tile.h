// Stored tiles that are restart intervals of one large JPEG (NDPI), each decoded as a JPEG of its own: chroma is not
// interpolated from one to the next, as OpenSlide does it. Used by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "decode/jpeg_tile.h"
#include "decode/stored_reader.h"
#include "decode/tile_errors.h"
#include "decode/tile_rect.h"
#include "decode/tile_window.h"

namespace microtome::decode {

class IntervalTile {
 public:
  // Both are borrowed.
  IntervalTile(StoredReader& reader, JpegTile& jpeg) : reader_(reader), jpeg_(jpeg) {}

  // Rows of the tile that are stored: whole intervals as far as the image goes.
  [[nodiscard]] static std::int64_t stored_rows(const slide::Storage& storage, const TileRect& rect) noexcept;

  // Writes the pixels of `windows`, which lie within the tile; rows beyond stored_rows() are white. Reads and decodes
  // only the intervals that a window needs. Throws BadTile on damage, and what finding and reading bytes throws.
  void decode(const TilePlace& place, const TileRect& rect, std::span<const TileWindow> windows);
  // The whole tile at 1/reduction of its sides, which are multiples of it.
  void decode_reduced(const TilePlace& place, const TileRect& rect, int reduction, const RgbView& out);

  // Gives scratch memory back where it is more than this.
  void trim(std::size_t kept_bytes) noexcept;

 private:
  void load(const TilePlace& place, const TileRect& rect, std::int64_t part);
  void decode_part(const slide::Storage& storage, std::span<const TileWindow> windows);

  StoredReader& reader_;
  JpegTile& jpeg_;
  std::vector<std::uint8_t> stream_;  // one interval, a complete JPEG
  std::vector<std::uint8_t> pixels_;  // of one interval, where libjpeg-turbo decodes it
  std::vector<TileWindow> windows_;   // parts of the windows, in one interval
};

}  // namespace microtome::decode
