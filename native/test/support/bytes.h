// Pixels as plain bytes, to be compared with what a test expects.
#pragma once

#include <cstdint>
#include <vector>

#include "core/large_memory.h"

namespace microtome::test {

inline std::vector<std::uint8_t> plain(const LargeBytes& bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace microtome::test
