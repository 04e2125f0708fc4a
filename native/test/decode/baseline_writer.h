// Writes baseline JPEGs of one MCU row from given coefficients, with Huffman codes that are all of one length: no
// encoder would write the blocks that the tests need.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace microtome::test {

class BaselineWriter {
 public:
  using Block = std::array<std::int16_t, 64>;  // in the order of the stream; DC as it is, not as a difference

  // `sampling` of the first component: 0x11, 0x21 or 0x22. Two MCUs.
  explicit BaselineWriter(int sampling)
      : sampling_(sampling),
        blocks_per_mcu_(sampling == 0x22   ? 6
                        : sampling == 0x21 ? 4
                                           : 3) {
    quant.fill(1);
    blocks.resize(static_cast<std::size_t>(2 * blocks_per_mcu_));
    for (Block& block : blocks) block.fill(0);
  }

  std::array<std::uint8_t, 64> quant;
  std::vector<Block> blocks;

  [[nodiscard]] std::vector<std::uint8_t> bytes() {
    out_ = {0xFF, 0xD8};
    segment(0xDB, quant_body());
    const int width = sampling_ == 0x11 ? 16 : 32, height = sampling_ == 0x22 ? 16 : 8;
    segment(0xC0, {8, 0, byte(height), 0, byte(width), 3, 1, byte(sampling_), 0, 2, 0x11, 0, 3, 0x11, 0});
    segment(0xC4, huffman_body(0x00, kDcSymbols, 4));
    segment(0xC4, huffman_body(0x10, 256, 9));
    segment(0xDA, {3, 1, 0, 2, 0, 3, 0, 0, 63, 0});
    for (std::size_t i = 0; i < blocks.size(); ++i) write(blocks[i], component_of(i));
    while (count_ % 8 != 0) bit(1);
    out_.insert(out_.end(), {0xFF, 0xD9});
    return out_;
  }

 private:
  using Bytes = std::vector<std::uint8_t>;
  static constexpr int kDcSymbols = 12;
  static std::uint8_t byte(int value) { return static_cast<std::uint8_t>(value); }

  [[nodiscard]] std::size_t component_of(std::size_t block) const {
    const std::size_t luma = static_cast<std::size_t>(blocks_per_mcu_ - 2);
    const std::size_t in_mcu = block % static_cast<std::size_t>(blocks_per_mcu_);
    return in_mcu < luma ? 0 : in_mcu - luma + 1;
  }

  void segment(int marker, const Bytes& body) {
    const std::size_t length = body.size() + 2;
    out_.insert(out_.end(),
                {0xFF, byte(marker), static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)});
    out_.insert(out_.end(), body.begin(), body.end());
  }

  [[nodiscard]] Bytes quant_body() const {
    Bytes body{0};
    body.insert(body.end(), quant.begin(), quant.end());
    return body;
  }

  // Symbol n has code n.
  static Bytes huffman_body(int which, int symbols, int length) {
    Bytes body{byte(which)};
    body.resize(17);
    // A segment counts codes of a length in one byte: of 256, one is of the next length.
    const int of_length = symbols == 256 ? 255 : symbols;
    body[static_cast<std::size_t>(length)] = byte(of_length);
    for (int i = 0; i < of_length; ++i) body.push_back(byte(i));
    return body;
  }

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

  void write(const Block& block, std::size_t component) {
    const int difference = block[0] - last_dc_[component];
    last_dc_[component] = block[0];
    bits(size_of(difference), 4);
    value(difference, size_of(difference));
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
    if (run != 0) bits(0, 9);
  }

  const int sampling_;
  const int blocks_per_mcu_;
  Bytes out_;
  std::array<int, 3> last_dc_{};
  int pending_ = 0;
  std::int64_t count_ = 0;
};

}  // namespace microtome::test
