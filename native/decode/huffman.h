// Huffman-coded coefficients of sequential JPEG (ITU-T T.81, annex F.2.2). One lookup gives what a code says together
// with the value bits that follow it, as far as both fit into the index: of a slide's symbols nearly all do.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace microtome::decode {

// One decoded symbol in one number, 0 when there is no such code:
//   bits 0-7    bits that it takes from the stream, code and value together
//   bits 8-15   AC: how many places the index of the coefficient moves on, kEndOfBlock at the end of a block
//   bits 16-31  the value, signed
using Symbol = std::uint32_t;
constexpr unsigned kEndOfBlock = 128;
// Bits of the longest: a code, and the value of the largest category that 8-bit samples need (T.81, tables F.1 and
// F.2).
constexpr int kLongestCode = 16, kDcCategories = 11, kAcCategories = 10;
constexpr int kMostDcBits = kLongestCode + kDcCategories, kMostAcBits = kLongestCode + kAcCategories;

// The row-by-row place of the n-th coefficient of the stream, DC first (T.81, figure A.6).
[[nodiscard]] constexpr std::array<std::uint8_t, 64> zigzag_places() noexcept {
  std::array<std::uint8_t, 64> places{};
  int row = 0, column = 0;
  for (auto& place : places) {
    place = static_cast<std::uint8_t>(8 * row + column);
    const bool up = (row + column) % 2 == 0;
    int& forward = up ? column : row;
    int& back = up ? row : column;
    if (forward == 7) {
      ++back;
    } else {
      ++forward;
      if (back != 0) --back;
    }
  }
  return places;
}

enum class CoefficientKind : std::uint8_t { Dc, Ac };

class HuffmanTable {
 public:
  // `counts` of codes by length, 1 to 16 bits, and what they stand for. False where this is no prefix code, uses one
  // of all ones, or has DC categories that 8-bit samples do not need.
  [[nodiscard]] bool build(CoefficientKind kind, std::span<const std::uint8_t, 16> counts,
                           std::span<const std::uint8_t> symbols) noexcept;

  // The symbol at the front of `bits`, of which kMostDcBits or kMostAcBits must be there.
  [[nodiscard]] Symbol decode(std::uint64_t bits) const noexcept {
    const Symbol symbol = lookup_[bits >> (64 - kIndexBits)];
    return (symbol & 255) != 0 ? symbol : decode_long(bits, symbol >> 8);
  }

 private:
  static constexpr std::uint32_t kIndexBits = 10;
  void fill_lookup() noexcept;
  // By a search among the codes of at least so many bits.
  [[nodiscard]] Symbol decode_long(std::uint64_t bits, std::uint32_t from_length) const noexcept;

  // By the next bits. Where they do not say it all, no bits are taken and bits 8-15 are the least length of the code.
  std::array<Symbol, 1U << kIndexBits> lookup_;
  struct Length {
    std::uint32_t first_code;
    std::uint32_t codes;
    std::uint32_t first_symbol;
  };
  std::array<Length, 17> lengths_;
  std::array<std::uint8_t, 256> symbols_;
  CoefficientKind kind_ = CoefficientKind::Dc;
};

// Entropy-coded bytes without their stuffing, most significant bit first. It knows no end: who takes bits sees to it
// that there are bytes.
struct BitReader {
  static constexpr int kRefilled = 56;            // bits that are there after a refill, at least
  static constexpr std::size_t kRefillBytes = 8;  // that a refill reads from `at` on

  const std::uint8_t* at;
  std::uint64_t bits = 0;  // the next `count`, at the top; below them what the next refill will put there again
  int count = 0;

  void refill() noexcept {
    std::uint64_t next;
    static_assert(sizeof next == kRefillBytes);
    std::memcpy(&next, at, sizeof next);
    bits |= __builtin_bswap64(next) >> count;
    at += (63 - count) >> 3;
    count |= kRefilled;
  }

  void take(Symbol symbol) noexcept {
    bits <<= symbol & 63;
    count -= static_cast<int>(symbol & 255);
  }

  // From `begin`, where it started.
  [[nodiscard]] std::int64_t bits_taken(const std::uint8_t* begin) const noexcept { return 8 * (at - begin) - count; }
};

}  // namespace microtome::decode
