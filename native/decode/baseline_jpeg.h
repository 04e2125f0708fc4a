// Baseline JPEG tiles, decoded by ourselves: what nearly every stored tile of a slide is. Bit for bit what
// libjpeg-turbo gives by default (accurate integer DCT, smooth chroma upsampling), in about half of its time: Huffman
// codes and the bits behind them in one lookup, two blocks to a vector, and chroma widened on the way to RGB rather
// than before.
//
// Returns false for anything unusual or damaged. The caller then uses libjpeg-turbo, which alone says what is wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "decode/tile_window.h"

namespace microtome::decode {

// Kept from tile to tile by one thread: tiles with the same header as the one before share its tables.
class BaselineJpeg {
 public:
  BaselineJpeg();
  ~BaselineJpeg();
  BaselineJpeg(const BaselineJpeg&) = delete;
  BaselineJpeg& operator=(const BaselineJpeg&) = delete;

  // Whether this processor has what it takes (AVX2 and BMI2).
  [[nodiscard]] static bool available() noexcept;

  // Decodes a complete stream of `width_px` x `height_px` (see splice_jpeg) and writes the pixels of `windows`, which
  // lie within it, and no others. Each is converted for each window that has it. False: another decoder must; the
  // windows then hold anything. Needs memory for two rows of MCUs and copies of the stream.
  [[nodiscard]] bool decode(std::span<const std::uint8_t> stream, std::int64_t width_px, std::int64_t height_px,
                            std::span<const TileWindow> windows);

  // Gives back what one unusually large tile left, if it is more than `kept_bytes`.
  void trim(std::size_t kept_bytes) noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace microtome::decode
