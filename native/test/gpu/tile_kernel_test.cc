// The kernels' plain C++ form: bit-equal to the CPU's own pass for interleaved tiles, and near a reference in double
// precision that shares no code with either.
#include "gpu/tile_kernel.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "preprocess/float16.h"
#include "test/check.h"
#include "test/support/kernel_cases.h"

using namespace microtome;
using namespace microtome::gpu;
using namespace microtome::test;
using preprocess::ChannelOrder;
using preprocess::ElementType;
using preprocess::Layout;
using preprocess::TensorFormat;

namespace {

Bytes by_twin(const PixelTiles& tiles, const TensorFormat& format) {
  KernelCase one(format, tiles.batch.tiles);
  LaunchPlan plan = tiles.plan(one);
  one.run_twin(plan);
  return one.tensor();
}

Bytes by_cpu(const PixelTiles& tiles, const TensorFormat& format) {
  Bytes all;
  for (std::int64_t t = 0; t < tiles.batch.tiles; ++t) {
    const Bytes tensor = tensor_on_cpu(tiles.crop_of(t), format);
    all.insert(all.end(), tensor.begin(), tensor.end());
  }
  return KernelCase::guarded(all);
}

void compare(const PixelTiles& tiles, std::int64_t size_px) {
  for (const TensorFormat& format : all_formats(size_px))
    if (by_twin(tiles, format) != by_cpu(tiles, format))
      fail(__FILE__, __LINE__,
           words_of(format) + ": the kernel and the CPU differ for a crop of " +
               std::to_string(tiles.batch.crop.width_px) + " x " + std::to_string(tiles.batch.crop.height_px));
}

// The value of a tensor as a number, from its first byte.
double value_at(const Bytes& tensor, std::size_t index, ElementType type) {
  if (type == ElementType::Uint8) return tensor[index];
  if (type == ElementType::Float16) {
    std::uint16_t half;
    std::memcpy(&half, tensor.data() + 2 * index, 2);
    return preprocess::half_to_float(half);
  }
  float value;
  std::memcpy(&value, tensor.data() + 4 * index, 4);
  return value;
}

// An antialiased triangle at output place `o`, all in double precision, over `in_px` samples that `sample` gives.
template <typename Sample>
double filtered(std::int64_t o, std::int64_t in_px, std::int64_t out_px, Sample&& sample) {
  const double step = static_cast<double>(in_px) / static_cast<double>(out_px), radius = std::max(1.0, step);
  const double centre = (static_cast<double>(o) + 0.5) * step;
  double sum = 0, weights = 0;
  for (std::int64_t i = 0; i < in_px; ++i) {
    const double weight = std::max(0.0, 1.0 - std::abs(static_cast<double>(i) + 0.5 - centre) / radius);
    weights += weight;
    if (weight > 0) sum += weight * sample(i);
  }
  return sum / weights;
}

}  // namespace

TEST(tiles_of_the_models_size_are_the_cpus_bits) {
  for (const std::int64_t size : {1, 7, 8, 31, 32, 33, 65}) compare({3, size, size, {0, 0, size, size}, 0, 1}, size);
}

TEST(a_crop_at_any_place_and_rows_with_gaps) {
  compare({2, 40, 37, {3, 5, 32, 32}, 0, 2}, 32);
  compare({2, 40, 37, {7, 4, 33, 33}, 13, 3}, 33);
  compare({1, 9, 300, {8, 299, 1, 1}, 1, 4}, 1);
}

TEST(resized_tiles_are_the_cpus_bits) {
  compare({2, 64, 64, {0, 0, 64, 64}, 0, 5}, 28);  // smaller, by a fraction
  compare({2, 20, 20, {0, 0, 20, 20}, 5, 6}, 33);  // larger
  compare({1, 50, 41, {4, 3, 45, 32}, 0, 7}, 32);  // one axis only, and a crop
  compare({1, 31, 77, {1, 1, 29, 75}, 3, 8}, 40);  // larger on one axis, smaller on the other
  compare({1, 224, 224, {0, 0, 224, 224}, 0, 9}, 1);
}

