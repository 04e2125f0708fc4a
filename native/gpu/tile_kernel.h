// The kernels that turn 8-bit pixels on a device into the tensor of a model, seen from the host: their PTX, the data
// that they read, and how each is launched. Nothing here calls the driver. Pure functions; any thread.
//
// A launch reads pixels, a table of values and, where it resizes, taps; it writes the tensor. The caller puts all of
// them into the device's memory before, and keeps them until the launch is done.
//
//   value_table(format)        bytes of the table
//   TapTables                  bytes of the taps and their weights
//   tile_row(image, crop, …)   one TileRow for each tile, where tiles are not alike
//   launch_pixels, launch_rows what to launch
//
// The tensor has the same bits as preprocess::resize and preprocess::to_tensor would give it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/device_handles.h"
#include "gpu/kernels/tile_kernel_args.h"
#include "gpu/launch_size.h"
#include "preprocess/preprocess.h"

namespace microtome::gpu {

// The text that the driver compiles, for compute capability 3.5 and newer. The character behind its last is NUL.
[[nodiscard]] std::string_view tile_kernel_ptx() noexcept;

// One launch: a function of the PTX, how many threads, and its arguments.
class LaunchPlan {
 public:
  LaunchPlan(const char* name, const std::array<unsigned, 3>& grid) noexcept
      : function(name), size{grid, {kBlockColumns, kBlockRows, 1}} {}

  const char* function;
  LaunchSize size;

  // One pointer for each argument, in the order of the function's parameters, as cuLaunchKernel takes them. They point
  // into this plan, and are good while it is neither moved nor changed.
  static constexpr std::size_t kMaxParams = 7;
  [[nodiscard]] std::array<void*, kMaxParams> params() noexcept;

  void add(const void* value, std::size_t bytes);

 private:
  alignas(8) std::array<std::uint8_t, 128> values_{};
  std::array<std::size_t, kMaxParams> offsets_{};
  std::size_t used_ = 0;
  std::size_t count_ = 0;
};

// The 256 values of red, green and blue, each in the element type of `format`: what a tensor holds for a sample. Goes
// to TensorTarget::table. As precise as the CPU: its own code makes them.
[[nodiscard]] std::vector<std::uint8_t> value_table(const preprocess::TensorFormat& format);

// A tensor of tiles, each of them size_px square.
struct TensorTarget {
  DevicePointer tensor = 0;  // address, a multiple of 4
  DevicePointer table = 0;   // address of value_table(), a multiple of 4
  preprocess::TensorFormat format;
};

// The taps of one or several resizes in the two arrays that the kernels read.
class TapTables {
 public:
  // The entry of a resize from these sides to size_px square, made when it is not there yet: what TileRow::taps says.
  // LIMIT_EXCEEDED as preprocess::resize.
  std::uint32_t entry(std::int64_t width_px, std::int64_t height_px, std::int64_t size_px);

  [[nodiscard]] std::span<const TapRange> ranges() const noexcept { return ranges_; }
  [[nodiscard]] std::span<const float> weights() const noexcept { return weights_; }

 private:
  struct Known {
    std::array<std::int64_t, 3> sides_px;
    std::uint32_t entry;
  };
  std::vector<Known> known_;
  std::vector<TapRange> ranges_;
  std::vector<float> weights_;
};

// TapTables in the device's memory: addresses, multiples of 4.
struct DeviceTaps {
  DevicePointer ranges = 0;
  DevicePointer weights = 0;
};

// A rectangle of an image, in pixels: what becomes a tile.
struct Crop {
  std::int64_t x = 0, y = 0, width_px = 0, height_px = 0;
};

// `tiles` images of interleaved RGB, one behind the other, of which the same rectangle is taken.
struct PixelBatch {
  DevicePointer pixels = 0;  // address
  std::int64_t tiles = 0;    // 1 to 65,535
  std::int64_t width_px = 0, height_px = 0;
  std::int64_t stride_bytes = 0;  // from row to row, at least 3 * width_px
  std::int64_t tile_bytes = 0;    // from tile to tile, at least height_px * stride_bytes
  Crop crop;
};

// With `taps` (whose first entry is for the crop's sides) the crop is resized to the tensor's size; without, it must
// have that size. INTERNAL where the batch contradicts itself or the target.
LaunchPlan launch_pixels(const PixelBatch& from, const TensorTarget& to,
                         const std::optional<DeviceTaps>& taps = std::nullopt);

// A decoded image in the device's memory. Chroma planes have (side + 1) / 2 samples where their side is half.
struct DecodedImage {
  TileKind kind = kLumaChroma;
  ChromaKind chroma = kFullChroma;  // of kLumaChroma
  std::int64_t width_px = 0, height_px = 0;
  std::array<DevicePointer, 3> planes{};  // addresses; kInterleaved and kGrey have only the first
  std::array<std::int64_t, 3> stride_bytes{};
};

// The tile that `crop` cuts out of `image`, at place `tile` of the tensor. `taps`: its entry of the tables of a launch
// that resizes. INTERNAL where the crop is not inside the image, or the image contradicts itself.
TileRow tile_row(const DecodedImage& image, const Crop& crop, std::uint32_t tile, std::uint32_t taps = 0);

// Tiles of `count` rows, an array of TileRow at the address `rows` (a multiple of 8). Without `taps` the crop of each
// row must have the tensor's size; with them, the sides of its entry. Each row must have a place of its own in the
// tensor.
LaunchPlan launch_rows(DevicePointer rows, std::int64_t count, const TensorTarget& to,
                       const std::optional<DeviceTaps>& taps = std::nullopt);

}  // namespace microtome::gpu
