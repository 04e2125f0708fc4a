// AVX2 by function attribute, see baseline_idct_avx2.cc. Thirty-two pixels a step, even and odd ones apart in words of
// 16 bits: chroma of half the width then needs no doubling, and both halves meet again in the shuffle that interleaves
// the three colours.
#if defined(__x86_64__)

#include <immintrin.h>

#include <array>
#include <cstring>

#include "decode/baseline_kernels.h"

namespace microtome::decode {
namespace {

using V = __m256i;

constexpr std::int64_t kStepPx = 32;

[[gnu::target("avx2"), gnu::always_inline]] inline V load(const void* from) {
  return _mm256_loadu_si256(static_cast<const V*>(from));
}

[[gnu::target("avx2"), gnu::always_inline]] inline V load(const std::array<std::uint8_t, 32>& from) {
  return load(from.data());
}

// Sixteen pixels of one parity.
struct Words {
  V even, odd;
};

[[gnu::target("avx2"), gnu::always_inline]] inline Words split(V bytes) {
  return {_mm256_and_si256(bytes, _mm256_set1_epi16(0xFF)), _mm256_srli_epi16(bytes, 8)};
}

// In each lane sixteen pixels: the even ones, then the odd ones.
struct Colors {
  V r, g, b;
};

// The place of a lane's pixel among its bytes.
constexpr int place_of(int pixel) { return pixel % 2 * 8 + pixel / 2; }

// Byte i of output vector v is of colour (v + i) % 3, since 16 % 3 is 1: each colour appears in byte i of one vector
// only, so that one shuffle a colour puts all its samples where they belong.
constexpr std::array<std::uint8_t, 32> spread(int color, bool split_by_parity) {
  std::array<std::uint8_t, 32> shuffle{};
  for (int i = 0; i < 16; ++i) {
    const int vector = (color - i % 3 + 3) % 3;
    const int pixel = (16 * vector + i) / 3;
    const auto place = static_cast<std::uint8_t>(split_by_parity ? place_of(pixel) : pixel);
    shuffle[static_cast<std::size_t>(i)] = shuffle[static_cast<std::size_t>(i + 16)] = place;
  }
  return shuffle;
}

// All ones where i % 3 is `rest`.
constexpr std::array<std::uint8_t, 32> every_third(int rest) {
  std::array<std::uint8_t, 32> mask{};
  for (int i = 0; i < 32; ++i) mask[static_cast<std::size_t>(i)] = i % 16 % 3 == rest ? 0xFF : 0;
  return mask;
}

template <bool split_by_parity>
struct Spread {
  static constexpr std::array<std::uint8_t, 32> r = spread(0, split_by_parity), g = spread(1, split_by_parity),
                                                b = spread(2, split_by_parity);
};
constexpr std::array<std::uint8_t, 32> kFirst = every_third(0), kSecond = every_third(1), kThird = every_third(2);

[[gnu::target("avx2"), gnu::always_inline]] inline void store_half(__m128i a, __m128i b, __m128i c, std::uint8_t* out) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), a);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 16), b);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 32), c);
}

// 96 bytes.
template <bool split_by_parity>
[[gnu::target("avx2"), gnu::always_inline]] inline void store(Colors colors, std::uint8_t* out) {
  using Shuffles = Spread<split_by_parity>;
  const V r = _mm256_shuffle_epi8(colors.r, load(Shuffles::r));
  const V g = _mm256_shuffle_epi8(colors.g, load(Shuffles::g));
  const V b = _mm256_shuffle_epi8(colors.b, load(Shuffles::b));
  const V first = load(kFirst), second = load(kSecond), third = load(kThird);
  const V v0 = _mm256_blendv_epi8(_mm256_blendv_epi8(r, g, second), b, third);
  const V v1 = _mm256_blendv_epi8(_mm256_blendv_epi8(r, g, first), b, second);
  const V v2 = _mm256_blendv_epi8(_mm256_blendv_epi8(r, g, third), b, first);
  store_half(_mm256_castsi256_si128(v0), _mm256_castsi256_si128(v1), _mm256_castsi256_si128(v2), out);
  store_half(_mm256_extracti128_si256(v0, 1), _mm256_extracti128_si256(v1, 1), _mm256_extracti128_si256(v2, 1),
             out + 48);
}

// Of sixteen pixels, chroma around zero (JFIF 1.02; in 16 bits of fraction, each colour rounded half up once).
[[gnu::target("avx2"), gnu::always_inline]] inline Colors converted(V y, V cb, V cr) {
  // 1.402 is 1 + 0.402 and 1.772 is 2 - 0.228; a half of the factor rounds as the whole does for all 256 values.
  const V r = _mm256_add_epi16(_mm256_add_epi16(y, cr), _mm256_mulhrs_epi16(cr, _mm256_set1_epi16(13173)));
  const V twice = _mm256_add_epi16(cb, cb);
  const V b = _mm256_add_epi16(_mm256_add_epi16(y, twice), _mm256_mulhrs_epi16(cb, _mm256_set1_epi16(-7471)));
  // -0.34414 cb - 0.71414 cr, the latter as 0.28586 - 1: both rounded together.
  const V factors = _mm256_set1_epi32((18734 << 16) | (-22554 & 0xFFFF)), half = _mm256_set1_epi32(1 << 15);
  const V low = _mm256_madd_epi16(_mm256_unpacklo_epi16(cb, cr), factors);
  const V high = _mm256_madd_epi16(_mm256_unpackhi_epi16(cb, cr), factors);
  const V both = _mm256_packs_epi32(_mm256_srai_epi32(_mm256_add_epi32(low, half), 16),
                                    _mm256_srai_epi32(_mm256_add_epi32(high, half), 16));
  const V g = _mm256_add_epi16(_mm256_sub_epi16(y, cr), both);
  return {r, g, b};
}

