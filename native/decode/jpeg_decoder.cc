#include "decode/jpeg_decoder.h"

#include <limits>
#include <string>

#include "decode/bad_tile.h"

namespace microtome::decode {
namespace {

// A progressive JPEG can ask for the whole image to be gone through once per scan, for a few bytes each. Encoders use
// about ten.
constexpr int kScansAtMost = 50;
constexpr int kMegabytesAtMost = 240;  // a progressive image is held as coefficients, two bytes each

}  // namespace

JpegDecoder::JpegDecoder(const TurboJpeg& api) : api_(api), handle_(api.init(TurboJpeg::kInitDecompress), api.destroy) {
  if (!handle_) throw Error(Code::OUT_OF_MEMORY, Stage::Decode, "libjpeg-turbo could not make a decompressor");
  const bool set = api_.set(handle_.get(), TurboJpeg::kStopOnWarning, 1) == 0 &&
                   api_.set(handle_.get(), TurboJpeg::kScanLimit, kScansAtMost) == 0;
  if (!set)
    throw Error(Code::RUNTIME_MISSING, Stage::Decode,
                std::string("libjpeg-turbo refused a setting: ") + api_.error_text(handle_.get()));
  // Absent in version 3.0; the frame's size is limited by the caller all the same.
  api_.set(handle_.get(), TurboJpeg::kMaxMemory, kMegabytesAtMost);
}

void JpegDecoder::decode(std::span<const std::uint8_t> stream, const JpegFrame& frame, std::uint8_t* out,
                         std::int64_t stride_bytes) {
  if (stride_bytes > std::numeric_limits<int>::max()) throw BadTile("the rows of the destination are too long");
  const int format = frame.components == 1 ? TurboJpeg::kPixelsGrey : TurboJpeg::kPixelsRgb;
  if (api_.decompress8(handle_.get(), stream.data(), stream.size(), out, static_cast<int>(stride_bytes), format) != 0)
    throw BadTile(api_.error_text(handle_.get()));
}

}  // namespace microtome::decode
