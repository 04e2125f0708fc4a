// The segments of a complete JPEG stream (see splice_jpeg) before its scan, for decoders of the usual case: sequential,
// one scan of three components or of a grey one, no restart markers, whole MCUs. Anything else is not an error but
// another decoder's work.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "decode/huffman.h"

namespace microtome::decode {

// For how many pixels a chroma sample stands: 4:4:4, 4:2:2, 4:2:0.
enum class Chroma : std::uint8_t { Full, HalfWidth, HalfBoth };

using QuantTable = std::array<std::uint8_t, 64>;  // row by row

struct BaselineHeader {
  struct Component {
    std::uint8_t id = 0;
    std::uint8_t quant_number = 0;
    const QuantTable* quant = nullptr;
    const HuffmanTable* dc = nullptr;
    const HuffmanTable* ac = nullptr;
  };

  BaselineHeader() = default;
  BaselineHeader(const BaselineHeader&) = delete;  // its components point into it
  BaselineHeader& operator=(const BaselineHeader&) = delete;

  std::int64_t width_px = 0;
  std::int64_t height_px = 0;
  std::size_t component_count = 3;  // or 1: grey
  Chroma chroma = Chroma::Full;
  bool ycbcr = false;     // else as stored: RGB or grey
  bool extended = false;  // the frame says extended sequential, not baseline
  std::array<Component, 3> components;
  std::size_t scan_begin = 0;  // of the entropy-coded bytes: the length of what was read

  [[nodiscard]] std::int64_t mcu_width_px() const noexcept { return chroma == Chroma::Full ? 8 : 16; }
  [[nodiscard]] std::int64_t mcu_height_px() const noexcept { return chroma == Chroma::HalfBoth ? 16 : 8; }

  // Returns false for any other stream, and for one that libjpeg might complain about; the header is then undefined.
  [[nodiscard]] bool read(std::span<const std::uint8_t> stream);

 private:
  static constexpr std::size_t kTables = 4;
  [[nodiscard]] bool read_quant(std::span<const std::uint8_t> body);
  [[nodiscard]] bool read_huffman(std::span<const std::uint8_t> body);
  [[nodiscard]] bool read_frame(std::span<const std::uint8_t> body);
  [[nodiscard]] bool read_scan(std::span<const std::uint8_t> body);

  // A Huffman table by its number. It is built when the scan asks for it: streams may define any number of others.
  struct HuffmanSlot {
    std::span<const std::uint8_t> definition;  // counts and symbols, in the stream that is being read; empty: none
    HuffmanTable table;
    bool built = false;
  };
  [[nodiscard]] static const HuffmanTable* built(HuffmanSlot& slot, CoefficientKind kind);

  std::array<QuantTable, kTables> quant_;
  std::array<HuffmanSlot, kTables> dc_, ac_;
  unsigned has_quant_ = 0;  // one bit a table
  bool has_color_ = false, has_frame_ = false;
};

}  // namespace microtome::decode
