// For codecs whose libraries decode a whole buffer at once and say only "too small" when there is more: a stream that
// holds more than the tile needs is read into scratch memory and cut, within a bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "decode/bad_tile.h"

namespace microtome::decode {

// The outcome of decoding into a buffer: too small for the stream, or how many bytes came out.
struct DecodedBytes {
  bool too_small = false;
  std::size_t bytes = 0;
};

// Scratch of more than this is given back after the tile.
inline constexpr std::size_t kPaddedScratchKept = 4u << 20;

// `attempt(span) -> DecodedBytes` throws BadTile for damage. Writers may store a last strip with all its rows, as
// libtiff reads it, so up to `most` bytes are accepted; fewer than `out` never are. `scratch` is used only then.
template <typename Attempt>
void decode_exactly(std::span<std::uint8_t> out, std::size_t most, std::vector<std::uint8_t>& scratch,
                    const Attempt& attempt) {
  const auto require = [&](std::size_t bytes) {
    if (bytes < out.size())
      throw BadTile("it decodes to " + std::to_string(bytes) + " bytes, expected " + std::to_string(out.size()));
  };
  const DecodedBytes direct = attempt(out);
  if (!direct.too_small) return require(direct.bytes);
  if (most > out.size()) {
    scratch.resize(most);
    const DecodedBytes padded = attempt(std::span(scratch));
    if (!padded.too_small) {
      require(padded.bytes);
      std::memcpy(out.data(), scratch.data(), out.size());
      if (scratch.capacity() > kPaddedScratchKept) std::vector<std::uint8_t>().swap(scratch);
      return;
    }
  }
  throw BadTile("it decodes to more than " + std::to_string(most) + " bytes, expected " + std::to_string(out.size()));
}

}  // namespace microtome::decode
