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

#include "preprocess/kernels.h"

namespace microtome::preprocess {
namespace {

constexpr std::int64_t kStepPx = 16;
constexpr std::int64_t kRunPx = 512;  // of one plane at a time: the processor writes one stream faster than three
constexpr std::uint8_t kZero = 0x80;  // a shuffle index that gives zero

struct StoreFloat {
  using Value = float;
  [[gnu::target("avx512f,avx512bw")]] static void store(float* out, __mmask16 keep, __m512 values) {
    _mm512_mask_storeu_ps(out, keep, values);
  }
};

// Where nobody reads soon: without bringing the lines in first.
struct StorePastCaches {
  using Value = float;
  [[gnu::target("avx512f,avx512bw")]] static void store(float* out, __mmask16 keep, __m512 values) {
    if (keep == 0xffff && reinterpret_cast<std::uintptr_t>(out) % sizeof values == 0)
      _mm512_stream_ps(out, values);
    else
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

struct Constants {
  __m512i words;
  __m512i bytes;
  __m512 a;
  __m512 a_low;
  __m512 b;
};

[[gnu::target("avx512f,avx512bw")]] inline __m512 transform(__m512i pixels, const Constants& k) {
  const __m512i lanes = _mm512_permutexvar_epi32(k.words, pixels);
  const __m512 samples = _mm512_cvtepi32_ps(_mm512_shuffle_epi8(lanes, k.bytes));
  return _mm512_fmadd_ps(samples, k.a, _mm512_fmadd_ps(samples, k.a_low, k.b));
}

[[gnu::target("avx512f,avx512bw")]] inline __m512i load_pixels(const std::uint8_t* in, std::int64_t pixels) {
  const auto keep = static_cast<__mmask64>((std::uint64_t{1} << (3 * pixels)) - 1);
  return _mm512_maskz_loadu_epi8(keep, in);
}

[[gnu::target("avx512f,avx512bw")]] inline Constants constants_of(const Gather& gather, const Affine& affine,
                                                                  std::size_t channel) {
  return {_mm512_loadu_si512(gather.words.data()), _mm512_loadu_si512(gather.bytes.data()),
          _mm512_set1_ps(affine.a[channel]), _mm512_set1_ps(affine.a_low[channel]), _mm512_set1_ps(affine.b[channel])};
}

[[gnu::target("avx512f,avx512bw")]] inline __mmask16 first_bits(std::int64_t count) {
  return static_cast<__mmask16>((1u << count) - 1u);  // 1 to 16
}

// One channel of `pixels` pixels.
template <typename Store>
[[gnu::target("avx512f,avx512bw")]] void planar_run(const std::uint8_t* in, std::int64_t pixels,
                                                    typename Store::Value* out, const Constants& constants) {
  std::int64_t x = 0;
  for (; x + kStepPx <= pixels; x += kStepPx)
    Store::store(out + x, first_bits(kStepPx), transform(load_pixels(in + 3 * x, kStepPx), constants));
  if (x < pixels)
    Store::store(out + x, first_bits(pixels - x), transform(load_pixels(in + 3 * x, pixels - x), constants));
}

template <typename Store>
[[gnu::target("avx512f,avx512bw")]] void planar(const Job& job) {
  static constexpr Gather kGathers[3] = {planar_gather(0), planar_gather(1), planar_gather(2)};
  Constants constants[3];
  typename Store::Value* plane[3];
  for (std::size_t c = 0; c < 3; ++c) {  // by source channel
    const std::size_t target = job.order == ChannelOrder::Rgb ? c : 2 - c;
    constants[c] = constants_of(kGathers[c], job.affine, target);
    plane[c] = static_cast<typename Store::Value*>(job.out) + static_cast<std::int64_t>(target) * job.out_plane_px;
  }
  for (std::int64_t row = 0; row < job.rows; ++row) {
    const std::uint8_t* in = job.in + row * job.stride_bytes;
    for (std::int64_t x = 0; x < job.pixels_per_row; x += kRunPx) {
      const std::int64_t run = std::min(kRunPx, job.pixels_per_row - x);
      for (int c = 0; c < 3; ++c) planar_run<Store>(in + 3 * x, run, plane[c] + row * job.out_row_px + x, constants[c]);
    }
  }
}

}  // namespace

void run_avx512(const Job& job) {
  // Interleaved output and bytes are no faster in wider registers (measured).
  if (job.layout == Layout::Nhwc || job.type == ElementType::Uint8) return run_avx2(job);
  if (job.type == ElementType::Float16) return planar<StoreHalf>(job);
  if (!job.past_caches) return planar<StoreFloat>(job);
  planar<StorePastCaches>(job);
  _mm_sfence();  // no lock of another thread's waits for these stores
}

}  // namespace microtome::preprocess

#endif
