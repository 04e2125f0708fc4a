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

  // Bands must follow each other without gaps and cover the source. Within a band, pieces come from left to right,
  // those of one place from the top down, and cover it once. So an output pixel's top left corner comes before the rest
  // of it, its bottom right corner after; it is written then, mostly without having been stored as a sum.
  void begin_band(std::int64_t y_px, std::int64_t height_px);
  void add(std::int64_t x_px, std::int64_t y_px, RgbView piece);
  void end_band();

  // Memory of the sums of one band of at most `band_px` source rows.
  [[nodiscard]] static std::int64_t sums_bytes(std::int64_t source_width_px, std::int64_t source_height_px,
                                               std::int64_t width_px, std::int64_t height_px,
                                               std::int64_t band_px) noexcept;

 private:
  // The source pixels of one row of a piece that an output column covers: one at the left in part, then whole ones,
  // then one in part.
  struct Taps {
    std::int64_t first = 0;  // in the piece
    std::int64_t whole = 0;
    std::int64_t first_weight = 0;
    std::int64_t last_weight = 0;  // 0: there is no last one
  };
  // What is to be done with the totals of one output row.
  struct Row {
    std::int64_t y = 0;  // in the output
    bool begins = false;
    bool ends = false;
  };

  // Each pixel is its own mean: no sums are kept.
  [[nodiscard]] bool is_copy() const noexcept;
  void find_taps(std::int64_t x_px, std::int64_t count);
  // `Sum` holds the values of one source column times their vertical weights: 255 x source height.
  template <typename Sum>
  void add_piece(std::int64_t y_px, const RgbView& piece, std::vector<Sum>& columns);
  template <typename Sum>
  void add_columns(const std::vector<Sum>& columns);
  void settle(Row row);
  void settle(Row row, std::size_t first, std::size_t end, bool begins, bool ends);

  std::int64_t source_width_;
  std::int64_t source_height_;
  RgbView out_;
  std::int64_t first_row_ = 0;  // the output row of sums_[0]
  std::int64_t band_end_ = 0;   // in source rows
  // Sums of value x weight of pixels that are not complete; the rest is never read. Doubles hold them exactly up to
  // sources of 3.5e13 pixels, and beyond to 16 digits.
  std::vector<double> sums_;
  std::vector<Taps> taps_;  // of the piece, from output column first_column_
  std::int64_t first_column_ = 0;
  bool first_begins_ = false;   // the first column begins in the piece; all but the first do
  bool last_ends_ = false;      // the last column ends in the piece; all but the last do
  std::vector<double> totals_;  // of one output row in the piece, three for each of taps_
  // One output row's share of the piece before it is reduced horizontally; one of the two is used.
  std::vector<std::int32_t> narrow_;
  std::vector<std::int64_t> wide_;
};

}  // namespace microtome::decode
