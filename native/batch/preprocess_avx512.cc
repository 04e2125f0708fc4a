// AVX-512 F and BW by function attribute: the file compiles for any x86-64 and runs only after the check in
// best_simd(). Sixteen pixels (48 bytes) a step, the last step masked: no tail code, no byte outside.
#if defined(__x86_64__)

// GCC 12 reports the deliberately undefined operands inside its own masked intrinsics.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include <algorithm>
#include <array>

#include "batch/kernels.h"

namespace microtome::batch {
namespace {

constexpr std::int64_t kStepPx = 16;
constexpr std::uint8_t kZero = 0x80;  // a shuffle index that gives zero

struct StoreFloat {
  using Value = float;
  [[gnu::target("avx512f,avx512bw")]] static void store(float* out, __mmask16 keep, __m512 values) {
    _mm512_mask_storeu_ps(out, keep, values);
  }
};

struct StoreHalf {
  using Value = std::uint16_t;
  [[gnu::target("avx512f,avx512bw")]] static void store(std::uint16_t* out, __mmask16 keep, __m512 values) {
    const __m256i halves = _mm512_cvtps_ph(values, _MM_FROUND_TO_NEAREST_INT);
    _mm512_mask_storeu_epi16(out, keep, _mm512_castsi256_si512(halves));
  }
};

// How sixteen samples leave 48 bytes: 32-bit words into the four 16-byte lanes, then bytes within each lane.
struct Gather {
  std::array<std::int32_t, 16> words{};
  std::array<std::uint8_t, 64> bytes{};
};

// `source[i]` is the byte of the 48 that becomes 32-bit value i. The four bytes of a lane lie within 13 bytes.
constexpr Gather gather_of(const std::array<int, 16>& source) {
  Gather gather;
  for (std::size_t lane = 0; lane < 4; ++lane) {
    int first = 48;
    for (std::size_t i = 0; i < 4; ++i) first = std::min(first, source[4 * lane + i]);
    const int word = first / 4;
    for (std::size_t i = 0; i < 4; ++i) {
      gather.words[4 * lane + i] = std::min(word + static_cast<int>(i), 11);
      gather.bytes[16 * lane + 4 * i] = static_cast<std::uint8_t>(source[4 * lane + i] - 4 * word);
      for (std::size_t k = 1; k < 4; ++k) gather.bytes[16 * lane + 4 * i + k] = kZero;
    }
  }
  return gather;
}

constexpr Gather planar_gather(int channel) {
  std::array<int, 16> source{};
  for (int i = 0; i < 16; ++i) source[static_cast<std::size_t>(i)] = 3 * i + channel;
  return gather_of(source);
}

constexpr Gather interleaved_gather(int part, bool swap) {
  std::array<int, 16> source{};
  for (int i = 0; i < 16; ++i) {
    const int element = 16 * part + i;
    source[static_cast<std::size_t>(i)] = 3 * (element / 3) + (swap ? 2 - element % 3 : element % 3);
  }
  return gather_of(source);
}

struct Constants {
  __m512i words;
  __m512i bytes;
  __m512 a;
  __m512 b;
};

[[gnu::target("avx512f,avx512bw")]] inline __m512 transform(__m512i pixels, const Constants& k) {
  const __m512i lanes = _mm512_permutexvar_epi32(k.words, pixels);
  const __m512 samples = _mm512_cvtepi32_ps(_mm512_shuffle_epi8(lanes, k.bytes));
  return _mm512_fmadd_ps(samples, k.a, k.b);
}

[[gnu::target("avx512f,avx512bw")]] inline __m512i load_pixels(const std::uint8_t* in, std::int64_t pixels) {
  const auto keep = static_cast<__mmask64>((std::uint64_t{1} << (3 * pixels)) - 1);
  return _mm512_maskz_loadu_epi8(keep, in);
}

[[gnu::target("avx512f,avx512bw")]] inline Constants constants_of(const Gather& gather, const float (&a)[16],
                                                                  const float (&b)[16]) {
  return {_mm512_loadu_si512(gather.words.data()), _mm512_loadu_si512(gather.bytes.data()), _mm512_loadu_ps(a),
          _mm512_loadu_ps(b)};
}

[[gnu::target("avx512f,avx512bw")]] inline __mmask16 first_bits(std::int64_t count) {
  const auto bits = static_cast<int>(std::clamp<std::int64_t>(count, 0, 16));
  return static_cast<__mmask16>((1u << bits) - 1u);
}

template <typename Store>
[[gnu::target("avx512f,avx512bw")]] void planar(const Job& job) {
  static constexpr Gather kGathers[3] = {planar_gather(0), planar_gather(1), planar_gather(2)};
  Constants constants[3];
  typename Store::Value* plane[3];
  for (std::size_t c = 0; c < 3; ++c) {  // by source channel
    const std::size_t target = job.order == ChannelOrder::Rgb ? c : 2 - c;
    float a[16];
    float b[16];
    std::fill_n(a, 16, job.affine.a[target]);
    std::fill_n(b, 16, job.affine.b[target]);
    constants[c] = constants_of(kGathers[c], a, b);
    plane[c] = static_cast<typename Store::Value*>(job.out) + static_cast<std::int64_t>(target) * job.pixels();
  }
  for (std::int64_t row = 0; row < job.rows; ++row) {
    const std::uint8_t* in = job.in + row * job.stride_bytes;
    const std::int64_t first = row * job.pixels_per_row;
    for (std::int64_t x = 0; x < job.pixels_per_row; x += kStepPx) {
      const std::int64_t now = std::min(kStepPx, job.pixels_per_row - x);
      const __m512i pixels = load_pixels(in + 3 * x, now);
      const __mmask16 keep = first_bits(now);
#pragma GCC unroll 3
      for (int c = 0; c < 3; ++c) Store::store(plane[c] + first + x, keep, transform(pixels, constants[c]));
    }
  }
}

template <typename Store>
[[gnu::target("avx512f,avx512bw")]] void interleaved(const Job& job) {
  static constexpr Gather kGathers[2][3] = {
      {interleaved_gather(0, false), interleaved_gather(1, false), interleaved_gather(2, false)},
      {interleaved_gather(0, true), interleaved_gather(1, true), interleaved_gather(2, true)}};
  Constants constants[3];
  for (std::size_t part = 0; part < 3; ++part) {
    float a[16];
    float b[16];
    for (std::size_t i = 0; i < 16; ++i) {
      a[i] = job.affine.a[(16 * part + i) % 3];
      b[i] = job.affine.b[(16 * part + i) % 3];
    }
    constants[part] = constants_of(kGathers[job.order == ChannelOrder::Bgr ? 1 : 0][part], a, b);
  }
  for (std::int64_t row = 0; row < job.rows; ++row) {
    const std::uint8_t* in = job.in + row * job.stride_bytes;
    auto* out = static_cast<typename Store::Value*>(job.out) + 3 * row * job.pixels_per_row;
    for (std::int64_t x = 0; x < job.pixels_per_row; x += kStepPx) {
      const std::int64_t now = std::min(kStepPx, job.pixels_per_row - x);
      const __m512i pixels = load_pixels(in + 3 * x, now);
#pragma GCC unroll 3
      for (int part = 0; part < 3; ++part)
        Store::store(out + 3 * x + 16 * part, first_bits(3 * now - 16 * part), transform(pixels, constants[part]));
    }
  }
}

}  // namespace

void run_avx512(const Job& job) {
  const bool is_planar = job.layout == Layout::Nchw;
  switch (job.type) {
    case ElementType::Float32:
      return is_planar ? planar<StoreFloat>(job) : interleaved<StoreFloat>(job);
    case ElementType::Float16:
      return is_planar ? planar<StoreHalf>(job) : interleaved<StoreHalf>(job);
    case ElementType::Uint8:
      return run_avx2(job);  // a copy or a shuffle of bytes: wider registers gain nothing
  }
}

}  // namespace microtome::batch

#endif
