// Launches of the tile kernels with everything that they read and write, for whatever runs kernels. The addresses of a
// launch are those of its buffers in this process, or of copies of them elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gpu/tile_kernel.h"
#include "test/support/kernel_twin.h"

namespace microtome::test {

using Bytes = std::vector<std::uint8_t>;

inline Bytes random_bytes(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  Bytes bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

template <typename Value>
Bytes bytes_of(const Value* values, std::size_t count) {
  Bytes bytes(count * sizeof(Value));
  std::memcpy(bytes.data(), values, bytes.size());
  return bytes;
}

inline std::uint64_t address_of(const Bytes& bytes) { return reinterpret_cast<std::uintptr_t>(bytes.data()); }

// Every layout, order and type of a size, with the normalisation of ImageNet.
inline std::vector<preprocess::TensorFormat> all_formats(std::int64_t size_px) {
  using namespace preprocess;
  std::vector<TensorFormat> all;
  for (const Layout layout : {Layout::Nchw, Layout::Nhwc})
    for (const ChannelOrder order : {ChannelOrder::Rgb, ChannelOrder::Bgr})
      for (const ElementType type : {ElementType::Float32, ElementType::Float16, ElementType::Uint8}) {
        TensorFormat format;
        format.size_px = size_px;
        format.layout = layout;
        format.order = order;
        format.type = type;
        format.mean = {0.485, 0.456, 0.406};
        format.std = {0.229, 0.224, 0.225};
        all.push_back(format);
      }
  return all;
}

inline std::string words_of(const preprocess::TensorFormat& format) {
  return "layout " + std::to_string(static_cast<int>(format.layout)) + ", order " +
         std::to_string(static_cast<int>(format.order)) + ", type " + std::to_string(static_cast<int>(format.type)) +
         ", size " + std::to_string(format.size_px);
}

// Puts bytes where a launch can use them and returns the address.
using Place = std::function<std::uint64_t(const Bytes& bytes)>;

// The buffers of one launch. Neither copied nor moved: their addresses are in the plan.
class KernelCase {
 public:
  static constexpr std::size_t kGuardBytes = 64;
  static constexpr std::uint8_t kGuard = 0xa5;

  KernelCase(const preprocess::TensorFormat& format, std::int64_t tiles, Place place = address_of)
      : format_(format),
        place_(std::move(place)),
        tensor_(static_cast<std::size_t>(tiles) * format.bytes_per_tile() + kGuardBytes, kGuard),
        tensor_address_(place_(tensor_)) {}
  KernelCase(const KernelCase&) = delete;
  KernelCase& operator=(const KernelCase&) = delete;

  // The address of what the launch reads.
  std::uint64_t keep(Bytes bytes) {
    inputs_.push_back(std::move(bytes));
    return place_(inputs_.back());
  }

  [[nodiscard]] gpu::TensorTarget target() {
    if (table_ == 0) table_ = keep(gpu::value_table(format_));
    return {tensor_address_, table_, format_};
  }

  [[nodiscard]] gpu::DeviceTaps taps(const gpu::TapTables& tables) {
    return {keep(bytes_of(tables.ranges().data(), tables.ranges().size())),
            keep(bytes_of(tables.weights().data(), tables.weights().size()))};
  }

  void run_twin(gpu::LaunchPlan& plan) {
    auto params = plan.params();
    if (!twin_launch(plan.function, plan.size, params.data()))
      throw Error(Code::INTERNAL, Stage::Preprocess, std::string("no kernel ") + plan.function);
  }

  // The tensor and the guard behind it.
  [[nodiscard]] Bytes& tensor() noexcept { return tensor_; }
  [[nodiscard]] const std::vector<Bytes>& inputs() const noexcept { return inputs_; }
  [[nodiscard]] const preprocess::TensorFormat& format() const noexcept { return format_; }

  // `bytes` with the guard behind them.
  [[nodiscard]] static Bytes guarded(Bytes bytes) {
    bytes.insert(bytes.end(), kGuardBytes, kGuard);
    return bytes;
  }

 private:
  const preprocess::TensorFormat format_;
  const Place place_;
  std::vector<Bytes> inputs_;
  Bytes tensor_;
  const std::uint64_t tensor_address_;
  std::uint64_t table_ = 0;
};

// Interleaved tiles of random pixels, with `gap_bytes` between rows and between tiles.
struct PixelTiles {
  gpu::PixelBatch batch;
  Bytes pixels;

  PixelTiles(std::int64_t tiles, std::int64_t width_px, std::int64_t height_px, const gpu::Crop& crop,
             std::int64_t gap_bytes, std::uint32_t seed) {
    batch.tiles = tiles;
    batch.width_px = width_px;
    batch.height_px = height_px;
    batch.stride_bytes = 3 * width_px + gap_bytes;
    batch.tile_bytes = height_px * batch.stride_bytes + gap_bytes;
    batch.crop = crop;
    pixels = random_bytes(static_cast<std::size_t>(tiles * batch.tile_bytes), seed);
  }

  [[nodiscard]] ConstRgbView crop_of(std::int64_t tile) const {
    return {pixels.data() + tile * batch.tile_bytes + batch.crop.y * batch.stride_bytes + 3 * batch.crop.x,
            batch.crop.width_px, batch.crop.height_px, batch.stride_bytes};
  }

  [[nodiscard]] gpu::LaunchPlan plan(KernelCase& one) const {
    gpu::PixelBatch from = batch;
    from.pixels = one.keep(pixels);
    const std::int64_t size = one.format().size_px;
    if (batch.crop.width_px == size && batch.crop.height_px == size) return gpu::launch_pixels(from, one.target());
    gpu::TapTables tables;
    tables.entry(batch.crop.width_px, batch.crop.height_px, size);
    return gpu::launch_pixels(from, one.target(), one.taps(tables));
  }
};

// What the CPU makes of a tile of any size, the guard behind it not included.
inline Bytes tensor_on_cpu(const ConstRgbView& tile, const preprocess::TensorFormat& format) {
  RgbImage copy(tile.width_px, tile.height_px), sized(format.size_px, format.size_px);
  for (std::int64_t y = 0; y < tile.height_px; ++y)
    std::memcpy(copy.view().row(y), tile.row(y), static_cast<std::size_t>(3 * tile.width_px));
  preprocess::ResizeScratch scratch;
  preprocess::resize(copy.view(), sized.view(), scratch);
  Bytes tensor(format.bytes_per_tile());
  preprocess::to_tensor(ConstRgbView(sized.view()), format, tensor.data());
  return tensor;
}

}  // namespace microtome::test
