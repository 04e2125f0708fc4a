// What a graph calls the free first side of its only input. The runtime can be told how long a side of that name is,
// but only before it loads the graph, and it tells the name only afterwards: the name is read from the file's bytes.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace microtome::infer {

// Empty: the side is fixed or has no name, the graph has not one input, or the bytes are not understood.
[[nodiscard]] std::string free_first_side(std::span<const std::byte> graph);

}  // namespace microtome::infer
