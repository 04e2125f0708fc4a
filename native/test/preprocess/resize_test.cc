#include <cmath>
#include <random>
#include <vector>

#include "preprocess/preprocess.h"
#include "test/check.h"

using namespace microtome;
using namespace microtome::preprocess;

namespace {

RgbImage random_image(std::int64_t width, std::int64_t height, std::uint32_t seed) {
  std::mt19937 random(seed);
  RgbImage image(width, height);
  for (auto& byte : image.data) byte = static_cast<std::uint8_t>(random());
  return image;
}

RgbImage resized(RgbImage image, std::int64_t width, std::int64_t height) {
  RgbImage out(width, height, 0);
  ResizeScratch scratch;
  resize(image.view(), out.view(), scratch);
  return out;
}

double triangle(double position, double centre, double radius) {
  return std::max(0.0, 1.0 - std::abs(position + 0.5 - centre) / radius);
}

// The two-dimensional filter evaluated directly, in double precision.
double filtered(const RgbImage& in, const RgbImage& out, std::int64_t x, std::int64_t y, std::int64_t channel) {
  const double step_x = double(in.width_px) / double(out.width_px);
  const double step_y = double(in.height_px) / double(out.height_px);
  double sum = 0;
  double weights = 0;
  for (std::int64_t v = 0; v < in.height_px; ++v)
    for (std::int64_t u = 0; u < in.width_px; ++u) {
      const double weight = triangle(double(u), (double(x) + 0.5) * step_x, std::max(1.0, step_x)) *
                            triangle(double(v), (double(y) + 0.5) * step_y, std::max(1.0, step_y));
      sum += weight * in.data[static_cast<std::size_t>(3 * (v * in.width_px + u) + channel)];
      weights += weight;
    }
  return sum / weights;
}

}  // namespace

TEST(equal_sizes_are_copied) {
  const RgbImage image = random_image(37, 21, 1);
  CHECK(resized(image, 37, 21).data == image.data);
}

TEST(the_vector_instructions_do_not_change_a_byte) {
  for (const std::int64_t width : {1, 5, 6, 10, 11, 21, 22, 100, 358, 513}) {
    const RgbImage in = random_image(width, 97, static_cast<std::uint32_t>(width));
    RgbImage plain(61, 40, 0);
    RgbImage best(61, 40, 0);
    ResizeScratch scratch;
    resize(RgbImage(in).view(), plain.view(), scratch, Simd::Scalar);
    resize(RgbImage(in).view(), best.view(), scratch);
    CHECK(plain.data == best.data);
  }
}

TEST(every_pixel_is_the_antialiased_triangle_filter_rounded_half_up) {
  const std::int64_t sizes[][4] = {{40, 30, 20, 15}, {37, 23, 11, 9}, {16, 16, 40, 33}, {31, 7, 31, 3},
                                   {5, 61, 17, 8},   {1, 1, 3, 4},    {64, 64, 1, 1},   {2, 50, 1, 7}};
  for (const auto& [width, height, to_width, to_height] : sizes) {
    const RgbImage in = random_image(width, height, static_cast<std::uint32_t>(width * height));
    const RgbImage out = resized(in, to_width, to_height);
    int wrong = 0;
    for (std::int64_t y = 0; y < to_height; ++y)
      for (std::int64_t x = 0; x < to_width; ++x)
        for (std::int64_t c = 0; c < 3; ++c) {
          const double exact = filtered(in, out, x, y, c);
          const double got = out.data[static_cast<std::size_t>(3 * (y * to_width + x) + c)];
          // Half up, with room for single precision at the boundary only.
          if (got < exact - 0.5 - 1e-4 || got > exact + 0.5 + 1e-4) ++wrong;
        }
    CHECK_EQ(wrong, 0);
  }
}

TEST(halves_round_up) {
  RgbImage in(2, 1);
  in.data = {0, 10, 254, 1, 11, 255};  // means 0.5, 10.5, 254.5
  const RgbImage out = resized(in, 1, 1);
  CHECK_EQ(int{out.data[0]}, 1);
  CHECK_EQ(int{out.data[1]}, 11);
  CHECK_EQ(int{out.data[2]}, 255);
}

TEST(a_flat_image_stays_flat) {
  for (const int value : {0, 1, 127, 254, 255}) {
    const RgbImage out = resized(RgbImage(513, 257, static_cast<std::uint8_t>(value)), 100, 31);
    for (const auto byte : out.data) CHECK_EQ(int{byte}, value);
  }
}

TEST(the_result_is_pinned_bit_for_bit) {
  // Another value here means that scores made before are not made again.
  const RgbImage out = resized(random_image(301, 203, 42), 97, 64);
  std::uint64_t hash = 1469598103934665603u;
  for (const auto byte : out.data) hash = (hash ^ byte) * 1099511628211u;
  CHECK_EQ(hash, std::uint64_t{12294358001617555639u});
}

TEST(windows_of_larger_images_are_respected) {
  RgbImage in = random_image(64, 48, 9);
  RgbImage out(40, 40, 7);
  ResizeScratch scratch;
  const RgbView from{in.view().row(8) + 3 * 16, 32, 32, 3 * 64};
  resize(from, {out.view().row(4) + 3 * 4, 16, 16, 3 * 40}, scratch);
  RgbImage cut(32, 32);
  for (std::int64_t y = 0; y < 32; ++y) std::copy_n(from.row(y), 96, cut.view().row(y));
  const RgbImage expected = resized(cut, 16, 16);
  for (std::int64_t y = 0; y < 40; ++y)
    for (std::int64_t x = 0; x < 40; ++x) {
      const bool inside = x >= 4 && x < 20 && y >= 4 && y < 20;
      for (std::int64_t c = 0; c < 3; ++c) {
        const int want = inside ? expected.data[static_cast<std::size_t>(3 * ((y - 4) * 16 + x - 4) + c)] : 7;
        CHECK_EQ(int{out.data[static_cast<std::size_t>(3 * (y * 40 + x) + c)]}, want);
      }
    }
}

TEST(the_largest_sides_work_and_larger_ones_are_refused) {
  const RgbImage out = resized(RgbImage(65535, 1, 9), 3, 2);
  for (const auto byte : out.data) CHECK_EQ(int{byte}, 9);
  CHECK_EQ(resized(RgbImage(1, 2, 9), 65535, 1).data.size(), std::size_t{3 * 65535});
  RgbImage small(1, 1);
  ResizeScratch scratch;
  CHECK_THROWS(LIMIT_EXCEEDED, resize({small.data.data(), 65536, 1, 3 * 65536}, small.view(), scratch));
  CHECK_THROWS(LIMIT_EXCEEDED, resize(small.view(), {small.data.data(), 0, 1, 0}, scratch));
}

TEST_MAIN
