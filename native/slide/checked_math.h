// 64-bit arithmetic on numbers that come from a file: every product and sum is checked.
#pragma once

#include <cstdint>
#include <optional>

namespace microtome::slide {

[[nodiscard]] inline std::optional<std::uint64_t> checked_multiply(std::uint64_t a, std::uint64_t b) noexcept {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

template <typename... More>
[[nodiscard]] std::optional<std::uint64_t> checked_multiply(std::uint64_t a, std::uint64_t b, More... more) noexcept {
  const auto product = checked_multiply(a, b);
  return product ? checked_multiply(*product, more...) : std::nullopt;
}

// True when `bytes` bytes from `offset` lie inside a source of `size` bytes.
[[nodiscard]] inline bool inside(std::uint64_t offset, std::uint64_t bytes, std::uint64_t size) noexcept {
  return offset <= size && bytes <= size - offset;
}

}  // namespace microtome::slide
