// WSInfer's tissue mask (wsinfer 0.6.1, patchlib): saturation, median, threshold, closing, small parts and holes by
// area.
#pragma once

#include "core/image.h"
#include "tissue/tissue_mask.h"

namespace microtome::tissue {

// `slide_mpp`: microns per level-0 pixel. The mask equals that of scikit-image 0.26 and OpenCV 5 on the same overview,
// less the parts that lie in a hole of another part: WSInfer's polygons leave them out too. Its outline is
// ThroughPixels. Throws INVALID_OPTION.
[[nodiscard]] TissueMask make_wsinfer_mask(const RgbImage& overview, std::int64_t level0_width_px,
                                           std::int64_t level0_height_px, double slide_mpp);

}  // namespace microtome::tissue
