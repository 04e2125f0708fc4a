// What the first bytes of a JPEG say of its colours: for a warning only. Pixels are decoded by the photometric tag.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace microtome::slide {

// So many bytes of a stored tile are enough: these markers come first.
inline constexpr std::size_t kJpegHeadBytes = 512;

// "a JFIF marker" or "an Adobe marker" where one before the frame says that the colours are YCbCr; nullptr otherwise,
// also for bytes that are no JPEG. A JFIF marker outweighs an Adobe marker, as in libjpeg.
[[nodiscard]] const char* says_ycbcr(std::span<const std::uint8_t> head) noexcept;

}  // namespace microtome::slide
