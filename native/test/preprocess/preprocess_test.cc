// All variants of the preprocessing pass give the same bits as the definition, for every byte value, layout, channel
// order, element type and size.
#include "preprocess/preprocess.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <tuple>
#include <utility>
#include <vector>

#include "preprocess/float16.h"
#include "test/check.h"

using namespace microtome;
using namespace microtome::preprocess;

namespace {

const std::vector<Simd> kAllSimd = {Simd::Scalar, Simd::Avx2, Simd::Avx512};

TensorFormat imagenet(std::int64_t size_px) {
  TensorFormat how;
  how.size_px = size_px;
  how.mean = {0.485, 0.456, 0.406};
  how.std = {0.229, 0.224, 0.225};
  return how;
}

float defined_value(const TensorFormat& how, std::size_t channel, std::uint8_t sample) {
  const double factor = how.scale / how.std[channel];
  const auto a = static_cast<float>(factor);
  const float a_low = std::isinf(a) ? 0.0f : static_cast<float>(factor - double{a});
  const auto b = static_cast<float>(-how.mean[channel] / how.std[channel]);
  const auto value = static_cast<float>(sample);
  return std::fma(value, a, std::fma(value, a_low, b));
}

// Written from the definition, one value at a time.
std::vector<std::uint8_t> expected_tensor(const RgbView& tile, const TensorFormat& how) {
  const std::int64_t width = tile.width_px, height = tile.height_px;
  std::vector<std::uint8_t> out(tensor_bytes(width, height, how.type));
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x)
      for (std::int64_t c = 0; c < 3; ++c) {
        const std::uint8_t sample = tile.row(y)[3 * x + (how.order == ChannelOrder::Rgb ? c : 2 - c)];
        const std::int64_t at = how.layout == Layout::Nchw ? (c * height + y) * width + x : (y * width + x) * 3 + c;
        const float value = defined_value(how, static_cast<std::size_t>(c), sample);
        const std::uint16_t half = float_to_half(value);
        switch (how.type) {
          case ElementType::Float32:
            std::memcpy(out.data() + 4 * at, &value, 4);
            break;
          case ElementType::Float16:
            std::memcpy(out.data() + 2 * at, &half, 2);
            break;
          case ElementType::Uint8:
            out[static_cast<std::size_t>(at)] = sample;
        }
      }
  return out;
}

// Every layout, order and type of `tile`, with guard bytes after the tensor.
using Write = void (*)(const ConstRgbView& tile, const TensorFormat& how, void* out, Simd simd);
void compare_all(const RgbView& tile, TensorFormat how, Write write = to_tensor) {
  for (const Layout layout : {Layout::Nchw, Layout::Nhwc})
    for (const ChannelOrder order : {ChannelOrder::Rgb, ChannelOrder::Bgr})
      for (const ElementType type : {ElementType::Float32, ElementType::Float16, ElementType::Uint8}) {
        how.layout = layout;
        how.order = order;
        how.type = type;
        std::vector<std::uint8_t> expected = expected_tensor(tile, how);
        expected.insert(expected.end(), 64, 0xa5);
        for (const Simd simd : kAllSimd) {
          std::vector<std::uint8_t> got(expected.size(), 0xa5), later = got;
          how.read_later = false;
          write(tile, how, got.data(), simd);
          how.read_later = true;
          write(tile, how, later.data(), simd);
          if (got != expected || later != expected)
            test::fail(__FILE__, __LINE__,
                       "variant " + std::to_string(static_cast<int>(simd)) + " differs at size " +
                           std::to_string(tile.width_px) + " x " + std::to_string(tile.height_px) + ", layout " +
                           std::to_string(static_cast<int>(layout)) + ", order " +
                           std::to_string(static_cast<int>(order)) + ", type " +
                           std::to_string(static_cast<int>(type)));
        }
      }
}

// The tile ends exactly where its buffer ends, so that a sanitizer sees any byte read beyond it.
std::vector<std::uint8_t> random_bytes(std::size_t count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::uint8_t> bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

}  // namespace

