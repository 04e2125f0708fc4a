#include "decode/lzw.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <string>

#include "decode/bad_tile.h"
#include "decode/codec.h"

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

// Copies `bytes` from earlier output; source and target overlap only when they are fewer than `bytes` apart, which
// the caller has excluded. Whole words while there is room for them.
inline void copy_string(std::uint8_t* to, const std::uint8_t* from, std::size_t bytes, const std::uint8_t* end) {
  if (static_cast<std::size_t>(end - to) >= bytes + 8) {
    std::size_t done = 0;
    do {
      std::memcpy(to + done, from + done, 8);
      done += 8;
    } while (done < bytes);
    return;
  }
  for (std::size_t i = 0; i < bytes; ++i) to[i] = from[i];
}

[[noreturn]] void fail(const char* what, std::size_t made, std::size_t wanted) {
  throw BadTile(std::string("its LZW stream ") + what + " after " + std::to_string(made) + " of " +
                std::to_string(wanted) + " bytes");
}

}  // namespace

template <typename Bits>
void LzwDecoder::run(Bits bits, std::span<std::uint8_t> out) {
  std::uint8_t* const begin = out.data();
  std::uint8_t* const end = begin + out.size();
  std::uint8_t* to = begin;
  const auto made = [&] { return static_cast<std::size_t>(to - begin); };
  std::uint32_t next = kFirst, code = 0;
  int width = kBitsLeast;
  // The string of the code before, in the output; none right after a clear code, which must come first.
  std::uint32_t last_at = 0, last_bytes = 0;
  bool cleared = false;
  while (to != end) {
    if (!bits.next(width, code) || code == kEnd) fail("ends", made(), out.size());
    if (code == kClear) {
      next = kFirst;
      width = kBitsLeast;
      last_bytes = 0;
      cleared = true;
      continue;
    }
    if (last_bytes == 0) {
      if (!cleared || code > kClear) fail("is damaged", made(), out.size());
      last_at = static_cast<std::uint32_t>(made());
      last_bytes = 1;
      *to++ = static_cast<std::uint8_t>(code);
      continue;
    }
    if (code > next || next >= kEntriesMost) fail("is damaged", made(), out.size());
    const std::uint32_t at = static_cast<std::uint32_t>(made());
    std::uint32_t bytes = 1;
    if (code < kClear) {
      *to++ = static_cast<std::uint8_t>(code);
    } else {
      // The newest string is the last one and its own first byte, which is not there yet.
      const bool newest = code == next;
      const Entry entry = newest ? Entry{last_at, last_bytes + 1} : table_[code];
      bytes = entry.bytes;
      const std::size_t room = static_cast<std::size_t>(end - to);
      const std::size_t copied = std::min<std::size_t>(newest ? bytes - 1 : bytes, room);
      copy_string(to, begin + entry.at, copied, end);
      to += copied;
      if (newest && to != end) *to++ = begin[entry.at];
    }
    if (next < kCodes) table_[next] = {last_at, last_bytes + 1};
    ++next;
    if (next + Bits::kEarly >= (1u << width) && width < kBitsMost) ++width;
    last_at = at;
    last_bytes = bytes;
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