TEST(every_byte_of_every_colour_where_values_are_extreme) {
  PixelTiles tiles(1, 16, 16, {0, 0, 16, 16}, 0, 1);
  for (std::size_t i = 0; i < 256; ++i)
    for (std::size_t c = 0; c < 3; ++c) tiles.pixels[3 * i + c] = static_cast<std::uint8_t>(i + 85 * c);
  for (TensorFormat format : all_formats(16)) {
    format.std = {1e-41, 1e9, 70000};  // infinities and subnormal halves
    CHECK(by_twin(tiles, format) == by_cpu(tiles, format));
    format.std = {-0.5, 57.375, 1e-3};
    format.mean = {-3, 117.5, 1e-6};
    CHECK(by_twin(tiles, format) == by_cpu(tiles, format));
  }
}

TEST(values_are_those_of_the_definition_in_double_precision) {
  const PixelTiles tiles(1, 19, 19, {1, 2, 17, 17}, 4, 10);
  for (const TensorFormat& format : all_formats(17)) {
    const Bytes tensor = by_twin(tiles, format);
    double worst = 0;
    for (std::size_t i = 0; i < 17 * 17 * 3; ++i) {
      const bool planar = format.layout == Layout::Nchw;
      const std::size_t pixel = planar ? i % (17 * 17) : i / 3, channel = planar ? i / (17 * 17) : i % 3;
      const std::size_t colour = format.order == ChannelOrder::Rgb ? channel : 2 - channel;
      const double sample = tiles.crop_of(0).row(static_cast<std::int64_t>(pixel / 17))[3 * (pixel % 17) + colour];
      const double wanted =
          format.type == ElementType::Uint8 ? sample : (sample / 255.0 - format.mean[channel]) / format.std[channel];
      worst = std::max(worst, std::abs(value_at(tensor, i, format.type) - wanted));
    }
    // Single precision rounds b, the inner and the outer sum, each by half a unit of the last place below 4.
    const double allowed = format.type == ElementType::Float32   ? 3.6e-7
                           : format.type == ElementType::Float16 ? 1e-3
                                                                 : 0;
    if (worst > allowed) fail(__FILE__, __LINE__, words_of(format) + ": off by " + std::to_string(worst));
  }
}

TEST(a_resize_is_within_one_grey_level_of_double_precision_and_nearly_always_equal) {
  const PixelTiles tiles(1, 61, 47, {0, 0, 61, 47}, 0, 11);
  TensorFormat format;
  format.size_px = 23;
  format.layout = Layout::Nhwc;
  format.type = ElementType::Uint8;
  const Bytes tensor = by_twin(tiles, format);
  int off = 0;
  for (std::int64_t y = 0; y < 23; ++y)
    for (std::int64_t x = 0; x < 23; ++x)
      for (std::int64_t c = 0; c < 3; ++c) {
        const double wanted = filtered(x, 61, 23, [&](std::int64_t i) {
          return filtered(y, 47, 23,
                          [&](std::int64_t k) { return static_cast<double>(tiles.crop_of(0).row(k)[3 * i + c]); });
        });
        const int got = tensor[static_cast<std::size_t>((y * 23 + x) * 3 + c)];
        CHECK(std::abs(got - wanted) < 0.501);  // half a level, and the error of single precision
        off += got != static_cast<int>(std::floor(wanted + 0.5));
      }
  CHECK(off <= 1);
}

TEST(a_launch_covers_the_tensor_with_whole_blocks) {
  const PixelTiles tiles(5, 65, 65, {0, 0, 65, 65}, 0, 12);
  for (const TensorFormat& format : all_formats(65)) {
    KernelCase one(format, 5);
    const LaunchPlan plan = tiles.plan(one);
    CHECK_EQ(plan.size.grid[0] * plan.size.block[0], 96u);
    CHECK_EQ(plan.size.grid[1] * plan.size.block[1], 72u);
    CHECK_EQ(plan.size.grid[2] * plan.size.block[2], 5u);
  }
}

