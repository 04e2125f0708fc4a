// What of baseline JPEG is done with vector instructions: from coefficients to samples, and from samples to rows of
// RGB. Internal to this folder. All of it gives the bits that libjpeg-turbo gives by default on the same processor.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace microtome::decode {

// Two blocks side by side in the lanes of one vector: coefficient (row, column) of block `lane` is at
// 16 * row + 8 * lane + column.
struct BlockPair {
  static constexpr std::size_t kRow = 16, kLane = 8, kBeyond = 128;
  // Parts of `used`: a coefficient in row 4 or later, in column 4 or later, anywhere but DC.
  static constexpr unsigned kLowerHalf = 4 * kRow, kRightHalf = 4, kAc = 7 * kRow + 7;
  // Quantisation steps, laid out like the coefficients.
  struct Steps {
    alignas(32) std::array<std::int16_t, kBeyond> values;
  };

  // From kBeyond on: a scratch slot for each lane, for writes past coefficient 63.
  alignas(32) std::array<std::int16_t, kBeyond + kRow> coefficients{};
  std::array<std::uint8_t*, 2> out{};  // eight rows of eight samples for each block
  std::int64_t out_stride = 0;
  const Steps* steps = nullptr;
  // All places, in a block, of coefficients that may not be zero, or-ed: what is not set says which halves are empty.
  unsigned used = 0;
};

#if defined(__x86_64__)

// The accurate integer inverse DCT after Loeffler, Ligtenberg and Moschytz (ICASSP 1989; their variant with twelve
// multiplications, constants of 13 bits), level shift and clamping. Coefficients are zero afterwards. False: some block
// holds values so large that implementations differ; nothing may be made of the samples then.
[[nodiscard]] bool inverse_dct_avx2(std::span<BlockPair> pairs);

// Samples below lie in memory that may be read up to 32 samples behind the last; `count` of rows that are widened or
// blended is a multiple of 8; `out` takes 3 * width_px bytes.

// Chroma on its way to full resolution: a row of half the width whose neighbours right and left of its ends repeat the
// ends. The first sample is at [1]; reads go up to 17 samples behind the last.
struct ChromaRow {
  const std::int16_t* cb;
  const std::int16_t* cr;
};

// 3 * near + far: three quarters and one quarter, times four. Writes [0, count + 1] and up to 15 more.
void blend_rows_avx2(const std::uint8_t* near, const std::uint8_t* far, std::int64_t count, std::int16_t* sums);
// The samples themselves, in the same layout.
void widen_row_avx2(const std::uint8_t* samples, std::int64_t count, std::int16_t* wide);

void rgb_from_420_avx2(const std::uint8_t* y, ChromaRow sums, std::int64_t width_px, std::uint8_t* out);
void rgb_from_422_avx2(const std::uint8_t* y, ChromaRow wide, std::int64_t width_px, std::uint8_t* out);
void rgb_from_444_avx2(const std::uint8_t* y, const std::uint8_t* cb, const std::uint8_t* cr, std::int64_t width_px,
                       std::uint8_t* out);
// Three planes as they are.
void interleave_avx2(const std::uint8_t* r, const std::uint8_t* g, const std::uint8_t* b, std::int64_t width_px,
                     std::uint8_t* out);

#endif

}  // namespace microtome::decode
