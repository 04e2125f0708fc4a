// What the three colours of a JPEG 2000 tile are, and how they become RGB. TIFF's four compression numbers for it mean
// different things with different writers, and the photometric tag is known to be wrong in many of their files.
#pragma once

#include <cstdint>
#include <span>

#include "decode/jpeg2000_stream.h"
#include "slide/slide.h"

namespace microtome::decode {

enum class Jpeg2000Color : std::uint8_t { AsDecoded, YCbCr, YCbCrOfLibvips };

// A stream with a component transform was made from RGB and decodes to it, except libvips' own.
//   33003  Aperio: YCbCr without a transform; Bio-Formats: RGB with one
//   33005  RGB
//   33004  libvips: YCbCr and a transform on top, in bare OpenJPEG streams; Bio-Formats: RGB, from another encoder
//   34712  by the photometric tag
// Fewer than three components are grey.
[[nodiscard]] Jpeg2000Color jpeg2000_color(slide::Compression compression, slide::Photometric photometric,
                                           const Jpeg2000Stream& stream) noexcept;

// Interleaved 8-bit samples, the colours first, to RGB in place: YCbCr as JFIF defines it, in libjpeg's fixed-point
// arithmetic; libvips' own as its reader does it, whose results are cut and not rounded.
void jpeg2000_to_rgb(Jpeg2000Color color, int samples, std::span<std::uint8_t> pixels) noexcept;

}  // namespace microtome::decode
