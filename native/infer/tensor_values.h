// Tensor elements of any numeric type as doubles.
#pragma once

#include <cstddef>
#include <vector>

#include "infer/ort_api.h"

namespace microtome::infer {

// False for strings, complex numbers and packed types.
[[nodiscard]] bool is_numeric(ort::ElementType type) noexcept;

// Appends `count` elements at `data` to `out`. The type must be numeric.
void append_as_double(ort::ElementType type, const void* data, std::size_t count, std::vector<double>& out);

}  // namespace microtome::infer
