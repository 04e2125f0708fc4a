// The orientation that a camera wrote beside an image.
#pragma once

#include <cstdint>
#include <span>

namespace microtome::decode {

// Of an Exif block that begins with its TIFF header, of either byte order, or with a JPEG's "Exif" before it, which
// some programs write into a PNG too: 1 to 8. 1 where it says nothing, says another number, or is damaged: a camera's
// note is never a reason to refuse the image.
[[nodiscard]] int exif_orientation(std::span<const std::uint8_t> block) noexcept;

}  // namespace microtome::decode
