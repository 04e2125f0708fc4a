// One compressed tile through libvips. Stateless: every call makes, uses and releases its own objects on the calling
// thread, outside libvips' operation cache, so that nothing of one tile can reach another.
#pragma once

#include <cstdint>
#include <span>

#include "decode/one_strip_tiff.h"
#include "decode/vips_library.h"

namespace microtome::decode {

// `file` is a one-strip TIFF (see one_strip_tiff.h) of the given shape. Fills `out` with its samples, packed, 16-bit
// ones in the machine's byte order; `out` must have exactly that size. Throws BadTile.
void decode_with_vips(const Vips& vips, std::span<const std::uint8_t> file, const StripShape& shape,
                      std::span<std::uint8_t> out);

}  // namespace microtome::decode
