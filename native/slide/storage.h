// The tags of one directory as a Storage, or the reason why its pixels are refused.
#pragma once

#include <string>

#include "slide/slide.h"
#include "slide/tiff_directory.h"

namespace microtome::slide {

struct ImageSize {
  std::int64_t width_px = 0;
  std::int64_t height_px = 0;
};

// Throws NOT_A_SLIDE when the size is missing or not within 1 to 2^31 - 1.
[[nodiscard]] ImageSize read_image_size(const TiffDirectory& directory);

// Throws UNSUPPORTED_COMPRESSION, UNSUPPORTED_PIXELS, NOT_A_SLIDE, TRUNCATED, LIMIT_EXCEEDED. Never because a tile is
// over limits.decoded_tile_bytes: whoever asks for its pixels is refused. Uncompressed strips that are over it are
// divided into parts, which then count as the strips of the image.
[[nodiscard]] Storage read_storage(const TiffDirectory& directory, const Limits& limits);

// "one stored strip of 9000 x 9000 pixels".
[[nodiscard]] std::string describe_stored_tile(const Storage& storage);

// Bytes of one row of one stored tile, decoded, in native samples. No overflow: widths are below 2^31, samples and
// bits below 2^16.
[[nodiscard]] std::uint64_t decoded_row_bytes(const Storage& storage) noexcept;

}  // namespace microtome::slide
