// Where a stored tile lies in its image, and what it costs to hold it decoded.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/error.h"
#include "slide/slide.h"

namespace microtome::decode {

// All in pixels.
struct TileRect {
  std::int64_t stored_width = 0;  // what a codec may give at most
  std::int64_t stored_height = 0;
  std::int64_t rows = 0;  // rows that exist: fewer than stored_height only in a last strip
  std::int64_t visible_width = 0;
  std::int64_t visible_height = 0;
};

// Throws INTERNAL for a tile outside its level.
[[nodiscard]] TileRect tile_rect(const slide::Storage& storage, TileAddress address);

// Bytes of one decoded tile, all samples. Throws LIMIT_EXCEEDED.
[[nodiscard]] std::size_t decoded_bytes(const slide::Storage& storage, const TileRect& rect,
                                        const slide::Limits& limits);

}  // namespace microtome::decode
