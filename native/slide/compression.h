// The compressions of TIFF by number: those that are decoded, and the names of those that are refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "slide/slide.h"

namespace microtome::slide {

// Nothing for a compression that is not on the allow-list.
[[nodiscard]] std::optional<Compression> compression_of(std::uint64_t code) noexcept;
// "PackBits compression (32773)"; "an unknown compression (4711)".
[[nodiscard]] std::string describe_compression(std::uint64_t code);

}  // namespace microtome::slide
