// The samples of a baseline JPEG on their way from blocks to rows of RGB: a few rows of each component.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "decode/baseline_header.h"

namespace microtome::decode {

class BaselinePlanes {
 public:
  // `header` must stay as it is until the next call. Memory is used again.
  void shape(const BaselineHeader& header);

  // Where the first sample of an MCU goes; rows are stride() apart. Two rows of MCUs are kept, and behind each row
  // there is room for another block.
  [[nodiscard]] std::uint8_t* mcu(std::size_t component, std::int64_t column, std::int64_t row) noexcept {
    return planes_[component].mcu(column, row);
  }
  [[nodiscard]] std::int64_t stride(std::size_t component) const noexcept { return planes_[component].stride; }

  // How many rows of pixels can be written once the first `mcu_rows` rows of MCUs are there.
  [[nodiscard]] std::int64_t rows_complete(std::int64_t mcu_rows) const noexcept;

  // The row that write() is about from now on. The rows of MCUs that it needs must be there still. Needs AVX2.
  void start_row(std::int64_t y);
  // Pixels [x, x + width_px) of it as RGB. Needs AVX2.
  void write(std::int64_t x, std::int64_t width_px, std::uint8_t* out);

 private:
  struct Plane {
    std::vector<std::uint8_t> samples;
    std::int64_t stride = 0;
    std::int64_t mcu_width = 8;
    std::int64_t mcu_height = 8;

    [[nodiscard]] std::uint8_t* row(std::int64_t y) noexcept {
      const std::int64_t last = 2 * mcu_height - 1;  // a power of two, less one
      return samples.data() + (y & last) * stride;
    }
    [[nodiscard]] std::uint8_t* mcu(std::int64_t column, std::int64_t mcu_row) noexcept {
      return row(mcu_row * mcu_height) + column * mcu_width;
    }
  };

  const BaselineHeader* header_ = nullptr;
  std::array<Plane, 3> planes_;
  std::int64_t row_ = 0;
  std::array<std::vector<std::int16_t>, 2> chroma_;  // of that row: Cb, Cr, see ChromaRow
  std::vector<std::uint8_t> pixels_;                 // of a row that is written from an odd place on
};

}  // namespace microtome::decode
