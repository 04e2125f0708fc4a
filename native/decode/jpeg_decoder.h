// A libjpeg-turbo decompressor that is kept from tile to tile. Used by one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "decode/jpeg_stream.h"
#include "decode/turbojpeg_library.h"

namespace microtome::decode {

class JpegDecoder {
 public:
  explicit JpegDecoder(const TurboJpeg& api);

  // Decodes a complete stream (see splice_jpeg) of 1 or 3 components into packed 8-bit grey or RGB, with
  // rows `stride_bytes` apart. libjpeg-turbo's defaults are kept (accurate integer DCT, smooth chroma upsampling).
  // Throws BadTile on any error or warning, with libjpeg's text; the decoder stays usable and `out` then holds
  // anything.
  void decode(std::span<const std::uint8_t> stream, const JpegFrame& frame, std::uint8_t* out,
              std::int64_t stride_bytes);

 private:
  const TurboJpeg& api_;
  std::unique_ptr<void, void (*)(void*)> handle_;
};

}  // namespace microtome::decode
