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
  // The source pixels of one row of a piece that an output column covers: one at the left in part, then whole ones,
  // then one in part.
  struct Taps {
    std::int64_t first = 0;  // in the piece
    std::int64_t whole = 0;
    std::int64_t first_weight = 0;
    std::int64_t last_weight = 0;  // 0: there is no last one
  };

  void find_taps(std::int64_t x_px, std::int64_t count);
  // `Sum` holds the values of one source column times their vertical weights: 255 x source height.
  template <typename Sum>
  void add_piece(std::int64_t y_px, const RgbView& piece, std::vector<Sum>& columns);
  template <typename Sum>
  void add_columns(const std::vector<Sum>& columns, double* sums) const;

  std::int64_t source_width_;
  std::int64_t source_height_;
  RgbView out_;
  std::int64_t first_row_ = 0;  // the output row of sums_[0]
  std::int64_t band_end_ = 0;   // in source rows
  // Sums of value x weight. Doubles hold them exactly up to sources of 3.5e13 pixels, and beyond to 16 digits.
  std::vector<double> sums_;
  std::vector<Taps> taps_;  // of the piece, from output column first_column_
  std::int64_t first_column_ = 0;
  // One output row's share of the piece before it is reduced horizontally; one of the two is used.
  std::vector<std::int32_t> narrow_;
  std::vector<std::int64_t> wide_;
};

}  // namespace microtome::decode
