// The kernels of tile_kernel.cu compiled as plain C++, launched as the driver launches the real ones: same names, same
// arguments, addresses that are pointers of this process. Runs every thread of the grid, one after the other.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <tuple>
#include <utility>

#include "gpu/tile_kernel.h"

// A sum that is fused with its product would have other bits than the one of the PTX.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC optimize("fp-contract=off")
#endif
#include "gpu/kernels/tile_kernel.cu"
#if !defined(__clang__) && defined(__GNUC__)
#pragma GCC pop_options
#endif

namespace microtome::test {

namespace twin_detail {

template <typename Value>
Value value_at(const void* from) {
  Value value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <typename... Args, std::size_t... kIndex>
void call(void (*kernel)(Args...), const gpu::LaunchSize& size, void** params, std::index_sequence<kIndex...>) {
  const std::tuple<Args...> args{value_at<Args>(params[kIndex])...};
  for (unsigned tile = 0; tile < size.grid[2] * size.block[2]; ++tile)
    for (unsigned row = 0; row < size.grid[1] * size.block[1]; ++row)
      for (unsigned column = 0; column < size.grid[0] * size.block[0]; ++column) {
        gpu::twin_thread = {column, row, tile};
        std::apply(kernel, args);
      }
}

using Launch = void (*)(const gpu::LaunchSize& size, void** params);

template <auto kernel>
void launch(const gpu::LaunchSize& size, void** params) {
  []<typename... Args>(void (*function)(Args...), const gpu::LaunchSize& threads, void** values) {
    call(function, threads, values, std::index_sequence_for<Args...>());
  }(kernel, size, params);
}

}  // namespace twin_detail

struct TwinKernel {
  std::string_view name;
  twin_detail::Launch launch;
};

inline constexpr std::array<TwinKernel, 12> kTwinKernels{{
    {"tile_pixels_f32", twin_detail::launch<gpu::tile_pixels_f32>},
    {"tile_pixels_f16", twin_detail::launch<gpu::tile_pixels_f16>},
    {"tile_pixels_u8", twin_detail::launch<gpu::tile_pixels_u8>},
    {"tile_pixels_resized_f32", twin_detail::launch<gpu::tile_pixels_resized_f32>},
    {"tile_pixels_resized_f16", twin_detail::launch<gpu::tile_pixels_resized_f16>},
    {"tile_pixels_resized_u8", twin_detail::launch<gpu::tile_pixels_resized_u8>},
    {"tile_rows_f32", twin_detail::launch<gpu::tile_rows_f32>},
    {"tile_rows_f16", twin_detail::launch<gpu::tile_rows_f16>},
    {"tile_rows_u8", twin_detail::launch<gpu::tile_rows_u8>},
    {"tile_rows_resized_f32", twin_detail::launch<gpu::tile_rows_resized_f32>},
    {"tile_rows_resized_f16", twin_detail::launch<gpu::tile_rows_resized_f16>},
    {"tile_rows_resized_u8", twin_detail::launch<gpu::tile_rows_resized_u8>},
}};

// False: there is no kernel of this name. The kernels want blocks of kBlockColumns x kBlockRows threads; others give
// wrong places, as on a device.
inline bool twin_launch(std::string_view function, const gpu::LaunchSize& size, void** params) {
  for (const TwinKernel& one : kTwinKernels)
    if (one.name == function) {
      one.launch(size, params);
      return true;
    }
  return false;
}

}  // namespace microtome::test
