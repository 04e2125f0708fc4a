// The extent of a kernel's grid, in blocks, or of a block, in threads.
#pragma once

namespace microtome::gpu {

struct Dim3 {
  unsigned x = 1;
  unsigned y = 1;
  unsigned z = 1;
};

}  // namespace microtome::gpu