[[gnu::target("avx2"), gnu::always_inline]] inline Colors converted(Words y, Words cb, Words cr) {
  const Colors even = converted(y.even, cb.even, cr.even), odd = converted(y.odd, cb.odd, cr.odd);
  return {_mm256_packus_epi16(even.r, odd.r), _mm256_packus_epi16(even.g, odd.g), _mm256_packus_epi16(even.b, odd.b)};
}

[[gnu::target("avx2"), gnu::always_inline]] inline Words centered(Words chroma) {
  const V zero_level = _mm256_set1_epi16(128);
  return {_mm256_sub_epi16(chroma.even, zero_level), _mm256_sub_epi16(chroma.odd, zero_level)};
}

// A sample of half the width becomes two, each three quarters of it and one quarter of its neighbour on that side.
// Halves are rounded down on one side and up on the other, as libjpeg does.
template <int shift, int round_even, int round_odd>
[[gnu::target("avx2"), gnu::always_inline]] inline Words widened(const std::int16_t* row) {
  const V here = load(row + 1);
  const V thrice = _mm256_add_epi16(here, _mm256_add_epi16(here, here));
  const V left = _mm256_add_epi16(_mm256_add_epi16(thrice, load(row)), _mm256_set1_epi16(round_even));
  const V right = _mm256_add_epi16(_mm256_add_epi16(thrice, load(row + 2)), _mm256_set1_epi16(round_odd));
  return centered({_mm256_srli_epi16(left, shift), _mm256_srli_epi16(right, shift)});
}

// `colors_at(x)` gives thirty-two pixels from x on.
template <bool split_by_parity, typename ColorsAt>
[[gnu::target("avx2"), gnu::always_inline]] inline void for_row(std::int64_t width_px, std::uint8_t* out,
                                                                const ColorsAt& colors_at) {
  std::int64_t x = 0;
  for (; x + kStepPx <= width_px; x += kStepPx) store<split_by_parity>(colors_at(x), out + 3 * x);
  if (x == width_px) return;
  std::array<std::uint8_t, 3 * kStepPx> last;
  store<split_by_parity>(colors_at(x), last.data());
  std::memcpy(out + 3 * x, last.data(), static_cast<std::size_t>(3 * (width_px - x)));
}

template <int shift, int round_even, int round_odd>
[[gnu::target("avx2"), gnu::always_inline]] inline void rgb_from_half(const std::uint8_t* y, ChromaRow chroma,
                                                                      std::int64_t width_px, std::uint8_t* out) {
  for_row<true>(width_px, out, [=](std::int64_t x) __attribute__((target("avx2"), always_inline)) {
    return converted(split(load(y + x)), widened<shift, round_even, round_odd>(chroma.cb + x / 2),
                     widened<shift, round_even, round_odd>(chroma.cr + x / 2));
  });
}

void repeat_ends(std::int64_t count, std::int16_t* row) {
  row[0] = row[1];
  row[count + 1] = row[count];
}

}  // namespace

[[gnu::target("avx2")]] void blend_rows_avx2(const std::uint8_t* near, const std::uint8_t* far, std::int64_t count,
                                             std::int16_t* sums) {
  for (std::int64_t x = 0; x < count; x += 16) {
    const V a = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(near + x)));
    const V b = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(far + x)));
    const V sum = _mm256_add_epi16(b, _mm256_add_epi16(a, _mm256_add_epi16(a, a)));
    _mm256_storeu_si256(reinterpret_cast<V*>(sums + 1 + x), sum);
  }
  repeat_ends(count, sums);
}

[[gnu::target("avx2")]] void widen_row_avx2(const std::uint8_t* samples, std::int64_t count, std::int16_t* wide) {
  for (std::int64_t x = 0; x < count; x += 16)
    _mm256_storeu_si256(reinterpret_cast<V*>(wide + 1 + x),
                        _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(samples + x))));
  repeat_ends(count, wide);
}

[[gnu::target("avx2")]] void rgb_from_420_avx2(const std::uint8_t* y, ChromaRow sums, std::int64_t width_px,
                                               std::uint8_t* out) {
  rgb_from_half<4, 8, 7>(y, sums, width_px, out);
}

[[gnu::target("avx2")]] void rgb_from_422_avx2(const std::uint8_t* y, ChromaRow wide, std::int64_t width_px,
                                               std::uint8_t* out) {
  rgb_from_half<2, 1, 2>(y, wide, width_px, out);
}

[[gnu::target("avx2")]] void rgb_from_444_avx2(const std::uint8_t* y, const std::uint8_t* cb, const std::uint8_t* cr,
                                               std::int64_t width_px, std::uint8_t* out) {
  for_row<true>(width_px, out, [=](std::int64_t x) __attribute__((target("avx2"), always_inline)) {
    return converted(split(load(y + x)), centered(split(load(cb + x))), centered(split(load(cr + x))));
  });
}

[[gnu::target("avx2")]] void interleave_avx2(const std::uint8_t* r, const std::uint8_t* g, const std::uint8_t* b,
                                             std::int64_t width_px, std::uint8_t* out) {
  for_row<false>(width_px, out, [=](std::int64_t x) __attribute__((target("avx2"), always_inline)) {
    return Colors{load(r + x), load(g + x), load(b + x)};
  });
}

}  // namespace microtome::decode

#endif