TEST(every_byte_value_of_every_channel_is_as_defined) {
  std::vector<std::uint8_t> bytes;
  for (int v = 0; v < 256; ++v)
    for (int c = 0; c < 3; ++c) bytes.push_back(static_cast<std::uint8_t>(v + 85 * c));
  const RgbView tile{bytes.data(), 16, 16, 48};
  compare_all(tile, imagenet(16));
  TensorFormat odd = imagenet(16);
  odd.scale = 0.0173;
  odd.mean = {-3, 117.5, 1e-6};
  odd.std = {-0.5, 57.375, 1e-3};
  compare_all(tile, odd);
  odd.std = {1e-41, 1e9, 70000};  // infinities and subnormal halves
  compare_all(tile, odd);
}

TEST(odd_sizes_and_rows_with_gaps) {
  for (const std::int64_t size : {1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 97, 224, 299}) {
    auto packed = random_bytes(static_cast<std::size_t>(3 * size * size), static_cast<std::uint32_t>(size));
    compare_all({packed.data(), size, size, 3 * size}, imagenet(size));
    const std::int64_t stride = 3 * size + 13;
    auto gaps =
        random_bytes(static_cast<std::size_t>(stride * (size - 1) + 3 * size), static_cast<std::uint32_t>(size) + 1);
    compare_all({gaps.data(), size, size, stride}, imagenet(size));
  }
}

// A tile cut at `cut_x` and `cut_y`, each part alone into a tensor of guard bytes: together they are the tile's tensor,
// and no part writes a byte of another.
void compare_parts(const RgbView& tile, const TensorFormat& how, std::int64_t cut_x, std::int64_t cut_y) {
  const std::int64_t size = how.size_px;
  const std::vector<std::uint8_t> expected = expected_tensor(tile, how);
  for (const Simd simd : kAllSimd) {
    std::vector<std::uint8_t> together(expected.size() + 64, 0xa5);
    std::size_t written = 0;
    for (const std::int64_t x : {std::int64_t{0}, cut_x})
      for (const std::int64_t y : {std::int64_t{0}, cut_y}) {
        const std::int64_t width = x == 0 ? cut_x : size - cut_x, height = y == 0 ? cut_y : size - cut_y;
        const ConstRgbView part{tile.row(y) + 3 * x, width, height, tile.stride_bytes};
        std::vector<std::uint8_t> first(together.size(), 0x00), second(together.size(), 0xff);
        to_tensor_part(part, x, y, how, first.data(), simd);
        to_tensor_part(part, x, y, how, second.data(), simd);
        to_tensor_part(part, x, y, how, together.data(), simd);
        for (std::size_t i = 0; i < first.size(); ++i) written += first[i] == second[i];
      }
    CHECK_EQ(written, expected.size());
    CHECK(std::equal(expected.begin(), expected.end(), together.begin()));
    CHECK(std::all_of(together.begin() + static_cast<std::ptrdiff_t>(expected.size()), together.end(),
                      [](std::uint8_t guard) { return guard == 0xa5; }));
  }
}

TEST(images_of_any_sides_are_as_defined) {
  for (const auto& [width, height, gap] :
       {std::tuple{1, 1, 0}, {1, 40, 0}, {40, 1, 0}, {33, 17, 0}, {64, 48, 0}, {100, 37, 5}, {224, 160, 0}}) {
    auto bytes = random_bytes(static_cast<std::size_t>((3 * width + gap) * height), 5);
    compare_all({bytes.data(), width, height, 3 * width + gap}, imagenet(7), image_to_tensor);
  }
  std::vector<float> out(3);
  CHECK_THROWS(INTERNAL, image_to_tensor({nullptr, 0, 4, 0}, imagenet(7), out.data()));
}

TEST(parts_make_the_whole_and_nothing_else) {
  for (const std::int64_t size : {2, 9, 33, 64, 224}) {
    const auto bytes = random_bytes(static_cast<std::size_t>(3 * size * size), static_cast<std::uint32_t>(size) + 7);
    std::vector<std::uint8_t> copy = bytes;
    for (const Layout layout : {Layout::Nchw, Layout::Nhwc})
      for (const ChannelOrder order : {ChannelOrder::Rgb, ChannelOrder::Bgr})
        for (const ElementType type : {ElementType::Float32, ElementType::Float16, ElementType::Uint8}) {
          TensorFormat how = imagenet(size);
          how.layout = layout;
          how.order = order;
          how.type = type;
          for (const std::int64_t cut : {std::int64_t{1}, size / 2, size - 1})
            compare_parts({copy.data(), size, size, 3 * size}, how, cut, size - cut);
        }
  }
}

