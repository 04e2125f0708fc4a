// Reduces an image by area averaging while it arrives in pieces, band by band from the top, so that only the output
// and the sums of one band are in memory. Each output pixel is the mean of the source area it covers, with exact
// fractional weights, rounded half up. Used by one thread.
#pragma once

#include <cstdint>
#include <vector>

#include "core/image.h"

namespace microtome::decode {

class AreaAverage {
 public:
  // `out` must not be larger than the source in either direction.
  AreaAverage(std::int64_t source_width_px, std::int64_t source_height_px, RgbView out);

  // Bands must follow each other without gaps and cover the source. Within a band, pieces come in any order and cover
  // it once.
  void begin_band(std::int64_t y_px, std::int64_t height_px);
  void add(std::int64_t x_px, std::int64_t y_px, RgbView piece);
  void end_band();

 private:
  void add_row(std::int64_t x_px, const std::uint8_t* pixels, std::int64_t count);

  std::int64_t source_width_;
  std::int64_t source_height_;
  RgbView out_;
  std::int64_t first_row_ = 0;  // the output row of sums_[0]
  std::int64_t band_end_ = 0;   // in source rows
  // Sums of value x weight. Doubles hold them exactly up to sources of 3.5e13 pixels, and beyond to 16 digits.
  std::vector<double> sums_;
  std::vector<double> row_;     // one source row, reduced horizontally
  std::int64_t row_first_ = 0;  // output columns that row_ covers
  std::int64_t row_last_ = 0;
};

}  // namespace microtome::decode
