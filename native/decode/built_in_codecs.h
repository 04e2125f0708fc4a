// The codecs that are compiled in: stored bytes of one tile to packed samples, in memory, without libvips.
// A Codec keeps its library's state and scratch memory from tile to tile and is used by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "decode/one_strip_tiff.h"
#include "slide/slide.h"

namespace microtome::decode {

// One stored tile and what it must decode to.
struct CodedTile {
  std::span<const std::uint8_t> stored;
  StripShape shape;            // the samples that are wanted
  std::size_t bytes_most = 0;  // what a stream may decode to: a last strip may be stored with all its rows
  // What the tags say, for codecs that store colours.
  slide::Compression compression = slide::Compression::None;
  slide::Photometric photometric = slide::Photometric::Rgb;
};

class Codec {
 public:
  virtual ~Codec() = default;
  // Fills `out`, which has the size that the shape says. Samples are interleaved; the byte order of 16-bit ones is
  // given back by the codecs that store bytes as they were stored, and the predictor is not undone: both are the
  // caller's. JPEG 2000 gives RGB, and the machine's order. Throws BadTile; `out` then holds anything.
  virtual void decode(const CodedTile& tile, std::span<std::uint8_t> out) = 0;
};

// How to get a codec that is compiled in.
struct BuiltInCodec {
  const char* library;  // "libdeflate", "microtome" for what is written here
  std::string version;
  std::unique_ptr<Codec> (*make)();
};

// nullptr when this build leaves the compression to libvips, or needs no codec for it (none, JPEG).
[[nodiscard]] const BuiltInCodec* built_in_codec(slide::Compression compression);

// Defined where the library is compiled in (cmake/Codecs.cmake); LZW always is.
[[nodiscard]] BuiltInCodec deflate_codec();
[[nodiscard]] BuiltInCodec lzw_codec();
[[nodiscard]] BuiltInCodec zstd_codec();
[[nodiscard]] BuiltInCodec webp_codec();
[[nodiscard]] BuiltInCodec jpeg2000_codec();

}  // namespace microtome::decode
