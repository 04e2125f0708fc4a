// Pixels as they are stored to pixels as they are looked at, by the orientation of Exif.
#pragma once

#include "core/image.h"

namespace microtome::decode {

// `out` has the sides of `in`, swapped from orientation 5 on. Orientation 1 copies.
void orient(const ConstRgbView& in, int orientation, const RgbView& out);

}  // namespace microtome::decode
