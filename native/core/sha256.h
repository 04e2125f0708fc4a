// SHA-256 (FIPS 180-4) of bytes that come in pieces.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace microtome {

class Sha256 {
 public:
  void add(std::span<const std::byte> bytes) noexcept;
  // Lower-case hex. Nothing may be added afterwards.
  [[nodiscard]] std::string finish();

 private:
  static constexpr std::size_t kBlockBytes = 64;

  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::byte, kBlockBytes> rest_{};  // of an unfinished block
  std::size_t rest_bytes_ = 0;
  std::uint64_t total_bytes_ = 0;
};

namespace sha256 {

// Takes `blocks` blocks of 64 bytes into the state. Both give the same; the second needs has_instructions().
using State = std::array<std::uint32_t, 8>;
void take_plainly(State& state, const std::byte* data, std::size_t blocks) noexcept;
void take_with_instructions(State& state, const std::byte* data, std::size_t blocks) noexcept;
[[nodiscard]] bool has_instructions() noexcept;

}  // namespace sha256
}  // namespace microtome
