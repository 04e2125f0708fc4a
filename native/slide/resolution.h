// Microns per level-0 pixel, from the caller or from the file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "slide/slide.h"
#include "slide/tiff_directory.h"

namespace microtome::slide {

class TiffRules;
struct SlidePage;

// Of the option. Throws INVALID_OPTION unless it is a finite number above zero.
[[nodiscard]] Mpp chosen_mpp(double option);

// In this order: the option, what the dialect reads, the TIFF resolution tags. Throws INVALID_OPTION for an option that
// is not a finite number above zero. The metadata column of a run is the caller's business: it comes in as the option.
// A number that is there but no resolution (zero, negative, infinite, damaged) counts as absent, and `warnings` gets a
// line that says so.
[[nodiscard]] std::optional<Mpp> resolve_mpp(const SlidePage& slide, const TiffRules& rules,
                                             std::optional<double> option, std::vector<std::string>& warnings);

// Microns per pixel that a file states, in words that `source` names; trusted where a microscope may have them.
[[nodiscard]] Mpp stated_mpp(double x_um, double y_um, const char* source);

}  // namespace microtome::slide
