#include "preprocess/preprocess.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>

#include "core/error.h"
#include "preprocess/float16.h"
#include "preprocess/kernels.h"

namespace microtome::preprocess {
namespace {

std::size_t element_bytes(ElementType type) noexcept {
  switch (type) {
    case ElementType::Float32:
      return 4;
    case ElementType::Float16:
      return 2;
    case ElementType::Uint8:
      return 1;
  }
  return 4;
}

Affine affine_of(const TensorFormat& how) noexcept {
  Affine affine{};
  for (std::size_t c = 0; c < 3; ++c) {
    const double factor = how.scale / how.std[c];
    affine.a[c] = static_cast<float>(factor);
    const double rest = factor - static_cast<double>(affine.a[c]);
    affine.a_low[c] = std::isfinite(rest) ? static_cast<float>(rest) : 0.0f;  // the factor may be beyond a float
    affine.b[c] = static_cast<float>(-how.mean[c] / how.std[c]);
  }
  return affine;
}

float value_of(float sample, const Affine& affine, std::size_t channel) {
  return std::fma(sample, affine.a[channel], std::fma(sample, affine.a_low[channel], affine.b[channel]));
}

// Of a tensor.
struct Sides {
  std::int64_t width_px;
  std::int64_t height_px;
};

// The 256 values of each channel, already in the output's element type.
template <typename Value, typename Convert>
void run_by_table(const Job& job, Convert convert) {
  std::array<std::array<Value, 256>, 3> table;
  for (std::size_t c = 0; c < 3; ++c)
    for (int v = 0; v < 256; ++v) table[c][static_cast<std::size_t>(v)] = convert(static_cast<float>(v), job.affine, c);

  const bool planar = job.layout == Layout::Nchw;
  const std::int64_t channel_step = planar ? job.out_plane_px : 1;
  const std::int64_t pixel_step = planar ? 1 : 3;
  for (std::int64_t row = 0; row < job.rows; ++row) {
    const std::uint8_t* in = job.in + row * job.stride_bytes;
    auto* out = static_cast<Value*>(job.out) + row * job.out_row_px * pixel_step;
    for (std::int64_t x = 0; x < job.pixels_per_row; ++x, in += 3, out += pixel_step)
      for (std::size_t c = 0; c < 3; ++c) {
        const std::uint8_t sample = in[job.order == ChannelOrder::Rgb ? c : 2 - c];
        out[static_cast<std::int64_t>(c) * channel_step] = table[c][sample];
      }
  }
}

// Writes the pixels of `part` into a tensor of these sides; `out` is the place of the first one.
void place(const ConstRgbView& part, Sides sides, const TensorFormat& how, void* out, Simd simd) {
  Job job{part.data,
          part.stride_bytes,
          part.width_px,
          part.height_px,
          how.layout,
          how.order,
          how.type,
          affine_of(how),
          out,
          sides.width_px,
          sides.width_px * sides.height_px,
          how.read_later && stores_past_caches_pay()};
  if (part.stride_bytes == 3 * sides.width_px && part.width_px == sides.width_px) {
    job.pixels_per_row = part.width_px * part.height_px;
    job.rows = 1;
  }
#if defined(__x86_64__)
  switch (std::min(simd, best_simd())) {
    case Simd::Avx512:
      return run_avx512(job);
    case Simd::Avx2:
      return run_avx2(job);
    case Simd::Scalar:
      break;
  }
#endif
  run_scalar(job);
}

}  // namespace

void run_scalar(const Job& job) {
  switch (job.type) {
    case ElementType::Float32:
      return run_by_table<float>(job, value_of);
    case ElementType::Float16:
      return run_by_table<std::uint16_t>(
          job, [](float v, const Affine& affine, std::size_t c) { return float_to_half(value_of(v, affine, c)); });
    case ElementType::Uint8:
      return run_by_table<std::uint8_t>(
          job, [](float v, const Affine&, std::size_t) { return static_cast<std::uint8_t>(v); });
  }
}

std::size_t TensorFormat::bytes_per_tile() const noexcept {
  if (!row_shape.empty()) {
    std::size_t values = 1;
    for (const std::int64_t side : row_shape) values *= static_cast<std::size_t>(std::max<std::int64_t>(side, 0));
    return values * element_bytes(type);
  }
  const auto side = static_cast<std::size_t>(std::max<std::int64_t>(size_px, 0));
  return 3 * side * side * element_bytes(type);
}

void to_tensor(const ConstRgbView& tile, const TensorFormat& how, void* out, Simd simd) {
  if (tile.width_px != how.size_px || tile.height_px != how.size_px || how.size_px < 1 ||
      tile.stride_bytes < 3 * tile.width_px)
    throw Error(Code::INTERNAL, Stage::Preprocess,
                "a tile of " + std::to_string(tile.width_px) + " x " + std::to_string(tile.height_px) +
                    " pixels came where the model takes " + std::to_string(how.size_px) + " x " +
                    std::to_string(how.size_px));
  to_tensor_part(tile, 0, 0, how, out, simd);
}

void to_tensor_part(const ConstRgbView& part, std::int64_t x, std::int64_t y, const TensorFormat& how, void* out,
                    Simd simd) {
  const std::int64_t size = how.size_px;
  const bool inside = x >= 0 && y >= 0 && part.width_px >= 0 && part.height_px >= 0 && x <= size - part.width_px &&
                      y <= size - part.height_px;
  if (!inside)
    throw Error(Code::INTERNAL, Stage::Preprocess,
                "a part of " + std::to_string(part.width_px) + " x " + std::to_string(part.height_px) + " pixels at " +
                    std::to_string(x) + ", " + std::to_string(y) + " lies outside a tile of " + std::to_string(size));
  const std::int64_t samples_a_place = how.layout == Layout::Nchw ? 1 : 3;
  const auto skipped = static_cast<std::size_t>(samples_a_place * (y * size + x)) * element_bytes(how.type);
  place(part, {size, size}, how, static_cast<std::uint8_t*>(out) + skipped, simd);
}

std::size_t tensor_bytes(std::int64_t width_px, std::int64_t height_px, ElementType type) noexcept {
  return 3 * static_cast<std::size_t>(width_px) * static_cast<std::size_t>(height_px) * element_bytes(type);
}

void image_to_tensor(const ConstRgbView& image, const TensorFormat& how, void* out, Simd simd) {
  if (image.width_px < 1 || image.height_px < 1 || image.stride_bytes < 3 * image.width_px)
    throw Error(Code::INTERNAL, Stage::Preprocess,
                "an image of " + std::to_string(image.width_px) + " x " + std::to_string(image.height_px) +
                    " pixels cannot become a tensor");
  place(image, {image.width_px, image.height_px}, how, out, simd);
}

}  // namespace microtome::preprocess
