// A libjpeg-turbo decompressor that is kept from tile to tile. Used by one thread at a time.
#pragma once

#include <cstdint>
#include <memory>

#include "decode/jpeg_stream.h"
#include "decode/turbojpeg_library.h"

namespace microtome::decode {

class JpegDecoder {
 public:
  explicit JpegDecoder(const TurboJpeg& api);

  // Decodes a stream of 1 or 3 components (see splice_jpeg) into packed 8-bit grey or RGB, one of 4 components into
  // CMYK as it is stored, with rows `stride_bytes` apart. A grey stream whose frame says 3 becomes RGB. libjpeg-turbo's
  // defaults are kept (accurate integer DCT, smooth chroma upsampling). `reduction` 2, 4 or 8 gives the picture at 1/2,
  // 1/4 or 1/8 of its sides, rounded up, straight from the coefficients. Nothing of an earlier stream takes part.
  // Throws BadTile on any error or warning, with libjpeg's text; the decoder stays usable and `out` then holds
  // anything.
  void decode(const JpegStream& stream, const JpegFrame& frame, int reduction, std::uint8_t* out,
              std::int64_t stride_bytes);

 private:
  using Handle = std::unique_ptr<void, void (*)(void*)>;
  [[nodiscard]] Handle make_handle() const;

  const TurboJpeg& api_;
  Handle handle_;
  int reduction_ = 1;  // that handle_ is set to
};

}  // namespace microtome::decode
