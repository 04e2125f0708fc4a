// AVX2, FMA and F16C by function attribute: the file compiles for any x86-64 and runs only after the check in
// best_simd(). Eight pixels (24 bytes) a step; never reads or writes outside the tile or the tensor.
#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "preprocess/float16.h"
#include "preprocess/kernels.h"

namespace microtome::preprocess {
namespace {

constexpr std::int64_t kStepPx = 8;
constexpr std::int64_t kRunPx = 512;  // of one plane at a time: the processor writes one stream faster than three
constexpr std::uint8_t kZero = 0x80;  // a shuffle index that gives zero

template <std::size_t kSize>
using Shuffle = std::array<std::uint8_t, kSize>;

struct StoreFloat {
  using Value = float;
  [[gnu::target("avx2,fma,f16c")]] static void store(float* out, __m256 values) { _mm256_storeu_ps(out, values); }
  static float convert(float value) { return value; }
};

// Where nobody reads soon: without bringing the lines in first.
struct StorePastCaches {
  using Value = float;
  [[gnu::target("avx2,fma,f16c")]] static void store(float* out, __m256 values) {
    if (reinterpret_cast<std::uintptr_t>(out) % sizeof values == 0)
      _mm256_stream_ps(out, values);
    else
      _mm256_storeu_ps(out, values);
  }
  static float convert(float value) { return value; }
};

struct StoreHalf {
  using Value = std::uint16_t;
  [[gnu::target("avx2,fma,f16c")]] static void store(std::uint16_t* out, __m256 values) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm256_cvtps_ph(values, _MM_FROUND_TO_NEAREST_INT));
  }
  static std::uint16_t convert(float value) { return float_to_half(value); }
};

// Four bytes of a 16-byte window, one in every four, zero-extended to 32 bits.
constexpr void pick(std::uint8_t* four_lanes, int lane, int byte) {
  four_lanes[4 * lane] = static_cast<std::uint8_t>(byte);
  for (int k = 1; k < 4; ++k) four_lanes[4 * lane + k] = kZero;
}

// Sample `channel` of eight pixels: pixels 0-3 from a window at byte 0, pixels 4-7 from one at byte 8.
constexpr Shuffle<32> planar_shuffle(int channel) {
  Shuffle<32> shuffle{};
  for (int i = 0; i < 4; ++i) {
    pick(shuffle.data(), i, 3 * i + channel);
    pick(shuffle.data() + 16, i, 3 * (i + 4) + channel - 8);
  }
  return shuffle;
}

// Eight consecutive samples of the interleaved output, `part` 0-2, all from one window at byte 4 * part.
constexpr Shuffle<32> interleaved_shuffle(int part, bool swap) {
  Shuffle<32> shuffle{};
  for (int i = 0; i < 8; ++i) {
    const int element = 8 * part + i;
    const int channel = swap ? 2 - element % 3 : element % 3;
    pick(shuffle.data(), i, 3 * (element / 3) + channel - 4 * part);
  }
  return shuffle;
}

[[gnu::target("avx2,fma,f16c")]] inline __m256i load_shuffle(const Shuffle<32>& shuffle) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(shuffle.data()));
}

// The coefficients of eight values.
struct Factors {
  __m256 a;
  __m256 a_low;
  __m256 b;
};

[[gnu::target("avx2,fma,f16c")]] inline __m256 apply(__m256 samples, const Factors& k) {
  return _mm256_fmadd_ps(samples, k.a, _mm256_fmadd_ps(samples, k.a_low, k.b));
}

// Channels first, first + step, ... modulo three; step 0 where all eight values are of one channel.
[[gnu::target("avx2,fma,f16c")]] inline Factors factors_of(const Affine& affine, std::size_t first, std::size_t step) {
  alignas(32) float a[8];
  alignas(32) float a_low[8];
  alignas(32) float b[8];
  for (std::size_t i = 0; i < 8; ++i) {
    const std::size_t channel = (first + step * i) % 3;
    a[i] = affine.a[channel];
    a_low[i] = affine.a_low[channel];
    b[i] = affine.b[channel];
  }
  return {_mm256_load_ps(a), _mm256_load_ps(a_low), _mm256_load_ps(b)};
}

[[gnu::target("avx2,fma,f16c")]] inline float value_of(std::uint8_t sample, const Affine& affine, std::size_t channel) {
  const auto value = static_cast<float>(sample);
  return std::fma(value, affine.a[channel], std::fma(value, affine.a_low[channel], affine.b[channel]));
}

// Where the samples of one row go, by source channel: the plane, and the channel of the model.
template <typename Store>
struct Planes {
  typename Store::Value* plane[3];
  std::size_t channel[3];
};

// One channel of eight pixels.
[[gnu::target("avx2,fma,f16c")]] inline __m256 planar_step(const std::uint8_t* in, __m256i shuffle,
                                                           const Factors& factors) {
  const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in));
  const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + 8));
  const __m256i bytes = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
  return apply(_mm256_cvtepi32_ps(_mm256_shuffle_epi8(bytes, shuffle)), factors);
}

