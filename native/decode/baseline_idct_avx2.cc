// AVX2 by function attribute: the file compiles for any x86-64 and runs only after the check in best_simd().
//
// In lanes of 16 bits, sums of products in 32: every step wraps and saturates where libjpeg-turbo's does, so that
// blocks no encoder would write come out the same, too.
#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>

#include "decode/baseline_kernels.h"

namespace microtome::decode {
namespace {

// Multiples of 2^-13.
constexpr int kFix = 13;
constexpr int k0_298 = 2446, k0_390 = 3196, k0_541 = 4433, k0_765 = 6270, k0_899 = 7373, k1_175 = 9633, k1_501 = 12299,
              k1_847 = 15137, k1_961 = 16069, k2_053 = 16819, k2_562 = 20995, k3_072 = 25172;
// The first pass keeps two bits of fraction; the second also divides by eight.
constexpr int kFirstShift = kFix - 2, kSecondShift = kFix + 2 + 3;
// In libjpeg-turbo a block of nothing but a first row takes a short way, which wraps where the long one saturates.
constexpr int kFirstRowMost = 8191;

using V = __m256i;

// Eight sums of products for each block: 32 bits, columns 0-3 and 4-7.
struct Wide {
  V low, high;
};

// Column by column (a, b), for multiply().
struct Mixed {
  V low, high;
};

[[gnu::target("avx2"), gnu::always_inline]] inline Mixed mix(V a, V b) {
  return {_mm256_unpacklo_epi16(a, b), _mm256_unpackhi_epi16(a, b)};
}

// a * of_a + b * of_b.
template <int of_a, int of_b>
[[gnu::target("avx2"), gnu::always_inline]] inline Wide multiply(Mixed m) {
  static_assert(of_a >= -32768 && of_a < 32768 && of_b >= -32768 && of_b < 32768);
  const V factors = _mm256_set1_epi32(static_cast<int>((static_cast<unsigned>(of_b) & 0xFFFFU) << 16) |
                                      static_cast<int>(static_cast<unsigned>(of_a) & 0xFFFFU));
  return {_mm256_madd_epi16(m.low, factors), _mm256_madd_epi16(m.high, factors)};
}

[[gnu::target("avx2"), gnu::always_inline]] inline Wide operator+(Wide a, Wide b) {
  return {_mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high)};
}

[[gnu::target("avx2"), gnu::always_inline]] inline Wide operator-(Wide a, Wide b) {
  return {_mm256_sub_epi32(a.low, b.low), _mm256_sub_epi32(a.high, b.high)};
}

// 16 bits to 32, times 2^13.
[[gnu::target("avx2"), gnu::always_inline]] inline Wide scaled(V a) {
  const V zero = _mm256_setzero_si256();
  return {_mm256_srai_epi32(_mm256_unpacklo_epi16(zero, a), 16 - kFix),
          _mm256_srai_epi32(_mm256_unpackhi_epi16(zero, a), 16 - kFix)};
}

template <int shift>
[[gnu::target("avx2"), gnu::always_inline]] inline V narrowed(Wide sum) {
  const V half = _mm256_set1_epi32(1 << (shift - 1));
  return _mm256_packs_epi32(_mm256_srai_epi32(_mm256_add_epi32(sum.low, half), shift),
                            _mm256_srai_epi32(_mm256_add_epi32(sum.high, half), shift));
}

template <int shift>
[[gnu::target("avx2"), gnu::always_inline]] inline void combine(const Wide (&even)[4], const Wide (&odd)[4],
                                                                V (&v)[8]) {
  for (int i = 0; i < 4; ++i) {
    v[i] = narrowed<shift>(even[i] + odd[i]);
    v[7 - i] = narrowed<shift>(even[i] - odd[i]);
  }
}

// One dimension over the eight vectors.
template <int shift>
[[gnu::target("avx2"), gnu::always_inline]] inline void transform(V (&v)[8]) {
  const Mixed of_2_6 = mix(v[2], v[6]);
  const Wide even_2 = multiply<k0_541, k0_541 - k1_847>(of_2_6);
  const Wide even_3 = multiply<k0_541 + k0_765, k0_541>(of_2_6);
  const Wide even_0 = scaled(_mm256_add_epi16(v[0], v[4]));
  const Wide even_1 = scaled(_mm256_sub_epi16(v[0], v[4]));
  const Wide even[4] = {even_0 + even_3, even_1 + even_2, even_1 - even_2, even_0 - even_3};

  const Mixed of_sums = mix(_mm256_add_epi16(v[7], v[3]), _mm256_add_epi16(v[5], v[1]));
  const Wide sum_3 = multiply<k1_175 - k1_961, k1_175>(of_sums);
  const Wide sum_4 = multiply<k1_175, k1_175 - k0_390>(of_sums);
  const Mixed of_7_1 = mix(v[7], v[1]), of_5_3 = mix(v[5], v[3]);
  const Wide odd[4] = {
      multiply<-k0_899, k1_501 - k0_899>(of_7_1) + sum_4, multiply<-k2_562, k3_072 - k2_562>(of_5_3) + sum_3,
      multiply<k2_053 - k2_562, -k2_562>(of_5_3) + sum_4, multiply<k0_298 - k0_899, -k0_899>(of_7_1) + sum_3};
  combine<shift>(even, odd, v);
}

// The same where v[4] to v[7] are zero.
template <int shift>
[[gnu::target("avx2"), gnu::always_inline]] inline void transform_half(V (&v)[8]) {
  const Mixed of_2 = mix(v[2], _mm256_setzero_si256());
  const Wide even_2 = multiply<k0_541, 0>(of_2);
  const Wide even_3 = multiply<k0_541 + k0_765, 0>(of_2);
  const Wide even_0 = scaled(v[0]);
  const Wide even[4] = {even_0 + even_3, even_0 + even_2, even_0 - even_2, even_0 - even_3};

  const Mixed of_3_1 = mix(v[3], v[1]);
  const Wide odd[4] = {multiply<k1_175, k1_501 - k0_899 + k1_175 - k0_390>(of_3_1),
                       multiply<k3_072 - k2_562 + k1_175 - k1_961, k1_175>(of_3_1),
                       multiply<k1_175 - k2_562, k1_175 - k0_390>(of_3_1),
                       multiply<k1_175 - k1_961, k1_175 - k0_899>(of_3_1)};
  combine<shift>(even, odd, v);
}

// Rows become columns, in each lane.
[[gnu::target("avx2"), gnu::always_inline]] inline void transpose(V (&v)[8]) {
  const V a0 = _mm256_unpacklo_epi16(v[0], v[1]), a1 = _mm256_unpackhi_epi16(v[0], v[1]);
  const V a2 = _mm256_unpacklo_epi16(v[2], v[3]), a3 = _mm256_unpackhi_epi16(v[2], v[3]);
  const V a4 = _mm256_unpacklo_epi16(v[4], v[5]), a5 = _mm256_unpackhi_epi16(v[4], v[5]);
  const V a6 = _mm256_unpacklo_epi16(v[6], v[7]), a7 = _mm256_unpackhi_epi16(v[6], v[7]);
  const V b0 = _mm256_unpacklo_epi32(a0, a2), b1 = _mm256_unpackhi_epi32(a0, a2);
  const V b2 = _mm256_unpacklo_epi32(a1, a3), b3 = _mm256_unpackhi_epi32(a1, a3);
  const V b4 = _mm256_unpacklo_epi32(a4, a6), b5 = _mm256_unpackhi_epi32(a4, a6);
  const V b6 = _mm256_unpacklo_epi32(a5, a7), b7 = _mm256_unpackhi_epi32(a5, a7);
  v[0] = _mm256_unpacklo_epi64(b0, b4);
  v[1] = _mm256_unpackhi_epi64(b0, b4);
  v[2] = _mm256_unpacklo_epi64(b1, b5);
  v[3] = _mm256_unpackhi_epi64(b1, b5);
  v[4] = _mm256_unpacklo_epi64(b2, b6);
  v[5] = _mm256_unpackhi_epi64(b2, b6);
  v[6] = _mm256_unpacklo_epi64(b3, b7);
  v[7] = _mm256_unpackhi_epi64(b3, b7);
}

// Columns 0-3 only: of the others nothing but zeros would come.
[[gnu::target("avx2"), gnu::always_inline]] inline void transpose_left(V (&v)[8]) {
  const V a0 = _mm256_unpacklo_epi16(v[0], v[1]), a2 = _mm256_unpacklo_epi16(v[2], v[3]);
  const V a4 = _mm256_unpacklo_epi16(v[4], v[5]), a6 = _mm256_unpacklo_epi16(v[6], v[7]);
  const V b0 = _mm256_unpacklo_epi32(a0, a2), b1 = _mm256_unpackhi_epi32(a0, a2);
  const V b4 = _mm256_unpacklo_epi32(a4, a6), b5 = _mm256_unpackhi_epi32(a4, a6);
  v[0] = _mm256_unpacklo_epi64(b0, b4);
  v[1] = _mm256_unpackhi_epi64(b0, b4);
  v[2] = _mm256_unpacklo_epi64(b1, b5);
  v[3] = _mm256_unpackhi_epi64(b1, b5);
}

[[gnu::target("avx2"), gnu::always_inline]] inline void store_rows(const BlockPair& pair, int row, V two_rows) {
  const std::int64_t stride = pair.out_stride;
  const __m128i of_0 = _mm256_castsi256_si128(two_rows), of_1 = _mm256_extracti128_si256(two_rows, 1);
  const auto put = [](std::uint8_t* to, __m128i eight) __attribute__((target("avx2"), always_inline)) {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), eight);
  };
  put(pair.out[0] + row * stride, of_0);
  put(pair.out[0] + (row + 1) * stride, _mm_unpackhi_epi64(of_0, of_0));
  put(pair.out[1] + row * stride, of_1);
  put(pair.out[1] + (row + 1) * stride, _mm_unpackhi_epi64(of_1, of_1));
}

