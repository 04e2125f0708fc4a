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

JpegDecoder::JpegDecoder(const TurboJpeg& api) : api_(api), handle_(make_handle()) {}

JpegDecoder::Handle JpegDecoder::make_handle() const {
  Handle handle(api_.init(TurboJpeg::kInitDecompress), api_.destroy);
  if (!handle) throw Error(Code::OUT_OF_MEMORY, Stage::Decode, "libjpeg-turbo could not make a decompressor");
  const bool set = api_.set(handle.get(), TurboJpeg::kStopOnWarning, 1) == 0 &&
                   api_.set(handle.get(), TurboJpeg::kScanLimit, kScansAtMost) == 0;
  if (!set)
    throw Error(Code::RUNTIME_MISSING, Stage::Decode,
                std::string("libjpeg-turbo refused a setting: ") + api_.error_text(handle.get()));
  // Absent in version 3.0; the frame's size is limited by the caller all the same.
  api_.set(handle.get(), TurboJpeg::kMaxMemory, kMegabytesAtMost);
  return handle;
}

void JpegDecoder::decode(const JpegStream& stream, const JpegFrame& frame, int reduction, std::uint8_t* out,
                         std::int64_t stride_bytes) {
  if (stride_bytes > std::numeric_limits<int>::max()) throw BadTile("the rows of the destination are too long");
  if (!stream.self_contained) {
    handle_ = make_handle();
    reduction_ = 1;
  }
  if (reduction != reduction_) {
    if (api_.set_scaling(handle_.get(), {1, reduction}) != 0)
      throw Error(
          Code::INTERNAL, Stage::Decode,
          "libjpeg-turbo cannot reduce by " + std::to_string(reduction) + ": " + api_.error_text(handle_.get()));
    reduction_ = reduction;
  }
  const int format = frame.components == 1   ? TurboJpeg::kPixelsGrey
                     : frame.components == 4 ? TurboJpeg::kPixelsCmyk
                                             : TurboJpeg::kPixelsRgb;
  if (api_.decompress8(handle_.get(), stream.bytes.data(), stream.bytes.size(), out, static_cast<int>(stride_bytes),
                       format) != 0)
    throw BadTile(api_.error_text(handle_.get()));
}

}  // namespace microtome::decode
