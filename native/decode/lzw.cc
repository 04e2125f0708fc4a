#include "decode/lzw.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <string>

#include "decode/bad_tile.h"
#include "decode/built_in_codecs.h"

namespace microtome::decode {
namespace {

constexpr std::uint32_t kClear = 256, kEnd = 257, kFirst = 258;
constexpr int kBitsLeast = 9, kBitsMost = 12;
// Encoders may clear a full table late. libtiff goes on for so many codes, which cannot be referred to.
constexpr std::uint32_t kEntriesMost = 4096 + 1023;

// Codes from the high end of each byte; the code that would be the last of its width already has one bit more.
class HighBits {
 public:
  static constexpr std::uint32_t kEarly = 1;

  explicit HighBits(std::span<const std::uint8_t> data) : at_(data.data()), end_(data.data() + data.size()) {}

  // False when fewer than `width` bits are left.
  bool next(int width, std::uint32_t& code) {
    if (held_ < width && !refill(width)) return false;
    held_ -= width;
    code = static_cast<std::uint32_t>(bits_ >> held_) & ((1u << width) - 1);
    return true;
  }

 private:
  bool refill(int width) {
    if (end_ - at_ >= 4) {
      std::uint32_t four;
      std::memcpy(&four, at_, sizeof four);
      if constexpr (std::endian::native == std::endian::little) four = __builtin_bswap32(four);
      bits_ = bits_ << 32 | four;
      held_ += 32;
      at_ += 4;
      return true;
    }
    for (; held_ < width && at_ != end_; held_ += 8) bits_ = bits_ << 8 | *at_++;
    return held_ >= width;
  }

  const std::uint8_t* at_;
  const std::uint8_t* end_;
  std::uint64_t bits_ = 0;  // the lower `held_` bits are unread
  int held_ = 0;
};

// Codes from the low end of each byte, as old writers did.
class LowBits {
 public:
  static constexpr std::uint32_t kEarly = 0;

  explicit LowBits(std::span<const std::uint8_t> data) : at_(data.data()), end_(data.data() + data.size()) {}

  bool next(int width, std::uint32_t& code) {
    for (; held_ < width && at_ != end_; held_ += 8) bits_ |= static_cast<std::uint64_t>(*at_++) << held_;
    if (held_ < width) return false;
    code = static_cast<std::uint32_t>(bits_) & ((1u << width) - 1);
    bits_ >>= width;
    held_ -= width;
    return true;
  }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  std::uint64_t bits_ = 0;
  int held_ = 0;
};

constexpr std::size_t kHead = sizeof(std::uint64_t);

// The first byte of a string is the lowest of its head, and is stored first.
std::uint64_t stored_order(std::uint64_t head) {
  if constexpr (std::endian::native == std::endian::big) return __builtin_bswap64(head);
  return head;
}

// Writes a string of `bytes` at `to`: the head, then what follows it where the string stands, whole words at a time. A
// string that reaches into itself stands at least a head away, so each word is there when it is read.
void write_string(std::uint8_t* to, std::uint64_t head, const std::uint8_t* from, std::size_t bytes) {
  head = stored_order(head);
  std::memcpy(to, &head, kHead);
  for (std::size_t done = kHead; done < bytes; done += kHead) std::memcpy(to + done, from + done, kHead);
}

// The same near the end of the output, byte by byte.
void write_string_exactly(std::uint8_t* to, std::uint64_t head, const std::uint8_t* from, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) to[i] = i < kHead ? static_cast<std::uint8_t>(head >> (8 * i)) : from[i];
}

[[noreturn]] void fail(const char* what, std::size_t made, std::size_t wanted) {
  throw BadTile(std::string("its LZW stream ") + what + " after " + std::to_string(made) + " of " +
                std::to_string(wanted) + " bytes");
}

}  // namespace

LzwDecoder::LzwDecoder() noexcept {
  for (std::uint32_t byte = 0; byte < kClear; ++byte) table_[byte] = {byte, 0, 1};
}

template <typename Bits>
void LzwDecoder::run(Bits bits, std::span<std::uint8_t> out) {
  std::uint8_t* const begin = out.data();
  std::uint8_t* const end = begin + out.size();
  std::uint8_t* to = begin;
  const auto made = [&] { return static_cast<std::size_t>(to - begin); };
  std::uint32_t next = kFirst, code = 0;
  int width = kBitsLeast;
  Entry last;  // the string of the code before; empty right after a clear code, which must come first
  bool cleared = false;
  while (to != end) {
    if (!bits.next(width, code) || code == kEnd) fail("ends", made(), out.size());
    if (code == kClear) {
      next = kFirst;
      width = kBitsLeast;
      last = {};
      cleared = true;
      continue;
    }
    Entry entry;
    if (last.bytes == 0) {
      if (!cleared || code > kClear) fail("is damaged", made(), out.size());
      entry = table_[code];
    } else {
      if (code > next || next >= kEntriesMost) fail("is damaged", made(), out.size());
      // The newest string is the last one and a byte more: the first of the string that follows, which may be itself.
      const std::uint64_t first = (code == next ? last.head : table_[code].head) & 0xFF;
      Entry newest{last.head, last.at, last.bytes + 1};
      if (last.bytes < kHead) newest.head |= first << (8 * last.bytes);
      if (next < kCodes) table_[next] = newest;
      entry = table_[code];
      ++next;
      if (next + Bits::kEarly >= (1u << width) && width < kBitsMost) ++width;
    }
    const std::uint32_t at = static_cast<std::uint32_t>(made());
    const std::size_t room = static_cast<std::size_t>(end - to);
    if (room >= entry.bytes + kHead) {
      write_string(to, entry.head, begin + entry.at, entry.bytes);
      to += entry.bytes;
    } else {
      const std::size_t bytes = std::min<std::size_t>(entry.bytes, room);
      write_string_exactly(to, entry.head, begin + entry.at, bytes);
      to += bytes;
    }
    last = {entry.head, at, entry.bytes};
  }
}

void LzwDecoder::decode(std::span<const std::uint8_t> stored, std::span<std::uint8_t> out) {
  if (out.size() > std::numeric_limits<std::uint32_t>::max()) throw BadTile("it is too large for LZW");
  const bool old = stored.size() >= 2 && stored[0] == 0 && (stored[1] & 1) != 0;
  if (old)
    run(LowBits(stored), out);
  else
    run(HighBits(stored), out);
}

namespace {

class LzwCodec final : public Codec {
 public:
  void decode(const CodedTile& tile, std::span<std::uint8_t> out) override { decoder_.decode(tile.stored, out); }

 private:
  LzwDecoder decoder_;
};

}  // namespace

BuiltInCodec lzw_codec() {
  return {"microtome", "", []() -> std::unique_ptr<Codec> { return std::make_unique<LzwCodec>(); }};
}

}  // namespace microtome::decode