// From columns of 16 bits around zero to rows of bytes around 128.
[[gnu::target("avx2"), gnu::always_inline]] inline void store(const BlockPair& pair, const V (&v)[8]) {
  const V level = _mm256_set1_epi8(static_cast<char>(0x80));
  const V c04 = _mm256_packs_epi16(v[0], v[4]), c15 = _mm256_packs_epi16(v[1], v[5]);
  const V c26 = _mm256_packs_epi16(v[2], v[6]), c37 = _mm256_packs_epi16(v[3], v[7]);
  const V c01 = _mm256_unpacklo_epi8(c04, c15), c45 = _mm256_unpackhi_epi8(c04, c15);
  const V c23 = _mm256_unpacklo_epi8(c26, c37), c67 = _mm256_unpackhi_epi8(c26, c37);
  const V left_0 = _mm256_unpacklo_epi16(c01, c23), left_4 = _mm256_unpackhi_epi16(c01, c23);
  const V right_0 = _mm256_unpacklo_epi16(c45, c67), right_4 = _mm256_unpackhi_epi16(c45, c67);
  store_rows(pair, 0, _mm256_xor_si256(level, _mm256_unpacklo_epi32(left_0, right_0)));
  store_rows(pair, 2, _mm256_xor_si256(level, _mm256_unpackhi_epi32(left_0, right_0)));
  store_rows(pair, 4, _mm256_xor_si256(level, _mm256_unpacklo_epi32(left_4, right_4)));
  store_rows(pair, 6, _mm256_xor_si256(level, _mm256_unpackhi_epi32(left_4, right_4)));
}

