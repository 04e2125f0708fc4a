// Unsigned integers of 2, 4 and 8 bytes in either byte order, from unaligned memory.
#pragma once

#include <cstdint>

namespace microtome::slide {

[[nodiscard]] inline std::uint64_t load_unsigned(const std::uint8_t* at, unsigned bytes, bool big_endian) noexcept {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < bytes; ++i) value = (value << 8) | at[big_endian ? i : bytes - 1 - i];
  return value;
}

[[nodiscard]] inline std::uint16_t load_u16(const std::uint8_t* at, bool big_endian) noexcept {
  return static_cast<std::uint16_t>(load_unsigned(at, 2, big_endian));
}

[[nodiscard]] inline std::uint32_t load_u32(const std::uint8_t* at, bool big_endian) noexcept {
  return static_cast<std::uint32_t>(load_unsigned(at, 4, big_endian));
}

[[nodiscard]] inline std::uint64_t load_u64(const std::uint8_t* at, bool big_endian) noexcept {
  return load_unsigned(at, 8, big_endian);
}

}  // namespace microtome::slide