TEST(a_stride_of_zero_repeats_a_row) {
  const TensorFormat how = imagenet(16);
  std::vector<std::uint8_t> row = random_bytes(48, 3), tile;
  for (int i = 0; i < 16; ++i) tile.insert(tile.end(), row.begin(), row.end());
  for (const Simd simd : kAllSimd) {
    std::vector<std::uint8_t> got(how.bytes_per_tile());
    to_tensor_part({row.data(), 16, 16, 0}, 0, 0, how, got.data(), simd);
    CHECK(got == expected_tensor({tile.data(), 16, 16, 48}, how));
  }
}

TEST(a_part_outside_the_tile_is_refused) {
  std::vector<std::uint8_t> bytes(3 * 8 * 8);
  std::vector<float> out(3 * 16 * 16);
  for (const auto& at : {std::pair{9, 0}, std::pair{0, 9}, std::pair{-1, 0}, std::pair{0, -1}})
    CHECK_THROWS(INTERNAL, to_tensor_part({bytes.data(), 8, 8, 24}, at.first, at.second, imagenet(16), out.data()));
}

TEST(scale_one_mean_zero_std_one_gives_exact_integers) {
  auto bytes = random_bytes(3 * 31 * 31, 5);
  TensorFormat how;
  how.size_px = 31;
  how.scale = 1;
  for (const Simd simd : kAllSimd) {
    std::vector<float> out(3 * 31 * 31);
    to_tensor({bytes.data(), 31, 31, 93}, how, out.data(), simd);
    for (std::size_t i = 0; i < 31 * 31; ++i)
      for (std::size_t c = 0; c < 3; ++c) CHECK_EQ(out[c * 31 * 31 + i], static_cast<float>(bytes[3 * i + c]));
    for (const float value : out) CHECK(!std::signbit(value));
  }
}

TEST(values_are_close_to_the_formula_in_double_precision) {
  const TensorFormat how = imagenet(1);
  for (std::size_t c = 0; c < 3; ++c)
    for (int v = 0; v < 256; ++v) {
      const double exact = (v * how.scale - how.mean[c]) / how.std[c];
      const double magnitude = (v * how.scale + how.mean[c]) / how.std[c];
      CHECK(std::abs(double{defined_value(how, c, static_cast<std::uint8_t>(v))} - exact) <= 1.2e-7 * magnitude);
    }
}

TEST(without_a_mean_the_value_is_the_correctly_rounded_quotient) {
  std::vector<std::uint8_t> bytes(3 * 16 * 16);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i / 3);
  TensorFormat how;
  how.size_px = 16;
  how.std = {1, 0.5, 0.229};
  for (const Simd simd : kAllSimd) {
    std::vector<float> out(3 * 16 * 16);
    to_tensor({bytes.data(), 16, 16, 48}, how, out.data(), simd);
    for (std::size_t c = 0; c < 3; ++c)
      for (std::size_t v = 0; v < 256; ++v)
        CHECK_EQ(out[256 * c + v], static_cast<float>(static_cast<double>(v) / 255.0 / how.std[c]));
  }
}

TEST(bytes_per_tile_follows_the_element_type) {
  TensorFormat how;
  how.size_px = 224;
  CHECK_EQ(how.bytes_per_tile(), std::size_t{602112});
  how.type = ElementType::Float16;
  CHECK_EQ(how.bytes_per_tile(), std::size_t{301056});
  how.type = ElementType::Uint8;
  CHECK_EQ(how.bytes_per_tile(), std::size_t{150528});
}

TEST(a_tile_of_another_size_is_refused) {
  std::vector<std::uint8_t> bytes(3 * 8 * 8);
  std::vector<float> out(3 * 16 * 16);
  CHECK_THROWS(INTERNAL, to_tensor({bytes.data(), 8, 8, 24}, imagenet(16), out.data()));
}

TEST_MAIN
