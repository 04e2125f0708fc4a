// Vertical pass first: stored rows (bytes) to one row of floats, then that row horizontally to bytes. Sums run over the
// taps in order, one multiplication and one addition each. Fusing the two would change the last bit between builds, so
// it is switched off for this file. SSE2 is part of every x86-64; AVX2 makes the same sums, twice as many at a time.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>

#include "core/error.h"
#include "core/simd.h"
#include "preprocess/preprocess.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace microtome::preprocess {
namespace {

constexpr std::int64_t kMaxSidePx = 65535;
constexpr int kBand = 4;  // output rows made together

// The taps of one output position along one axis.
struct Taps {
  std::int32_t start;
  std::int32_t count;
  const float* weights;
};

// Appends one axis: for every output position (start, count, offset into weights).
void append_axis(std::int64_t in_px, std::int64_t out_px, ResizeScratch& scratch) {
  const double step = static_cast<double>(in_px) / static_cast<double>(out_px);
  const double radius = std::max(step, 1.0);  // of the triangle, in input pixels
  std::vector<double> raw;
  for (std::int64_t o = 0; o < out_px; ++o) {
    const double centre = (static_cast<double>(o) + 0.5) * step;
    const auto first = std::max<std::int64_t>(0, static_cast<std::int64_t>(std::floor(centre - radius)));
    const auto last = std::min<std::int64_t>(in_px - 1, static_cast<std::int64_t>(std::ceil(centre + radius)));
    raw.clear();
    double sum = 0;
    std::int64_t start = first;
    for (std::int64_t i = first; i <= last; ++i) {
      const double weight = 1.0 - std::abs(static_cast<double>(i) + 0.5 - centre) / radius;
      if (weight > 0) {
        raw.push_back(weight);
        sum += weight;
      } else if (raw.empty()) {
        start = i + 1;
      }
    }
    scratch.starts.push_back(static_cast<std::int32_t>(start));
    scratch.starts.push_back(static_cast<std::int32_t>(raw.size()));
    scratch.starts.push_back(static_cast<std::int32_t>(scratch.weights.size()));
    for (const double weight : raw) scratch.weights.push_back(static_cast<float>(weight / sum));
  }
}

Taps taps_at(const ResizeScratch& scratch, std::int64_t index) {
  const std::int32_t* entry = scratch.starts.data() + 3 * index;
  return {entry[0], entry[1], scratch.weights.data() + entry[2]};
}

#if defined(__x86_64__)
// The bytes of blend_rows() that fill whole steps of 32. Returns how many those are.
[[gnu::target("avx2")]] std::int64_t blend_steps_avx2(const std::uint8_t* first, std::int64_t stride_bytes,
                                                      const Taps& taps, std::int64_t samples, float* out) {
  std::int64_t i = 0;
  for (; i + 32 <= samples; i += 32) {
    __m256 sum[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()};
    for (std::int32_t k = 0; k < taps.count; ++k) {
      const __m256 weight = _mm256_set1_ps(taps.weights[k]);
      const std::uint8_t* at = first + k * stride_bytes + i;
#pragma GCC unroll 4
      for (int p = 0; p < 4; ++p) {
        const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(at + 8 * p));
        sum[p] = _mm256_add_ps(sum[p], _mm256_mul_ps(weight, _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes))));
      }
    }
    for (int p = 0; p < 4; ++p) _mm256_storeu_ps(out + i + 8 * p, sum[p]);
  }
  return i;
}
#endif

// out[i] = sum over the taps of weight * byte, for `samples` bytes of each row.
void blend_rows(const RgbView& in, const Taps& taps, std::int64_t samples, float* out, Simd simd) {
  const std::uint8_t* first = in.row(taps.start);
  std::int64_t i = 0;
#if defined(__x86_64__)
  if (simd >= Simd::Avx2) i = blend_steps_avx2(first, in.stride_bytes, taps, samples, out);
  const __m128i zero = _mm_setzero_si128();
  for (; i + 16 <= samples; i += 16) {
    __m128 sum[4] = {_mm_setzero_ps(), _mm_setzero_ps(), _mm_setzero_ps(), _mm_setzero_ps()};
    for (std::int32_t k = 0; k < taps.count; ++k) {
      const __m128 weight = _mm_set1_ps(taps.weights[k]);
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(first + k * in.stride_bytes + i));
      const __m128i low = _mm_unpacklo_epi8(bytes, zero);
      const __m128i high = _mm_unpackhi_epi8(bytes, zero);
      const __m128i parts[4] = {_mm_unpacklo_epi16(low, zero), _mm_unpackhi_epi16(low, zero),
                                _mm_unpacklo_epi16(high, zero), _mm_unpackhi_epi16(high, zero)};
#pragma GCC unroll 4
      for (int p = 0; p < 4; ++p) sum[p] = _mm_add_ps(sum[p], _mm_mul_ps(weight, _mm_cvtepi32_ps(parts[p])));
    }
    for (int p = 0; p < 4; ++p) _mm_storeu_ps(out + i + 4 * p, sum[p]);
  }
