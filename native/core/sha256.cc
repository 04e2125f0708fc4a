#include "core/sha256.h"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace microtome {
namespace sha256 {
namespace {

alignas(16) constexpr std::uint32_t kRound[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

std::uint32_t big_endian(const std::byte* at) noexcept {
  std::uint32_t word = 0;
  for (int i = 0; i < 4; ++i) word = (word << 8) | std::to_integer<std::uint32_t>(at[i]);
  return word;
}

}  // namespace

void take_plainly(State& state, const std::byte* data, std::size_t blocks) noexcept {
  for (; blocks > 0; --blocks, data += 64) {
    std::uint32_t w[64];
    for (int i = 0; i < 16; ++i) w[i] = big_endian(data + std::ptrdiff_t{4} * i);
    for (int i = 16; i < 64; ++i) {
      const auto small0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
      const auto small1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
      w[i] = w[i - 16] + small0 + w[i - 7] + small1;
    }
    auto [a, b, c, d, e, f, g, h] = state;
    for (int i = 0; i < 64; ++i) {
      const auto large1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
      const auto t1 = h + large1 + ((e & f) ^ (~e & g)) + kRound[i] + w[i];
      const auto large0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
      const auto t2 = large0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    const State now{a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < 8; ++i) state[i] += now[i];
  }
}

#if defined(__x86_64__)

bool has_instructions() noexcept {
  static const bool has = [] {
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    if (__get_cpuid_count(1, 0, &eax, &ebx, &ecx, &edx) == 0 || (ecx >> 19 & 1U) == 0) return false;  // SSE 4.1
    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (ebx >> 29 & 1U) != 0;             // SHA
  }();
  return has;
}

// The processor keeps the state as two vectors, a b e f and c d g h from the top, and does two rounds an instruction.
// `w` holds the last 16 words of the schedule, four a vector, oldest first.
__attribute__((target("sha,sse4.1"))) void take_with_instructions(State& state, const std::byte* data,
                                                                  std::size_t blocks) noexcept {
  auto abef = _mm_set_epi32(static_cast<int>(state[0]), static_cast<int>(state[1]), static_cast<int>(state[4]),
                            static_cast<int>(state[5]));
  auto cdgh = _mm_set_epi32(static_cast<int>(state[2]), static_cast<int>(state[3]), static_cast<int>(state[6]),
                            static_cast<int>(state[7]));
  const auto bytes_turned = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  for (; blocks > 0; --blocks, data += 64) {
    const auto abef_before = abef;
    const auto cdgh_before = cdgh;
    __m128i w[4];
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
      __m128i next;
      if (i < 4) {
        next = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(data) + i), bytes_turned);
      } else {
        next = _mm_sha256msg1_epu32(w[0], w[1]);
        next = _mm_add_epi32(next, _mm_alignr_epi8(w[3], w[2], 4));
        next = _mm_sha256msg2_epu32(next, w[3]);
      }
      w[0] = w[1], w[1] = w[2], w[2] = w[3], w[3] = next;
      auto sum = _mm_add_epi32(next, _mm_load_si128(reinterpret_cast<const __m128i*>(kRound) + i));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      sum = _mm_shuffle_epi32(sum, 0x0e);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, sum);
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }
  std::uint32_t out[8];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), abef);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out) + 1, cdgh);
  state = {out[3], out[2], out[7], out[6], out[1], out[0], out[5], out[4]};
}

#else

bool has_instructions() noexcept { return false; }
void take_with_instructions(State& state, const std::byte* data, std::size_t blocks) noexcept {
  take_plainly(state, data, blocks);
}

#endif

namespace {

void take(State& state, const std::byte* data, std::size_t blocks) noexcept {
  has_instructions() ? take_with_instructions(state, data, blocks) : take_plainly(state, data, blocks);
}

}  // namespace
}  // namespace sha256

void Sha256::add(std::span<const std::byte> bytes) noexcept {
  total_bytes_ += bytes.size();
  if (rest_bytes_ > 0) {
    const std::size_t count = std::min(bytes.size(), kBlockBytes - rest_bytes_);
    std::copy_n(bytes.begin(), count, rest_.begin() + static_cast<std::ptrdiff_t>(rest_bytes_));
    rest_bytes_ += count;
    bytes = bytes.subspan(count);
    if (rest_bytes_ < kBlockBytes) return;
    sha256::take(state_, rest_.data(), 1);
    rest_bytes_ = 0;
  }
  const std::size_t blocks = bytes.size() / kBlockBytes;
  sha256::take(state_, bytes.data(), blocks);
  bytes = bytes.subspan(blocks * kBlockBytes);
  std::copy(bytes.begin(), bytes.end(), rest_.begin());
  rest_bytes_ = bytes.size();
}

// The message ends with a set bit, zeros, and its length in bits.
std::string Sha256::finish() {
  std::array<std::byte, 2 * kBlockBytes> tail{};
  std::copy_n(rest_.begin(), rest_bytes_, tail.begin());
  tail[rest_bytes_] = std::byte{0x80};
  const std::size_t blocks = rest_bytes_ + 9 > kBlockBytes ? 2 : 1;
  const std::uint64_t bits = total_bytes_ * 8;
  for (std::size_t i = 0; i < 8; ++i)
    tail[blocks * kBlockBytes - 1 - i] = static_cast<std::byte>((bits >> (8 * i)) & 0xff);
  sha256::take(state_, tail.data(), blocks);
  std::string hex;
  for (const std::uint32_t word : state_)
    for (int shift = 28; shift >= 0; shift -= 4) hex += "0123456789abcdef"[(word >> shift) & 0xf];
  return hex;
}

}  // namespace microtome
