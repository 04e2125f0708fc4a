// The entropy-coded part of a baseline JPEG: from bits to blocks of coefficients.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "decode/baseline_kernels.h"
#include "decode/huffman.h"

namespace microtome::decode {

// Where the next block of the stream goes, and by which tables it is read.
struct BlockSlot {
  const HuffmanTable* dc = nullptr;
  const HuffmanTable* ac = nullptr;
  std::size_t component = 0;
  BlockPair* pair = nullptr;
  std::size_t lane = 0;
};

class BaselineScan {
 public:
  // `stream` from behind the scan's header. False unless it runs up to an end-of-image marker without any other. Memory
  // is used again.
  [[nodiscard]] bool begin(std::span<const std::uint8_t> stream);

  // Decodes one block into each slot, whose coefficients must be zero, and adds to what their pairs use. Needs BMI2.
  // Returns false for anything damaged or unusual; libjpeg-turbo then decodes the tile.
  [[nodiscard]] bool decode(std::span<const BlockSlot> slots);

  // All bits were taken, save less than eight that fill the last byte.
  [[nodiscard]] bool at_end() const noexcept;

  // Gives the memory back where it is more than this. Nothing is left to decode then.
  void trim(std::size_t kept_bytes) noexcept;

 private:
  std::vector<std::uint8_t> bytes_;  // without stuffing, and zeros behind
  std::size_t count_ = 0;            // of bytes that are not those zeros
  BitReader reader_{nullptr};
  std::array<int, 3> last_dc_{};  // by component
};

}  // namespace microtome::decode
