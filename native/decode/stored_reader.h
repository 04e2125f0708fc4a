// The compressed bytes of stored tiles: where they were fetched to, or read now. Used by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "decode/one_strip_tiff.h"
#include "decode/read_ahead.h"
#include "slide/slide.h"

namespace microtome::decode {

class StoredReader {
 public:
  // What comes back lies in memory of this reader, or of what was fetched: until the next call. Throws LIMIT_EXCEEDED
  // above limits().stored_tile_bytes, and what reading the source throws.
  [[nodiscard]] std::span<const std::uint8_t> read(const slide::Slide& slide, slide::StoredTile tile);
  // The same as the one strip of a whole TIFF, for libvips.
  [[nodiscard]] std::span<const std::uint8_t> read_as_tiff(const slide::Slide& slide, const slide::Storage& from,
                                                           const StripShape& shape, slide::StoredTile tile);

  // See TileDecoder::read_ahead. Sorts `tiles`.
  void fetch(const slide::Slide& slide, std::span<slide::StoredTile> tiles) { ahead_.fetch(slide, tiles); }
  void forget() noexcept { ahead_.clear(); }

  // Gives memory back where it is more than this; not what was fetched.
  void trim(std::size_t kept_bytes) noexcept;

 private:
  std::span<const std::uint8_t> append(const slide::Slide& slide, slide::StoredTile tile);

  std::vector<std::uint8_t> stored_;
  ReadAhead ahead_;
};

}  // namespace microtome::decode