TEST(each_launch_names_a_function_of_the_ptx) {
  for (const TwinKernel& one : kTwinKernels)
    CHECK(tile_kernel_ptx().find(".visible .entry " + std::string(one.name) + "(") != std::string_view::npos);
  std::size_t entries = 0;
  for (std::size_t at = 0; (at = tile_kernel_ptx().find(".entry ", at)) != std::string_view::npos; ++at) ++entries;
  CHECK_EQ(entries, kTwinKernels.size());
  CHECK_EQ(tile_kernel_ptx().data()[tile_kernel_ptx().size()], '\0');
  CHECK(tile_kernel_ptx().find('\0') == std::string_view::npos);
  CHECK(tile_kernel_ptx().find("\n.version 3.2\n.target sm_35\n.address_size 64\n") != std::string_view::npos);
}

TEST(a_plan_holds_so_many_arguments_and_no_more) {
  LaunchPlan plan("k", {1, 1, 1});
  for (std::uint32_t i = 0; i < LaunchPlan::kMaxParams; ++i) plan.add(&i, sizeof i);
  const auto params = plan.params();
  for (std::uint32_t i = 0; i < LaunchPlan::kMaxParams; ++i) CHECK_EQ(*static_cast<std::uint32_t*>(params[i]), i);
  CHECK_THROWS(INTERNAL, plan.add(&plan, 1));
  LaunchPlan other("k", {1, 1, 1});
  const std::array<std::uint8_t, 129> large{};
  CHECK_THROWS(INTERNAL, other.add(large.data(), large.size()));
}

TEST(taps_of_the_same_sides_are_made_once) {
  TapTables tables;
  CHECK_EQ(tables.entry(64, 48, 32), 0u);
  CHECK_EQ(tables.entry(30, 30, 20), 64u);
  CHECK_EQ(tables.entry(64, 48, 32), 0u);
  CHECK_EQ(tables.ranges().size(), 64u + 40u);
  CHECK_THROWS(LIMIT_EXCEEDED, tables.entry(0, 5, 5));
  CHECK_THROWS(LIMIT_EXCEEDED, tables.entry(5, 65536, 5));
  CHECK_EQ(tables.ranges().size(), 64u + 40u);
}

TEST(a_batch_that_contradicts_itself_is_refused) {
  const PixelTiles tiles(2, 40, 40, {4, 4, 32, 32}, 0, 13);
  TensorFormat format;
  format.size_px = 32;
  KernelCase one(format, 2);
  const TensorTarget to = one.target();
  PixelBatch good = tiles.batch;
  good.pixels = one.keep(tiles.pixels);
  launch_pixels(good, to);
  const auto refused = [&](auto&& change) {
    PixelBatch from = good;
    TensorTarget target = to;
    change(from, target);
    CHECK_THROWS(INTERNAL, launch_pixels(from, target));
  };
  refused([](PixelBatch& from, TensorTarget&) { from.pixels = 0; });
  refused([](PixelBatch& from, TensorTarget&) { from.tiles = 0; });
  refused([](PixelBatch& from, TensorTarget&) { from.tiles = 65536; });
  refused([](PixelBatch& from, TensorTarget&) { from.crop.x = 9; });
  refused([](PixelBatch& from, TensorTarget&) { from.crop.y = -1; });
  refused([](PixelBatch& from, TensorTarget&) { from.crop.width_px = 31; });
  refused([](PixelBatch& from, TensorTarget&) { from.crop.x = INT64_MAX; });
  refused([](PixelBatch& from, TensorTarget&) { from.stride_bytes = 119; });
  refused([](PixelBatch& from, TensorTarget&) { from.tile_bytes = 40 * 120 - 1; });
  refused([](PixelBatch& from, TensorTarget&) { from.height_px = 0; });
  refused([](PixelBatch&, TensorTarget& target) { target.table = 0; });
  refused([](PixelBatch&, TensorTarget& target) { target.tensor += 2; });
  refused([](PixelBatch&, TensorTarget& target) { target.format.size_px = 0; });
  refused([](PixelBatch& from, TensorTarget& target) {
    target.format.size_px = 20000;
    from.crop.width_px = from.crop.height_px = 20000;
  });
  CHECK_THROWS(INTERNAL, launch_pixels(good, to, DeviceTaps{0, 4}));
  CHECK_THROWS(INTERNAL, launch_pixels(good, to, DeviceTaps{2, 4}));
}

TEST_MAIN
