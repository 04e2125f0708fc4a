#include "decode/uncompressed.h"

#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include "decode/bad_tile.h"

namespace microtome::decode {
namespace {

std::uint8_t reversed(std::uint8_t byte) {
  unsigned out = 0;
  for (int i = 0; i < 8; ++i) out |= ((byte >> i) & 1u) << (7 - i);
  return static_cast<std::uint8_t>(out);
}

}  // namespace

void copy_uncompressed(std::span<const std::uint8_t> stored, int bits, bool big_endian, int fill_order,
                       std::span<std::uint8_t> out) {
  if (stored.size() < out.size())
    throw BadTile("it has " + std::to_string(stored.size()) + " bytes, expected " + std::to_string(out.size()));
  std::memcpy(out.data(), stored.data(), out.size());
  if (fill_order == 2)
    for (auto& byte : out) byte = reversed(byte);
  constexpr bool kMachineBigEndian = std::endian::native == std::endian::big;
  if (bits == 16 && big_endian != kMachineBigEndian)
    for (std::size_t i = 0; i + 1 < out.size(); i += 2) std::swap(out[i], out[i + 1]);
}

}  // namespace microtome::decode
