#include "decode/uncompressed.h"

#include <cstring>
#include <string>

#include "decode/bad_tile.h"
#include "decode/predictor.h"

namespace microtome::decode {

void copy_uncompressed(std::span<const std::uint8_t> stored, int bits, bool big_endian, int fill_order,
                       std::span<std::uint8_t> out) {
  if (stored.size() < out.size())
    throw BadTile("it has " + std::to_string(stored.size()) + " bytes, expected " + std::to_string(out.size()));
  std::memcpy(out.data(), stored.data(), out.size());
  if (fill_order == 2) turn_bits(out);
  if (bits == 16) to_machine_order(out, big_endian);
}

}  // namespace microtome::decode