// One channel of `pixels` pixels, at least a step.
template <typename Store>
[[gnu::target("avx2,fma,f16c")]] void planar_run(const std::uint8_t* in, std::int64_t pixels,
                                                 typename Store::Value* out, __m256i shuffle, const Factors& factors) {
  std::int64_t x = 0;
  for (; x + 2 * kStepPx <= pixels; x += 2 * kStepPx) {
    const __m256 first = planar_step(in + 3 * x, shuffle, factors);
    const __m256 second = planar_step(in + 3 * (x + kStepPx), shuffle, factors);
    Store::store(out + x, first);
    Store::store(out + x + kStepPx, second);
  }
  for (; x < pixels; x += kStepPx) {
    const std::int64_t at = std::min(x, pixels - kStepPx);  // the last step may overlap: the same values again
    Store::store(out + at, planar_step(in + 3 * at, shuffle, factors));
  }
}

template <typename Store>
[[gnu::target("avx2,fma,f16c")]] void planar_row(const std::uint8_t* in, std::int64_t pixels, const Affine& affine,
                                                 const Planes<Store>& to) {
  if (pixels < kStepPx) {
    for (std::int64_t x = 0; x < pixels; ++x)
      for (int c = 0; c < 3; ++c) to.plane[c][x] = Store::convert(value_of(in[3 * x + c], affine, to.channel[c]));
    return;
  }
  static constexpr Shuffle<32> kShuffles[3] = {planar_shuffle(0), planar_shuffle(1), planar_shuffle(2)};
  const __m256i shuffle[3] = {load_shuffle(kShuffles[0]), load_shuffle(kShuffles[1]), load_shuffle(kShuffles[2])};
  const Factors factors[3] = {factors_of(affine, to.channel[0], 0), factors_of(affine, to.channel[1], 0),
                              factors_of(affine, to.channel[2], 0)};
  for (std::int64_t x = 0; x < pixels;) {
    // The last run takes what would be less than a step with it.
    const std::int64_t run = pixels - x < kRunPx + kStepPx ? pixels - x : kRunPx;
    for (int c = 0; c < 3; ++c) planar_run<Store>(in + 3 * x, run, to.plane[c] + x, shuffle[c], factors[c]);
    x += run;
  }
}

template <typename Store>
void planar(const Job& job) {
  auto* out = static_cast<typename Store::Value*>(job.out);
  for (std::int64_t row = 0; row < job.rows; ++row) {
    Planes<Store> to{};
    for (int c = 0; c < 3; ++c) {
      const int target = job.order == ChannelOrder::Rgb ? c : 2 - c;
      to.plane[c] = out + target * job.out_plane_px + row * job.out_row_px;
      to.channel[c] = static_cast<std::size_t>(target);
    }
    planar_row<Store>(job.in + row * job.stride_bytes, job.pixels_per_row, job.affine, to);
  }
}

template <typename Store>
[[gnu::target("avx2,fma,f16c")]] inline void interleaved_step(const std::uint8_t* in, typename Store::Value* out,
                                                              const __m256i (&shuffle)[3],
                                                              const Factors (&factors)[3]) {
#pragma GCC unroll 3
  for (int part = 0; part < 3; ++part) {
    const __m128i window = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + 4 * part));
    const __m256i both = _mm256_broadcastsi128_si256(window);
    const __m256 samples = _mm256_cvtepi32_ps(_mm256_shuffle_epi8(both, shuffle[part]));
    Store::store(out + 8 * part, apply(samples, factors[part]));
  }
}

template <typename Store>
[[gnu::target("avx2,fma,f16c")]] void interleaved(const Job& job) {
  static constexpr Shuffle<32> kShuffles[2][3] = {
      {interleaved_shuffle(0, false), interleaved_shuffle(1, false), interleaved_shuffle(2, false)},
      {interleaved_shuffle(0, true), interleaved_shuffle(1, true), interleaved_shuffle(2, true)}};
  const bool swap = job.order == ChannelOrder::Bgr;
  const auto& shuffles = kShuffles[swap ? 1 : 0];
  const __m256i shuffle[3] = {load_shuffle(shuffles[0]), load_shuffle(shuffles[1]), load_shuffle(shuffles[2])};
  const Factors factors[3] = {factors_of(job.affine, 0, 1), factors_of(job.affine, 8, 1),
                              factors_of(job.affine, 16, 1)};
  const std::int64_t pixels = job.pixels_per_row;
  for (std::int64_t row = 0; row < job.rows; ++row) {
    const std::uint8_t* in = job.in + row * job.stride_bytes;
    auto* out = static_cast<typename Store::Value*>(job.out) + 3 * row * job.out_row_px;
    if (pixels < kStepPx) {
      for (std::int64_t i = 0; i < 3 * pixels; ++i)
        out[i] =
            Store::convert(value_of(in[swap ? i + 2 - 2 * (i % 3) : i], job.affine, static_cast<std::size_t>(i % 3)));
      continue;
    }
    std::int64_t x = 0;
    for (; x + kStepPx <= pixels; x += kStepPx) interleaved_step<Store>(in + 3 * x, out + 3 * x, shuffle, factors);
    x = pixels - kStepPx;
    interleaved_step<Store>(in + 3 * x, out + 3 * x, shuffle, factors);
  }
}

