#include "decode/huffman.h"

#include <algorithm>

namespace microtome::decode {
namespace {

constexpr int kLongestCode = 16;
// Of 8-bit samples (T.81, tables F.1 and F.2).
constexpr unsigned kDcCategories = 11, kAcCategories = 10;

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
  lookup_.fill(0);
  std::uint32_t code = 0, symbol = 0;
  for (int length = 1; length <= kLongestCode; ++length, code <<= 1) {
    const std::uint32_t codes = counts[static_cast<std::size_t>(length - 1)];
    if (codes != 0 && code + codes >= 1U << length) return false;
    if (symbol + codes > symbols.size()) return false;
    lengths_[static_cast<std::size_t>(length)] = {code, codes, symbol};
    code += codes;
    symbol += codes;
  }
  for (std::size_t i = 0; i < lookup_.size(); ++i) {
    // The bits beyond the index are not known: an answer that needs none of them is the answer.
    const Symbol found = decode_long(static_cast<std::uint64_t>(i) << (64 - kIndexBits));
    if ((found & 255) <= kIndexBits) lookup_[i] = found;
  }
  return true;
}

Symbol HuffmanTable::decode_long(std::uint64_t bits) const noexcept {
  for (int length = 1; length <= kLongestCode; ++length) {
    const Length& these = lengths_[static_cast<std::size_t>(length)];
    const std::uint32_t nth = static_cast<std::uint32_t>(bits >> (64 - length)) - these.first_code;
    if (nth < these.codes) return symbol_at(kind_, symbols_[these.first_symbol + nth], length, bits);
  }
  return 0;
}

}  // namespace microtome::decode
