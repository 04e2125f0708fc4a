// Rows of JPEG to rows of pixels, by our own decoders: what a device does not take, and what it is compared with. Used
// by one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "decode/baseline_jpeg.h"
#include "decode/jpeg_decoder.h"
#include "engine/coded_rows.h"

namespace microtome::engine {

class CodedDecoder {
 public:
  // Decodes the stream of a row, and makes it a row of pixels. A row whose stream is damaged becomes white, and what is
  // wrong with it comes back. Throws RUNTIME_MISSING where libjpeg-turbo is needed and is not there.
  [[nodiscard]] std::optional<std::string> to_pixels(const CodedRows& layout, std::uint8_t* row);

 private:
  void decode_whole(const CodedJpeg& jpeg);

  decode::BaselineJpeg baseline_;
  std::optional<decode::JpegDecoder> turbo_;  // opened when needed
  decode::JpegStream stream_;
  std::vector<std::uint8_t> picture_;  // all of it: the row still holds the stream
  std::vector<std::uint8_t> grey_;
};

}  // namespace microtome::engine
