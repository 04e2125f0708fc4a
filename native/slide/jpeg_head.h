// The segments of a JPEG before its entropy-coded bytes, read to learn how it is divided by restart markers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace microtome::slide {

struct JpegHead {
  std::size_t bytes = 0;      // of all of it: the entropy-coded bytes begin there
  std::int64_t width_px = 0;  // as the frame says; 0 where it says nothing
  std::int64_t height_px = 0;
  int components = 0;
  std::int64_t mcu_width_px = 0;
  std::int64_t mcu_height_px = 0;
  std::int64_t restart_mcus = 0;  // MCUs in a restart interval; 0: no restart markers
};

// Nothing unless `stream` begins with the whole head of a sequential Huffman-coded JPEG of 8 bits that has all its
// components in its first scan: others cannot be decoded from the middle.
[[nodiscard]] std::optional<JpegHead> read_jpeg_head(std::span<const std::uint8_t> stream);

// The same head for a JPEG of one restart interval: of this size, at most 65,535 pixels a side, and without restart
// markers. `stream` is what read_jpeg_head() has read.
[[nodiscard]] std::vector<std::uint8_t> jpeg_head_of_size(std::span<const std::uint8_t> stream, std::int64_t width_px,
                                                          std::int64_t height_px);

}  // namespace microtome::slide
