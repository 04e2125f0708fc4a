// Values of outputs whose type is known by its name, as TensorInfo says it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace microtome::infer {

// Of one element; 0 for what is no number.
[[nodiscard]] std::size_t element_bytes(const std::string& type) noexcept;

// Appends `count` elements at `data` to `out`. Throws INTERNAL where the type is no number.
void append_as_double(const std::string& type, const void* data, std::size_t count, std::vector<double>& out);

}  // namespace microtome::infer
