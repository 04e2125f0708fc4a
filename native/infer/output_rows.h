// Is an output one row per tile?
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"

namespace microtome::infer {

// Values per tile, or 0 when `shape` is not one row per tile, or the row is longer than a million values. Unknown sides
// count as one.
[[nodiscard]] std::int64_t row_length(const std::vector<std::int64_t>& shape, std::int64_t tiles);

// OUTPUT_SHAPE, for an output whose row_length() is 0.
[[nodiscard]] Error wrong_shape(const std::string& name, const std::vector<std::int64_t>& shape, std::int64_t tiles);

}  // namespace microtome::infer
