// The smallest TIFF file that holds one stored tile: one directory and one strip. What it declares is chosen so that
// the samples come back as they were stored: grey for one or two samples, RGB with unnamed extra samples otherwise,
// whatever they mean in the slide.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "slide/slide.h"

namespace microtome::decode {

struct StripShape {
  std::int64_t width_px = 0;
  std::int64_t height_px = 0;
  int samples = 1;  // per pixel; 1 for a plane
  int bits = 8;
};

// Bytes before the stored tile's own. The tile is appended by the caller.
[[nodiscard]] std::vector<std::uint8_t> one_strip_header(const StripShape& shape, const slide::Storage& storage,
                                                         std::size_t tile_bytes);

// The number TIFF has for a compression; Deflate is 8.
[[nodiscard]] std::uint16_t compression_tag(slide::Compression compression) noexcept;

}  // namespace microtome::decode
