// The units of length that descriptions of slides are written with.
#pragma once

#include <optional>
#include <string_view>

namespace microtome::slide {

// Micrometres in one of a unit of the OME schema ("um" with either micro sign, "nm", "mm", "in", ...), as it stands in
// the XML: character references are understood. Nothing for what is no length: "pixel", "reference frame", any other
// text.
[[nodiscard]] std::optional<double> micrometres_per_unit(std::string_view unit);

}  // namespace microtome::slide
