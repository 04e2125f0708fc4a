// One tiny image per compression, to find out from a codec library itself whether it can decode it.
#pragma once

#include <cstdint>
#include <span>

#include "slide/slide.h"

namespace microtome::decode {

struct CodecProbe {
  std::span<const std::uint8_t> tile;  // stored bytes; every pixel decodes to RGB 10, 20, 30
  std::int64_t side_px = 1;            // width and height
};

// Empty for compressions that do not go through libvips.
[[nodiscard]] CodecProbe codec_probe(slide::Compression compression) noexcept;

}  // namespace microtome::decode
