// Images that are no slides, JPEG and PNG: a file's bytes to upright RGB pixels.
#pragma once

#include <cstdint>
#include <span>

#include "core/image.h"
#include "decode/image_facts.h"
#include "decode/jpeg_image.h"
#include "decode/png_image.h"

namespace microtome::decode {

// One thread's; used again from image to image. What it throws names no path.
class ImageDecoder {
 public:
  // What the bytes are, by their content; decodes nothing. They must outlive decode(). Throws IMAGES_INVALID for what
  // is neither JPEG nor PNG, and what JpegImage::look() and PngImage::look() throw.
  ImageFacts look(std::span<const std::uint8_t> file);

  // The pixels of what was looked at last, turned as Exif says; they stay until the next call. Adds to the marks of
  // `facts`. Throws IMAGES_INVALID, RUNTIME_MISSING.
  ConstRgbView decode(ImageFacts& facts);

  // Gives scratch memory back where it is more than this.
  void trim(std::size_t kept_bytes) noexcept;

 private:
  bool is_png_ = false;
  JpegImage jpeg_;
  PngImage png_;
  LargeBytes stored_;   // pixels as they are stored
  LargeBytes upright_;  // the same, turned
};

}  // namespace microtome::decode
