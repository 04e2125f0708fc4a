#include "decode/huffman.h"

#include <algorithm>

namespace microtome::decode {
namespace {

// The `size` bits that follow `length` bits of code, as T.81's EXTEND reads them.
int value_of(std::uint64_t bits, int length, unsigned size) {
  if (size == 0) return 0;
  const auto stored = static_cast<int>(bits << length >> (64 - size));
  const int half = 1 << (size - 1);
  return stored >= half ? stored : stored - 2 * half + 1;
}

Symbol packed(unsigned taken, unsigned step, int value) {
  return taken | step << 8 | static_cast<std::uint32_t>(value) << 16;
}

// A code of `length` bits that stands for `code`, at the front of `bits`. 0: not a meaning that it may have here.
Symbol symbol_at(CoefficientKind kind, std::uint8_t code, int length, std::uint64_t bits) {
  const auto taken = static_cast<unsigned>(length);
  if (kind == CoefficientKind::Dc) return packed(taken + code, 0, value_of(bits, length, code));
  const unsigned run = code >> 4, size = code & 15U;
  if (size > kAcCategories) return 0;
  if (size != 0) return packed(taken + size, run + 1, value_of(bits, length, size));
  if (run == 15) return packed(taken, 16, 0);
  return run == 0 ? packed(taken, kEndOfBlock, 0) : 0;
}

}  // namespace

bool HuffmanTable::build(CoefficientKind kind, std::span<const std::uint8_t, 16> counts,
                         std::span<const std::uint8_t> symbols) noexcept {
  kind_ = kind;
  if (symbols.size() > symbols_.size()) return false;
  if (kind == CoefficientKind::Dc &&
      std::any_of(symbols.begin(), symbols.end(), [](std::uint8_t one) { return one > kDcCategories; }))
    return false;
  std::copy(symbols.begin(), symbols.end(), symbols_.begin());
  std::uint32_t code = 0, symbol = 0;
  for (std::uint32_t length = 1; length <= std::uint32_t{kLongestCode}; ++length, code <<= 1) {
    const std::uint32_t codes = counts[length - 1];
    if (codes != 0 && code + codes >= 1U << length) return false;
    if (symbol + codes > symbols.size()) return false;
    lengths_[length] = {code, codes, symbol};
    code += codes;
    symbol += codes;
  }
  fill_lookup();
  return true;
}

void HuffmanTable::fill_lookup() noexcept {
  lookup_.fill((kIndexBits + 1) << 8);
  for (std::uint32_t length = 1; length <= kIndexBits; ++length) {
    const Length& these = lengths_[length];
    for (std::uint32_t nth = 0; nth < these.codes; ++nth) {
      const std::uint32_t unknown = kIndexBits - length;  // bits of the index behind the code
      const std::uint32_t first = (these.first_code + nth) << unknown;
      for (std::uint32_t i = first; i < first + (1U << unknown); ++i) {
        const Symbol symbol = symbol_at(kind_, symbols_[these.first_symbol + nth], static_cast<int>(length),
                                        static_cast<std::uint64_t>(i) << (64 - kIndexBits));
        // What needs bits behind the index is found by decode_long, and so is what has no meaning.
        const bool complete = symbol != 0 && (symbol & 255) <= kIndexBits;
        lookup_[i] = complete ? symbol : length << 8;
      }
    }
  }
}

Symbol HuffmanTable::decode_long(std::uint64_t bits, std::uint32_t from_length) const noexcept {
  for (std::uint32_t length = from_length; length <= std::uint32_t{kLongestCode}; ++length) {
    const Length& these = lengths_[length];
    const std::uint32_t nth = static_cast<std::uint32_t>(bits >> (64 - length)) - these.first_code;
    if (nth < these.codes) return symbol_at(kind_, symbols_[these.first_symbol + nth], static_cast<int>(length), bits);
  }
  return 0;
}

}  // namespace microtome::decode
