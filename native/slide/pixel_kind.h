// What the samples of a directory mean: bits, colours, alpha, planes, predictor. Everything that is not one of the
// kinds below is refused by its name.
#pragma once

#include "slide/slide.h"
#include "slide/tiff_directory.h"

namespace microtome::slide {

// Fills bits, samples, photometric, alpha, planar, predictor and fill_order; reads `storage.compression`.
// Throws UNSUPPORTED_PIXELS, and UNSUPPORTED_COMPRESSION for JPEG of 12 bits.
void read_pixel_kind(const TiffDirectory& directory, Storage& storage);

}  // namespace microtome::slide
