// Each overview pixel as optical density relative to the slide's own white: how strongly coloured, how dark, and
// whether the colour is one that no stain has.
#pragma once

#include <cstdint>
#include <vector>

#include "core/image.h"
#include "tissue/ink.h"
#include "tissue/plane.h"
#include "tissue/white.h"

namespace microtome::tissue {

struct ColourPlanes {
  Plane chroma;      // difference between the most and the least absorbed channel, noise filtered
  Plane chroma_raw;  // the same, unfiltered
  Plane flags;
};

[[nodiscard]] ColourPlanes measure_colour(const RgbImage& overview, const WhiteModel& white);

}  // namespace microtome::tissue
