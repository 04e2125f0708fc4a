// The half precision conversions against their definition: the nearest representable value, ties to the even one.
#include "preprocess/float16.h"

#include <cmath>
#include <limits>

#include "test/check.h"

using microtome::preprocess::float_to_half;
using microtome::preprocess::half_to_float;

namespace {

float from_definition(std::uint16_t half) {
  const int exponent = (half >> 10) & 31;
  const float mantissa = static_cast<float>(half & 1023);
  const float magnitude = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(mantissa + 1024.0f, exponent - 25);
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

}  // namespace

TEST(every_finite_half_is_the_float_it_stands_for_and_survives_the_round_trip) {
  int wrong = 0;
  for (std::uint32_t h = 0; h < 0x10000; ++h) {
    const auto half = static_cast<std::uint16_t>(h);
    if ((half & 0x7c00) == 0x7c00) continue;
    const float value = half_to_float(half);
    if (value != from_definition(half) || std::signbit(value) != ((half & 0x8000) != 0)) ++wrong;
    if (float_to_half(value) != half) ++wrong;
  }
  CHECK_EQ(wrong, 0);
}

TEST(rounding_is_to_nearest_and_ties_go_to_even) {
  int wrong = 0;
  for (std::uint16_t half = 0; half < 0x7bff; ++half) {
    const float low = half_to_float(half);
    const float high = half_to_float(static_cast<std::uint16_t>(half + 1));
    const float middle = low + (high - low) / 2;  // exact: a float has 13 bits to spare
    const auto even = static_cast<std::uint16_t>((half & 1) == 0 ? half : half + 1);
    if (float_to_half(middle) != even) ++wrong;
    if (float_to_half(std::nextafter(middle, low)) != half) ++wrong;
    if (float_to_half(std::nextafter(middle, high)) != half + 1) ++wrong;
    if (float_to_half(-middle) != (even | 0x8000)) ++wrong;
  }
  CHECK_EQ(wrong, 0);
}

TEST(the_edges_of_the_range) {
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK_EQ(float_to_half(65504.0f), 0x7bff);
  CHECK_EQ(float_to_half(std::nextafter(65520.0f, 0.0f)), 0x7bff);
  CHECK_EQ(float_to_half(65520.0f), 0x7c00);
  CHECK_EQ(float_to_half(infinity), 0x7c00);
  CHECK_EQ(float_to_half(-infinity), 0xfc00);
  CHECK_EQ(float_to_half(0x1p-25f), 0);
  CHECK_EQ(float_to_half(std::nextafter(0x1p-25f, 1.0f)), 1);
  CHECK_EQ(float_to_half(std::numeric_limits<float>::denorm_min()), 0);
  CHECK_EQ(float_to_half(-0.0f), 0x8000);
  CHECK_EQ(half_to_float(0x7c00), infinity);
  CHECK(std::isnan(half_to_float(float_to_half(std::numeric_limits<float>::quiet_NaN()))));
}

TEST_MAIN
