// One tiny image per compression, to find out whether a codec decodes it to the right pixels.
#pragma once

#include <cstdint>
#include <span>

#include "slide/slide.h"

namespace microtome::decode {

struct CodecProbe {
  std::span<const std::uint8_t> tile;  // stored bytes; every pixel decodes to RGB 10, 20, 30
  std::int64_t side_px = 1;            // width and height
};

// Empty for uncompressed tiles and JPEG.
[[nodiscard]] CodecProbe codec_probe(slide::Compression compression) noexcept;

}  // namespace microtome::decode
