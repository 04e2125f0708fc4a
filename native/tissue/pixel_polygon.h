// A mask as the polygon that OpenCV's contours make of it: its corners are pixels, as points at their upper left
// corner.
#pragma once

#include "tissue/tissue_mask.h"

namespace microtome::tissue {

// Whether the point (level-0 pixels) lies inside the polygon, not on its outline. The polygon is the union of what four
// neighbouring pixels span: all of the square between them, or the triangle of three. Parts in a hole of another part
// are expected to be absent from the mask. Where the product of a pixel and the mask's scale is not exact, a point
// within 1e-9 mask pixels of a slanting outline may be decided either way.
[[nodiscard]] bool polygon_contains(const TissueMask& mask, double x, double y) noexcept;

}  // namespace microtome::tissue
