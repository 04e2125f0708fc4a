#pragma once

#include <array>

namespace microtome::gpu {

// How many threads a launch has: blocks of the grid, and threads of a block, along three axes.
struct LaunchSize {
  std::array<unsigned, 3> grid{1, 1, 1};
  std::array<unsigned, 3> block{1, 1, 1};
};

}  // namespace microtome::gpu
