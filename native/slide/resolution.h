// Microns per level-0 pixel, from the caller or from page 0.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slide/slide.h"
#include "slide/tiff_directory.h"

namespace microtome::slide {

// Of the option. Throws INVALID_OPTION unless it is a finite number above zero.
[[nodiscard]] Mpp chosen_mpp(double option);
// Of a file: two finite numbers above zero, trusted where a microscope could work there.
[[nodiscard]] Mpp stated_mpp(double x, double y, const char* source);

// In this order: the option, Aperio, OME-XML, the TIFF resolution tags. Throws INVALID_OPTION for an option that is not
// a finite number above zero. The metadata column of a run is the caller's business: it comes in as the option.
// A number that is there but no resolution (zero, negative, infinite, damaged) counts as absent, and `warnings` gets a
// line that says so.
[[nodiscard]] std::optional<Mpp> resolve_mpp(const TiffDirectory& page, std::string_view description,
                                             std::optional<double> option, std::vector<std::string>& warnings);

}  // namespace microtome::slide
