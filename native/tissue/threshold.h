// The chroma above which a pixel is tissue.
#pragma once

#include <array>
#include <cstdint>

#include "tissue/colour.h"
#include "tissue/white.h"

namespace microtome::tissue {

// Otsu's threshold: the bin t that best parts a histogram into [0, t] and (t, 255].
[[nodiscard]] int otsu(const std::array<std::uint64_t, 256>& histogram) noexcept;

struct Threshold {
  int tissue = 0;   // chroma plane units: above is tissue
  int certain = 0;  // a part without any pixel above this is not believed
};

// Otsu alone falls between dark and pale tissue on a dark slide, and inside the noise on an empty one: it is held
// between what glass itself shows (its 99.9th percentile) and what pale tissue has.
[[nodiscard]] Threshold choose_threshold(const ColourPlanes& colour, const WhiteModel& white);

}  // namespace microtome::tissue
