// Tiles stored without compression: the samples are there, in the file's byte and bit order.
#pragma once

#include <cstdint>
#include <span>

namespace microtome::decode {

// Copies the first out.size() bytes of `stored`, turning bits (fill order 2) and swapping 16-bit samples where the
// file's order is not the machine's. Throws BadTile when there are fewer.
void copy_uncompressed(std::span<const std::uint8_t> stored, int bits, bool big_endian, int fill_order,
                       std::span<std::uint8_t> out);

}  // namespace microtome::decode
