// The codecs of one thread: stored bytes to packed samples without libvips, for uncompressed tiles and every
// compression that is compiled in. Makes each codec at its first use and keeps it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "decode/built_in_codecs.h"
#include "slide/slide.h"

namespace microtome::decode {

class TileCodecs {
 public:
  // Returns false for JPEG, which has its own decoder, and for what libvips decodes.
  [[nodiscard]] static bool decodes(slide::Compression compression);

  // Fills `out` with the samples, packed, 16-bit ones in the machine's byte order; it must have exactly the size that
  // `shape` says. Throws BadTile, LIMIT_EXCEEDED, UNSUPPORTED_PIXELS.
  void decode(const slide::Storage& storage, const StripShape& shape, std::span<const std::uint8_t> stored,
              std::span<std::uint8_t> out);

 private:
  static constexpr std::size_t kCompressions = static_cast<std::size_t>(slide::Compression::Rendered) + 1;
  std::array<std::unique_ptr<Codec>, kCompressions> codecs_;
  std::vector<std::uint8_t> turned_;  // the stored bytes of a file with fill order 2
};

}  // namespace microtome::decode
