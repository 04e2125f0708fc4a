// What the variants of the preprocessing pass share. Internal to this folder.
//
// The definition, the same in every variant: value = fma(sample, a, fma(sample, a_low, b)) in single precision, with
// a + a_low = scale / std (the second float holds what the first cannot) and b = -mean / std, computed in double.
// Without a mean this is the correctly rounded quotient: scale 1/255 gives what a division by 255 gives. Half precision
// is that value rounded to nearest even. A fused multiply-add has one correct result, so hardware and library agree to
// the last bit.
#pragma once

#include <array>
#include <cstdint>

#include "core/image.h"
#include "preprocess/preprocess.h"

namespace microtome::preprocess {

// Coefficients by channel of the model's order.
struct Affine {
  std::array<float, 3> a;
  std::array<float, 3> a_low;
  std::array<float, 3> b;
};

// One rectangle's work: `pixels_per_row` * `rows` pixels. Where neither side has gaps between its rows it is one long
// row.
struct Job {
  const std::uint8_t* in;
  std::int64_t stride_bytes;
  std::int64_t pixels_per_row;
  std::int64_t rows;
  Layout layout;
  ChannelOrder order;
  ElementType type;
  Affine affine;
  void* out;                  // the first pixel's place: in the first plane, or its first sample
  std::int64_t out_row_px;    // from one row's place to the next
  std::int64_t out_plane_px;  // from one plane to the next
  bool past_caches = false;   // planar floats only
};

void run_scalar(const Job& job);
#if defined(__x86_64__)
void run_avx2(const Job& job);    // needs AVX2, FMA and F16C
void run_avx512(const Job& job);  // needs AVX-512 F and BW as well; planar floats only, the rest goes to run_avx2
#endif

}  // namespace microtome::preprocess
