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

// Whether one stored tile, decoded with all samples, is within limits.decoded_tile_bytes. The product of its sides and
// samples does not overflow then.
[[nodiscard]] bool tile_fits(const slide::Storage& storage, const slide::Limits& limits) noexcept;

// Throws LIMIT_EXCEEDED, with the path, when it is not. A slide may be open that has such a level.
void require_tile_size(const slide::Slide& slide, const slide::Storage& storage);

}  // namespace microtome::decode
