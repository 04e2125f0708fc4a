// RGB tiles to model input tensors: optional antialiased resize, then scaling, mean/std, channel order, layout and
// element type in one vectorised pass with run-time dispatch. Pure functions; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/image.h"
#include "core/simd.h"

namespace microtome::preprocess {

enum class Layout : std::uint8_t { Nchw, Nhwc };
enum class ChannelOrder : std::uint8_t { Rgb, Bgr };
enum class ElementType : std::uint8_t { Float32, Float16, Uint8 };

struct TensorFormat {
  std::int64_t size_px = 224;  // side of the square model input
  Layout layout = Layout::Nchw;
  ChannelOrder order = ChannelOrder::Rgb;
  ElementType type = ElementType::Float32;
  // value = (sample * scale - mean[c]) / std[c], c in the model's channel order; Uint8 ignores all three.
  double scale = 1.0 / 255.0;
  std::array<double, 3> mean{0, 0, 0};
  std::array<double, 3> std{1, 1, 1};
  // A hint: nobody reads the tensor soon, so it need not stay in the caches. The values are the same.
  bool read_later = false;
  // Of rows that are tensors already, without the axis of the batch; of the fields above only the type counts then.
  // Empty: a row is the tensor of a square tile.
  std::vector<std::int64_t> row_shape{};

  [[nodiscard]] std::size_t bytes_per_tile() const noexcept;
  friend bool operator==(const TensorFormat&, const TensorFormat&) = default;
};

// `tile` must be size_px square. Writes bytes_per_tile() bytes. All variants give the same bits.
void to_tensor(const ConstRgbView& tile, const TensorFormat& how, void* out, Simd simd = best_simd());

// A part of a tile, whose upper left pixel is at (x, y) of it: writes these pixels of the tile's tensor, which begins
// at `out`, and no others. A stride of 0 repeats one row.
void to_tensor_part(const ConstRgbView& part, std::int64_t x, std::int64_t y, const TensorFormat& how, void* out,
                    Simd simd = best_simd());

// The same for a picture of any sides, in its own size: size_px is not looked at. Writes tensor_bytes() bytes.
[[nodiscard]] std::size_t tensor_bytes(std::int64_t width_px, std::int64_t height_px, ElementType type) noexcept;
void image_to_tensor(const ConstRgbView& image, const TensorFormat& how, void* out, Simd simd = best_simd());

// Separable triangle filter, widened by the reduction factor (antialiased), 8 bit in and out, rounded half up; the same
// result on every CPU. `out` gives the target size. scratch is used again: between calls of the same sizes nothing is
// computed or allocated anew.
struct ResizeScratch {
  std::array<std::int64_t, 4> sides_px{};  // of the input and the output that the taps are for
  std::vector<float> rows;
  std::vector<float> weights;
  std::vector<std::int32_t> starts;
};
void resize(const RgbView& in, const RgbView& out, ResizeScratch& scratch, Simd simd = best_simd());

// The taps of a resize between sides in the order of ResizeScratch::sides_px. `starts` then has three numbers for each
// output column and, behind these, for each output row: its first input sample, how many, and where their weights
// begin.
void prepare_taps(const std::array<std::int64_t, 4>& sides_px, ResizeScratch& scratch);

}  // namespace microtome::preprocess
