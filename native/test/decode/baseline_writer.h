// Writes baseline JPEGs of one MCU row from given coefficients, with Huffman codes that are all of one length: no
// encoder would write the blocks and headers that the tests need.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace microtome::test {

class BaselineWriter {
 public:
  using Bytes = std::vector<std::uint8_t>;
  using Block = std::array<std::int16_t, 64>;  // in the order of the stream; DC as the difference that is stored

  // `sampling` of the first component: 0x11, 0x21 or 0x22.
  explicit BaselineWriter(int sampling, int mcus = 2)
      : sampling_(sampling),
        mcus_(mcus),
        blocks_per_mcu_(sampling == 0x22   ? 6
                        : sampling == 0x21 ? 4
                                           : 3) {
    quant.fill(1);
    blocks.resize(static_cast<std::size_t>(mcus * blocks_per_mcu_));
    for (Block& block : blocks) block.fill(0);
  }

  std::array<std::uint8_t, 64> quant;
  std::vector<Block> blocks;
  // AC symbols behind the first block's coefficients instead of its end of block, value bits all ones.
  Bytes last_symbols;

  // Segments from behind the start of image up to and with the scan's header: tables, frame, two Huffman tables, scan.
  enum Part : std::uint8_t { kQuant, kFrame, kDc, kAc, kScan };
  [[nodiscard]] std::vector<Bytes> segments() const {
    const int width = mcus_ * (sampling_ == 0x11 ? 8 : 16), height = sampling_ == 0x22 ? 16 : 8;
    Bytes table{0};
    table.insert(table.end(), quant.begin(), quant.end());
    return {segment(0xDB, table),
            segment(0xC0, {8, 0, byte(height), byte(width >> 8), byte(width), 3, 1, byte(sampling_), 0, 2, 0x11, 0, 3,
                           0x11, 0}),
            segment(0xC4, huffman(0x00, 12, 4)), segment(0xC4, huffman(0x10, 255, 9)),
            segment(0xDA, {3, 1, 0, 2, 0, 3, 0, 0, 63, 0})};
  }

  [[nodiscard]] Bytes bytes() { return bytes(segments()); }
  [[nodiscard]] Bytes bytes(const std::vector<Bytes>& segments) {
    out_ = {0xFF, 0xD8};
    for (const Bytes& one : segments) out_.insert(out_.end(), one.begin(), one.end());
    count_ = 0;
    for (std::size_t i = 0; i < blocks.size(); ++i) write(blocks[i], i == 0 ? last_symbols : Bytes());
    while (count_ % 8 != 0) bit(1);
    out_.insert(out_.end(), {0xFF, 0xD9});
    return out_;
  }

  static Bytes segment(int marker, const Bytes& body) {
    const std::size_t length = body.size() + 2;
    Bytes out{0xFF, byte(marker), static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)};
    out.insert(out.end(), body.begin(), body.end());
    return out;
  }

  // Symbols below `symbols`: n has code n, of `length` bits.
  static Bytes huffman(int which, int symbols, int length) {
    Bytes body(17);
    body[0] = byte(which);
    body[static_cast<std::size_t>(length)] = byte(symbols);
    for (int i = 0; i < symbols; ++i) body.push_back(byte(i));
    return body;
  }

 private:
  static std::uint8_t byte(int value) { return static_cast<std::uint8_t>(value); }

  void bit(int value) {
    pending_ = pending_ << 1 | value;
    if (++count_ % 8 != 0) return;
    out_.push_back(byte(pending_));
    if (byte(pending_) == 0xFF) out_.push_back(0);
    pending_ = 0;
  }

  void bits(int value, int count) {
    for (int i = count - 1; i >= 0; --i) bit(value >> i & 1);
  }

  static int size_of(int value) {
    int size = 0;
    for (int left = std::abs(value); left != 0; left >>= 1) ++size;
    return size;
  }

  void value(int number, int size) { bits(number >= 0 ? number : number + (1 << size) - 1, size); }

  void write(const Block& block, const Bytes& last) {
    bits(size_of(block[0]), 4);
    value(block[0], size_of(block[0]));
    int run = 0;
    for (std::size_t i = 1; i < 64; ++i) {
      if (block[i] == 0) {
        ++run;
        continue;
      }
      for (; run > 15; run -= 16) bits(0xF0, 9);
      const int size = size_of(block[i]);
      bits(run << 4 | size, 9);
      value(block[i], size);
      run = 0;
    }
    for (const std::uint8_t symbol : last) {
      bits(symbol, 9);
      bits(0xFFFF, symbol & 15);
    }
    if (run != 0 && last.empty()) bits(0, 9);
  }

  const int sampling_;
  const int mcus_;
  const int blocks_per_mcu_;
  Bytes out_;
  int pending_ = 0;
  std::int64_t count_ = 0;
};

}  // namespace microtome::test