// Sample `channel` of sixteen pixels out of window `window` of three.
constexpr Shuffle<16> byte_shuffle(int channel, int window) {
  Shuffle<16> shuffle{};
  for (int i = 0; i < 16; ++i) {
    const int byte = 3 * i + channel - 16 * window;
    shuffle[static_cast<std::size_t>(i)] = byte >= 0 && byte < 16 ? static_cast<std::uint8_t>(byte) : kZero;
  }
  return shuffle;
}

[[gnu::target("avx2,fma,f16c")]] void planar_bytes_row(const std::uint8_t* in, std::int64_t pixels,
                                                       std::uint8_t* const (&plane)[3]) {
  static constexpr Shuffle<16> kShuffles[3][3] = {{byte_shuffle(0, 0), byte_shuffle(0, 1), byte_shuffle(0, 2)},
                                                  {byte_shuffle(1, 0), byte_shuffle(1, 1), byte_shuffle(1, 2)},
                                                  {byte_shuffle(2, 0), byte_shuffle(2, 1), byte_shuffle(2, 2)}};
  std::int64_t x = 0;
  for (; x + 16 <= pixels; x += 16) {
    for (int c = 0; c < 3; ++c) {
      __m128i samples = _mm_setzero_si128();
      for (int w = 0; w < 3; ++w) {
        const __m128i window = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + 3 * x + 16 * w));
        const __m128i shuffle = _mm_loadu_si128(reinterpret_cast<const __m128i*>(kShuffles[c][w].data()));
        samples = _mm_or_si128(samples, _mm_shuffle_epi8(window, shuffle));
      }
      _mm_storeu_si128(reinterpret_cast<__m128i*>(plane[c] + x), samples);
    }
  }
  for (; x < pixels; ++x)
    for (int c = 0; c < 3; ++c) plane[c][x] = in[3 * x + c];
}

// Five pixels a step; the sixteenth byte written is put right by the next step.
[[gnu::target("avx2,fma,f16c")]] void swapped_bytes_row(const std::uint8_t* in, std::int64_t bytes, std::uint8_t* out) {
  const __m128i shuffle = _mm_setr_epi8(2, 1, 0, 5, 4, 3, 8, 7, 6, 11, 10, 9, 14, 13, 12, 15);
  std::int64_t i = 0;
  for (; i + 16 <= bytes; i += 15) {
    const __m128i window = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + i));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), _mm_shuffle_epi8(window, shuffle));
  }
  for (; i < bytes; i += 3)
    for (int c = 0; c < 3; ++c) out[i + c] = in[i + 2 - c];
}

void bytes(const Job& job) {
  auto* out = static_cast<std::uint8_t*>(job.out);
  const std::int64_t row_bytes = 3 * job.pixels_per_row;
  const bool swap = job.order == ChannelOrder::Bgr;
  for (std::int64_t row = 0; row < job.rows; ++row) {
    const std::uint8_t* in = job.in + row * job.stride_bytes;
    if (job.layout == Layout::Nchw) {
      std::uint8_t* const first = out + row * job.out_row_px;
      std::uint8_t* const plane[3] = {first + (swap ? 2 : 0) * job.out_plane_px, first + job.out_plane_px,
                                      first + (swap ? 0 : 2) * job.out_plane_px};
      planar_bytes_row(in, job.pixels_per_row, plane);
    } else if (swap) {
      swapped_bytes_row(in, row_bytes, out + 3 * row * job.out_row_px);
    } else {
      std::memcpy(out + 3 * row * job.out_row_px, in, static_cast<std::size_t>(row_bytes));
    }
  }
}

}  // namespace

void run_avx2(const Job& job) {
  const bool is_planar = job.layout == Layout::Nchw;
  switch (job.type) {
    case ElementType::Float32:
      if (is_planar && job.past_caches) {
        planar<StorePastCaches>(job);
        _mm_sfence();  // no lock of another thread's waits for these stores
        return;
      }
      return is_planar ? planar<StoreFloat>(job) : interleaved<StoreFloat>(job);
    case ElementType::Float16:
      return is_planar ? planar<StoreHalf>(job) : interleaved<StoreHalf>(job);
    case ElementType::Uint8:
      return bytes(job);
  }
}

}  // namespace microtome::preprocess

#endif
