// Which JPEG streams any decoder takes alike, so that one of another party may be trusted with them: baseline, 8 bits,
// one scan of one or three components, chroma at full size, half width or half of both sides, whole MCUs, no restart
// markers, tables that are codes, and a scan that ends with the image and holds no other marker. Whatever is unusual or
// looks damaged is the work of our own decoders, which say what is wrong with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "decode/baseline_header.h"

namespace microtome::decode {

struct PortableJpeg {
  std::int64_t width_px = 0;
  std::int64_t height_px = 0;
  int components = 0;  // 1: grey
  Chroma chroma = Chroma::Full;
  bool ycbcr = false;
  std::size_t bytes = 0;  // up to the end of the image; what follows is nobody's
};

// Kept from tile to tile by one thread: a header that is that of the tile before is not read again.
class PortableJpegReader {
 public:
  // Of a complete stream, see splice_jpeg. Nothing: not such a stream.
  [[nodiscard]] std::optional<PortableJpeg> read(std::span<const std::uint8_t> stream);

 private:
  [[nodiscard]] bool read_header(std::span<const std::uint8_t> stream);

  BaselineHeader header_;
  std::vector<std::uint8_t> header_bytes_;  // that header_ was read from; empty: none
};

}  // namespace microtome::decode
