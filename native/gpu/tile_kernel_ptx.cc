// The bytes of kernels/tile_kernel.ptx; cmake/Ptx.cmake writes the file that is included.
#include "gpu/tile_kernel.h"

namespace microtome::gpu {
namespace {

constexpr char kText[] = {
#include "gpu/tile_kernel_ptx.inc"
};

}  // namespace

std::string_view tile_kernel_ptx() noexcept { return {kText, sizeof kText - 1}; }

}  // namespace microtome::gpu
