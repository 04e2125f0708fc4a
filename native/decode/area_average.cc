#include "decode/area_average.h"

#include <algorithm>
#include <cmath>

namespace microtome::decode {

// Coordinates: along an axis of n source and m output pixels (m <= n), source pixel i covers [i m, (i + 1) m) and
// output pixel j covers [j n, (j + 1) n), both in 1 / (n m) of the axis. A source pixel meets at most two outputs.

AreaAverage::AreaAverage(std::int64_t source_width_px, std::int64_t source_height_px, RgbView out)
    : source_width_(source_width_px), source_height_(source_height_px), out_(out) {
  row_.resize(static_cast<std::size_t>(3 * out.width_px));
}

void AreaAverage::begin_band(std::int64_t y_px, std::int64_t height_px) {
  band_end_ = y_px + height_px;
  const std::int64_t first = y_px * out_.height_px / source_height_;
  const std::int64_t last = (band_end_ * out_.height_px - 1) / source_height_;
  // An output row that began in the band before is carried over; end_band() left it at the front.
  first_row_ = first;
  sums_.resize(static_cast<std::size_t>((last - first + 1) * 3 * out_.width_px), 0.0);
}

void AreaAverage::add_row(std::int64_t x_px, const std::uint8_t* pixels, std::int64_t count) {
  row_first_ = x_px * out_.width_px / source_width_;
  row_last_ = ((x_px + count) * out_.width_px - 1) / source_width_;
  std::fill(row_.begin() + 3 * row_first_, row_.begin() + 3 * (row_last_ + 1), 0.0);
  std::int64_t column = row_first_;
  std::int64_t left_in_column = (column + 1) * source_width_ - x_px * out_.width_px;
  for (std::int64_t i = 0; i < count;) {
    double* sum = row_.data() + 3 * column;
    // Source pixels that lie wholly in this column: added up first, weighted once.
    const std::int64_t whole = std::min(count - i, left_in_column / out_.width_px);
    if (whole > 0) {
      std::uint64_t totals[3] = {0, 0, 0};
      for (const std::uint8_t* end = pixels + 3 * whole; pixels < end; pixels += 3)
        for (int c = 0; c < 3; ++c) totals[c] += pixels[c];
      for (int c = 0; c < 3; ++c) sum[c] += static_cast<double>(out_.width_px) * static_cast<double>(totals[c]);
      left_in_column -= whole * out_.width_px;
      i += whole;
    } else {  // one pixel across the border: a part here, the rest in the next column
      const std::int64_t rest = out_.width_px - left_in_column;
      for (int c = 0; c < 3; ++c) {
        sum[c] += static_cast<double>(left_in_column) * pixels[c];
        sum[3 + c] += static_cast<double>(rest) * pixels[c];
      }
      left_in_column = -rest;
      pixels += 3;
      ++i;
    }
    if (left_in_column <= 0) {
      ++column;
      left_in_column += source_width_;
    }
  }
}

void AreaAverage::add(std::int64_t x_px, std::int64_t y_px, RgbView piece) {
  for (std::int64_t r = 0; r < piece.height_px; ++r) {
    add_row(x_px, piece.row(r), piece.width_px);
    const std::int64_t begin = (y_px + r) * out_.height_px;
    std::int64_t output = begin / source_height_;
    std::int64_t weight = std::min((output + 1) * source_height_ - begin, out_.height_px);
    for (std::int64_t left = out_.height_px; left > 0; ++output) {
      double* sums = sums_.data() + 3 * (output - first_row_) * out_.width_px;
      for (std::int64_t i = 3 * row_first_; i < 3 * (row_last_ + 1); ++i)
        sums[i] += static_cast<double>(weight) * row_[static_cast<std::size_t>(i)];
      left -= weight;
      weight = left;
    }
  }
}

void AreaAverage::end_band() {
  const std::int64_t row_sums = 3 * out_.width_px;
  const std::int64_t complete = band_end_ * out_.height_px / source_height_;  // output rows before this are done
  const double area = static_cast<double>(source_width_) * static_cast<double>(source_height_);
  for (std::int64_t y = first_row_; y < complete; ++y) {
    const double* sums = sums_.data() + (y - first_row_) * row_sums;
    std::uint8_t* to = out_.row(y);
    for (std::int64_t i = 0; i < row_sums; ++i)
      to[i] = static_cast<std::uint8_t>(std::clamp(std::floor(sums[i] / area + 0.5), 0.0, 255.0));
  }
  sums_.erase(sums_.begin(), sums_.begin() + std::min<std::int64_t>((complete - first_row_) * row_sums,
                                                                    static_cast<std::int64_t>(sums_.size())));
}

}  // namespace microtome::decode