// Dequantised rows [0, rows), the largest values of row 0 into `largest`. The coefficients are zero afterwards.
template <int rows>
[[gnu::target("avx2"), gnu::always_inline]] inline void load(BlockPair& pair, V (&v)[8], V& largest) {
  for (int row = 0; row < rows; ++row) {
    auto* at = reinterpret_cast<V*>(pair.coefficients.data()) + row;
    const auto* steps = reinterpret_cast<const V*>(pair.steps->values.data()) + row;
    v[row] = _mm256_mullo_epi16(_mm256_load_si256(at), _mm256_load_si256(steps));
    _mm256_store_si256(at, _mm256_setzero_si256());
  }
  largest = _mm256_max_epu16(largest, _mm256_abs_epi16(v[0]));
}

// Blocks of DC alone are of one value each. Gives the larger one's size.
[[gnu::target("avx2"), gnu::always_inline]] inline int store_flat(BlockPair& pair) {
  int largest = 0;
  for (std::size_t lane = 0; lane < 2; ++lane) {
    std::int16_t& coefficient = pair.coefficients[BlockPair::kLane * lane];
    const int dc = static_cast<std::int16_t>(coefficient * pair.steps->values[BlockPair::kLane * lane]);
    coefficient = 0;
    largest = std::max(largest, dc < 0 ? -dc : dc);
    const int value = std::clamp(((4 * dc + 16) >> 5) + 128, 0, 255);
    const __m128i row = _mm_set1_epi8(static_cast<char>(value));
    for (int y = 0; y < 8; ++y) _mm_storel_epi64(reinterpret_cast<__m128i*>(pair.out[lane] + y * pair.out_stride), row);
  }
  return largest;
}

}  // namespace

[[gnu::target("avx2")]] bool inverse_dct_avx2(std::span<BlockPair> pairs) {
  V largest = _mm256_setzero_si256();
  int largest_flat = 0;
  for (BlockPair& pair : pairs) {
    if ((pair.used & BlockPair::kAc) == 0) {
      largest_flat = std::max(largest_flat, store_flat(pair));
      continue;
    }
    V v[8];
    if ((pair.used & BlockPair::kLowerHalf) == 0) {
      load<4>(pair, v, largest);
      transform_half<kFirstShift>(v);
    } else {
      load<8>(pair, v, largest);
      transform<kFirstShift>(v);
    }
    if ((pair.used & BlockPair::kRightHalf) == 0) {
      transpose_left(v);
      transform_half<kSecondShift>(v);
    } else {
      transpose(v);
      transform<kSecondShift>(v);
    }
    store(pair, v);
  }
  // Values above are refused: as unsigned numbers, of which there is no comparison.
  const V beyond = _mm256_subs_epu16(largest, _mm256_set1_epi16(kFirstRowMost));
  return largest_flat <= kFirstRowMost && _mm256_testz_si256(beyond, beyond) != 0;
}

}  // namespace microtome::decode

#endif
