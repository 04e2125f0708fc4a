// What is not tissue although it is dark or coloured: pen marks, scanner borders, shadows of the slide holder.
#pragma once

#include "core/image.h"
#include "tissue/colour.h"
#include "tissue/plane.h"

namespace microtome::tissue {

struct Exclusions {
  Plane excluded;  // 1: not tissue. 2: neither, and dense enough that its blurred rim may pass for tissue
  Plane pigment;   // 1: dark without colour, but lying in tissue (melanin, carbon): tissue
};

// `threshold` is the chroma above which a pixel counts as stained. Whether a dark or strong spot is ink or tissue is
// decided part by part, by what lies around it.
[[nodiscard]] Exclusions find_exclusions(const RgbImage& overview, const ColourPlanes& colour, int threshold);

}  // namespace microtome::tissue
