// Neighbourhood filters on planes. Outside the image nothing is assumed: windows are clipped.
#pragma once

#include <cstdint>
#include <vector>

#include "tissue/plane.h"

namespace microtome::tissue {

// Median of 3 x 3, in place. The outermost pixels repeat their neighbours' rows and columns.
void median_3x3(LargeSignedBytes& data, std::int64_t width_px, std::int64_t height_px);

// Greatest / least value in the square of side 2 * radius + 1.
[[nodiscard]] Plane dilate(const Plane& plane, int radius_px);
[[nodiscard]] Plane erode(const Plane& plane, int radius_px);

}  // namespace microtome::tissue