#endif
  for (; i < samples; ++i) {
    float sum = 0;
    for (std::int32_t k = 0; k < taps.count; ++k)
      sum += taps.weights[k] * static_cast<float>(first[k * in.stride_bytes + i]);
    out[i] = sum;
  }
}

// One output pixel of each of kBand rows of floats, kBand sums side by side. Rows are `row_floats` apart and readable
// one float beyond their last pixel.
void blend_pixels(const float* rows, std::int64_t row_floats, const Taps& taps, std::uint8_t* const (&out)[kBand]) {
  const float* at = rows + 3 * static_cast<std::int64_t>(taps.start);
#if defined(__x86_64__)
  __m128 sum[kBand] = {_mm_setzero_ps(), _mm_setzero_ps(), _mm_setzero_ps(), _mm_setzero_ps()};
  for (std::int32_t k = 0; k < taps.count; ++k, at += 3) {
    const __m128 weight = _mm_set1_ps(taps.weights[k]);
#pragma GCC unroll 4
    for (int r = 0; r < kBand; ++r) sum[r] = _mm_add_ps(sum[r], _mm_mul_ps(weight, _mm_loadu_ps(at + r * row_floats)));
  }
  __m128i whole[kBand];
  for (int r = 0; r < kBand; ++r) whole[r] = _mm_cvttps_epi32(_mm_add_ps(sum[r], _mm_set1_ps(0.5f)));
  const __m128i packed = _mm_packus_epi16(_mm_packs_epi32(whole[0], whole[1]), _mm_packs_epi32(whole[2], whole[3]));
  std::uint8_t bytes[4 * kBand];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes), packed);
  for (int r = 0; r < kBand; ++r) std::memcpy(out[r], bytes + 4 * r, 3);
#else
  for (int r = 0; r < kBand; ++r)
    for (int c = 0; c < 3; ++c) {
      float sum = 0;
      for (std::int32_t k = 0; k < taps.count; ++k) sum += taps.weights[k] * at[r * row_floats + 3 * k + c];
      out[r][c] = static_cast<std::uint8_t>(std::min(sum + 0.5f, 255.0f));
    }
#endif
}

void require_size(std::int64_t width_px, std::int64_t height_px, const char* which) {
  if (width_px >= 1 && width_px <= kMaxSidePx && height_px >= 1 && height_px <= kMaxSidePx) return;
  throw Error(Code::LIMIT_EXCEEDED, Stage::Preprocess,
              std::string("the ") + which + " of a resize is " + std::to_string(width_px) + " x " +
                  std::to_string(height_px) + " pixels, each side must be 1 to " + std::to_string(kMaxSidePx),
              "choose a resolution nearer to one of the slide's levels: no option raises this limit");
}

}  // namespace

void prepare_taps(const std::array<std::int64_t, 4>& sides_px, ResizeScratch& scratch) {
  require_size(sides_px[0], sides_px[1], "input");
  require_size(sides_px[2], sides_px[3], "output");
  if (scratch.sides_px == sides_px) return;
  scratch.sides_px = {};
  scratch.weights.clear();
  scratch.starts.clear();
  append_axis(sides_px[0], sides_px[2], scratch);
  append_axis(sides_px[1], sides_px[3], scratch);
  scratch.sides_px = sides_px;
}

void resize(const RgbView& in, const RgbView& out, ResizeScratch& scratch, Simd simd) {
  require_size(in.width_px, in.height_px, "input");
  require_size(out.width_px, out.height_px, "output");
  if (in.width_px == out.width_px && in.height_px == out.height_px) {
    for (std::int64_t y = 0; y < in.height_px; ++y)
      std::memcpy(out.row(y), in.row(y), static_cast<std::size_t>(3 * in.width_px));
    return;
  }
  prepare_taps({in.width_px, in.height_px, out.width_px, out.height_px}, scratch);
  const std::int64_t samples = 3 * in.width_px;
  const std::int64_t row_floats = samples + 1;  // pixels are read four floats at a time
  scratch.rows.resize(static_cast<std::size_t>(kBand * row_floats));
  const Simd runs = std::min(simd, best_simd());
  for (std::int64_t y = 0; y < out.height_px; y += kBand) {
    std::uint8_t* target[kBand];
    for (int r = 0; r < kBand; ++r) {  // the last band repeats the last row
      const std::int64_t row = std::min(y + r, out.height_px - 1);
      blend_rows(in, taps_at(scratch, out.width_px + row), samples, scratch.rows.data() + r * row_floats, runs);
      target[r] = out.row(row);
    }
    for (std::int64_t x = 0; x < out.width_px; ++x) {
      blend_pixels(scratch.rows.data(), row_floats, taps_at(scratch, x), target);
      for (auto& pixel : target) pixel += 3;
    }
  }
}

}  // namespace microtome::preprocess
