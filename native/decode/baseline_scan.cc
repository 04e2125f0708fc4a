#if defined(__x86_64__)

#include "decode/baseline_scan.h"

#include <algorithm>
#include <cstring>

#include "decode/jpeg_markers.h"

namespace microtome::decode {
namespace {

// The end is looked for once a block. Until then the reader may stand this far behind it, with bits that are not taken
// yet;
constexpr std::size_t kSlack = BitReader::kRefillBytes;
// then comes a block of no more than 64 symbols, and a last refill. All that is read there is zeros.
constexpr std::size_t kZeros = kSlack + (64 * kMostDcBits + 7) / 8 + 2 * BitReader::kRefillBytes;

// Where a pair of blocks has the n-th coefficient of the stream, counted from 1. Behind the 64, and at an end of block:
// the room for what is none.
constexpr std::array<std::uint8_t, kEndOfBlock + 64> coefficient_places() {
  std::array<std::uint8_t, kEndOfBlock + 64> places{};
  places.fill(BlockPair::kBeyond);
  const auto zigzag = zigzag_places();
  for (std::size_t i = 0; i < 64; ++i)
    places[i + 1] = static_cast<std::uint8_t>(BlockPair::kRow * (zigzag[i] / 8) + zigzag[i] % 8);
  return places;
}
constexpr auto kPlaces = coefficient_places();

// One AC symbol: `known` coefficients of the block are known after it, and `used` has the place of its own. False: no
// such code.
[[gnu::target("bmi2"), gnu::always_inline]] inline bool decode_ac(BitReader& in, const HuffmanTable& table,
                                                                  std::int16_t* block, unsigned& known,
                                                                  unsigned& used) {
  const Symbol symbol = table.decode(in.bits);
  if (symbol == 0) return false;
  in.take(symbol);
  known += symbol >> 8 & 255;
  used |= kPlaces[known];
  block[kPlaces[known]] = static_cast<std::int16_t>(symbol >> 16);
  return true;
}

// One block. False: damage, or something that is legal and left to libjpeg-turbo.
[[gnu::target("bmi2"), gnu::always_inline]] inline bool decode_block(BitReader& in, const BlockSlot& slot,
                                                                     int& last_dc) {
  std::int16_t* const block = slot.pair->coefficients.data() + BlockPair::kLane * slot.lane;
  in.refill();
  const Symbol first = slot.dc->decode(in.bits);
  if (first == 0) return false;
  in.take(first);
  last_dc += static_cast<std::int16_t>(first >> 16);
  if (last_dc != static_cast<std::int16_t>(last_dc)) return false;
  block[0] = static_cast<std::int16_t>(last_dc);
  const HuffmanTable& ac = *slot.ac;
  unsigned known = 1, used = 0;  // how many coefficients, and where
  static_assert(kMostDcBits <= BitReader::kRefilled && 2 * kMostAcBits <= BitReader::kRefilled,
                "two symbols to a refill");
  while (known < 64) {
    in.refill();
    if (!decode_ac(in, ac, block, known, used)) return false;
    if (known < 64 && !decode_ac(in, ac, block, known, used)) return false;
  }
  slot.pair->used |= used;
  return known == 64 || known > kEndOfBlock;
}

}  // namespace

bool BaselineScan::begin(std::span<const std::uint8_t> stream) {
  bytes_.resize(stream.size() + kZeros);
  const std::uint8_t* from = stream.data();
  const std::uint8_t* const end = from + stream.size();
  std::uint8_t* to = bytes_.data();
  for (;;) {
    const auto* mark = static_cast<const std::uint8_t*>(std::memchr(from, 0xFF, static_cast<std::size_t>(end - from)));
    if (mark == nullptr || mark + 1 == end) return false;
    to = std::copy(from, mark, to);
    if (mark[1] == jpeg_marker::kEoi) break;
    if (mark[1] != 0) return false;
    *to++ = 0xFF;
    from = mark + 2;
  }
  count_ = static_cast<std::size_t>(to - bytes_.data());
  std::fill_n(to, kZeros, std::uint8_t{0});
  reader_ = {bytes_.data()};
  last_dc_ = {};
  return true;
}

[[gnu::target("bmi2")]] bool BaselineScan::decode(std::span<const BlockSlot> slots) {
  BitReader in = reader_;  // in registers
  const std::uint8_t* const last = bytes_.data() + count_ + kSlack;
  for (const BlockSlot& slot : slots)
    if (in.at > last || !decode_block(in, slot, last_dc_[slot.component])) return false;
  reader_ = in;
  return true;
}

bool BaselineScan::at_end() const noexcept {
  const auto bits = static_cast<std::int64_t>(8 * count_) - reader_.bits_taken(bytes_.data());
  return bits >= 0 && bits < 8;
}

void BaselineScan::trim(std::size_t kept_bytes) noexcept {
  if (bytes_.capacity() > kept_bytes) std::vector<std::uint8_t>().swap(bytes_);
}

}  // namespace microtome::decode

#endif
