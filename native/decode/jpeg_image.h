// A JPEG file that is an image by itself: what it is, where it ends, and its pixels. Read by libjpeg's rules where the
// file leaves something open, by the decoders that stored tiles have.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "core/image.h"
#include "decode/baseline_jpeg.h"
#include "decode/image_facts.h"
#include "decode/jpeg_decoder.h"
#include "decode/jpeg_stream.h"

namespace microtome::decode {

// One thread's; used again from image to image.
class JpegImage {
 public:
  // Reads all segments, decodes nothing. `file` must outlive decode(). Throws TRUNCATED for a file without an end,
  // UNSUPPORTED_COMPRESSION for a process that nobody here decodes, UNSUPPORTED_PIXELS for a number of components other
  // than 1, 3 and 4, LIMIT_EXCEEDED, IMAGES_INVALID for damage.
  ImageFacts look(std::span<const std::uint8_t> file);

  // What was looked at last, as it is stored, to RGB of its size. Grey becomes RGB; CMYK does as Pillow converts it,
  // with the inverted samples that Adobe's programs write. Throws IMAGES_INVALID for damage.
  void decode(const RgbView& out);

  // Gives scratch memory back where it is more than this.
  void trim(std::size_t kept_bytes) noexcept;

 private:
  void decode_cmyk(const RgbView& out);
  [[nodiscard]] JpegDecoder& turbo();

  std::span<const std::uint8_t> image_;  // up to and with its end marker
  JpegFrame frame_;
  bool is_ycbcr_ = true;  // of three components
  JpegStream stream_;
  LargeBytes inks_;
  BaselineJpeg baseline_;
  std::optional<JpegDecoder> turbo_;  // opened when needed
};

}  // namespace microtome::decode
