// IEEE 754 half precision in integer arithmetic: the definition that the F16C instructions are tested against.
#pragma once

#include <bit>
#include <cstdint>

namespace microtome::preprocess {

// Rounds to nearest, ties to even; overflow gives infinity, NaN stays NaN (quiet).
[[nodiscard]] constexpr std::uint16_t float_to_half(float value) noexcept {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<std::uint16_t>(sign | 0x7e00u | ((magnitude >> 13) & 0x1ffu));
  if (magnitude >= 0x477ff000u) return static_cast<std::uint16_t>(sign | 0x7c00u);  // 65520 and above: infinity
  if (magnitude < 0x33000000u) return static_cast<std::uint16_t>(sign);             // below 2^-25: zero

  // `kept` holds the half's bits with `dropped` bits of the float below them; a carry out of the mantissa raises the
  // exponent, which is what rounding up to the next power of two means.
  std::uint32_t source = magnitude - (112u << 23);  // exponent bias 127 to 15
  std::uint32_t dropped = 13;
  if (magnitude < 0x38800000u) {  // below 2^-14: the result is subnormal
    source = (magnitude & 0x7fffffu) | 0x800000u;
    dropped = 126u - (magnitude >> 23);
  }
  const std::uint32_t kept = source >> dropped;
  const std::uint32_t rest = source & ((1u << dropped) - 1u);
  const std::uint32_t half_way = 1u << (dropped - 1u);
  const bool up = rest > half_way || (rest == half_way && (kept & 1u) != 0);
  return static_cast<std::uint16_t>(sign | (kept + (up ? 1u : 0u)));
}

// Exact: every half is a float.
[[nodiscard]] constexpr float half_to_float(std::uint16_t half) noexcept {
  const std::uint32_t sign = (half & 0x8000u) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1fu;
  const std::uint32_t mantissa = half & 0x3ffu;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
  }
  const std::uint32_t wide = exponent == 0x1fu ? 0x7f800000u : (exponent + 112u) << 23;
  return std::bit_cast<float>(sign | wide | (mantissa << 13));
}

}  // namespace microtome::preprocess
