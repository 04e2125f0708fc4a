#include "decode/area_average.h"

#include <emmintrin.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace microtome::decode {
namespace {

// Coordinates: along an axis of n source and m output pixels (m <= n), source pixel i covers [i m, (i + 1) m) and
// output pixel j covers [j n, (j + 1) n), both in 1 / (n m) of the axis. A source pixel meets at most two outputs.
//
// A piece is reduced vertically first: all samples of a source row have the same weight there, so that pass runs on
// whole registers, and the horizontal one, which cannot, is left with one row for each output row.

struct WeightedRow {
  const std::uint8_t* samples = nullptr;
  std::int64_t weight = 0;
};

void add_rows(WeightedRow a, WeightedRow b, std::int64_t* sums, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) sums[i] += a.weight * a.samples[i] + b.weight * b.samples[i];
}

// Weights fit into 15 bits and sums into 31. SSE2, which every x64 processor has.
void add_rows(WeightedRow a, WeightedRow b, std::int32_t* sums, std::size_t count) {
  const auto weight_a = static_cast<std::int32_t>(a.weight);
  const auto weight_b = static_cast<std::int32_t>(b.weight);
  const __m128i weights = _mm_set1_epi32(weight_b << 16 | weight_a);
  const __m128i zero = _mm_setzero_si128();
  const auto add = [&](std::int32_t* to, __m128i pairs) {
    auto* at = reinterpret_cast<__m128i*>(to);
    _mm_storeu_si128(at, _mm_add_epi32(_mm_loadu_si128(at), _mm_madd_epi16(pairs, weights)));
  };
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m128i from_a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(a.samples + i));
    const __m128i from_b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(b.samples + i));
    const __m128i low = _mm_unpacklo_epi8(from_a, from_b);
    const __m128i high = _mm_unpackhi_epi8(from_a, from_b);
    add(sums + i, _mm_unpacklo_epi8(low, zero));
    add(sums + i + 4, _mm_unpackhi_epi8(low, zero));
    add(sums + i + 8, _mm_unpacklo_epi8(high, zero));
    add(sums + i + 12, _mm_unpackhi_epi8(high, zero));
  }
  for (; i < count; ++i) sums[i] += weight_a * a.samples[i] + weight_b * b.samples[i];
}

}  // namespace

AreaAverage::AreaAverage(std::int64_t source_width_px, std::int64_t source_height_px, RgbView out)
    : source_width_(source_width_px), source_height_(source_height_px), out_(out) {}

bool AreaAverage::is_copy() const noexcept {
  return out_.width_px == source_width_ && out_.height_px == source_height_;
}

void AreaAverage::begin_band(std::int64_t y_px, std::int64_t height_px) {
  if (is_copy()) return;
  band_end_ = y_px + height_px;
  const std::int64_t first = y_px * out_.height_px / source_height_;
  const std::int64_t last = (band_end_ * out_.height_px - 1) / source_height_;
  // An output row that began in the band before is carried over; end_band() left it at the front.
  first_row_ = first;
  const auto row_sums = static_cast<std::size_t>(3 * out_.width_px);
  const std::size_t wanted = static_cast<std::size_t>(last - first + 1) * row_sums;
  // The next band may have one row more: growing then would need both memories at once.
  if (wanted > sums_.capacity()) sums_.reserve(wanted + row_sums);
  sums_.resize(std::max(sums_.size(), wanted));
}

std::int64_t AreaAverage::sums_bytes(std::int64_t source_width_px, std::int64_t source_height_px, std::int64_t width_px,
                                     std::int64_t height_px, std::int64_t band_px) noexcept {
  if (width_px == source_width_px && height_px == source_height_px) return 0;
  // A band begins and ends within an output row at worst; begin_band() adds a row.
  const std::int64_t rows = std::min(band_px, source_height_px) * height_px / source_height_px + 3;
  return static_cast<std::int64_t>(sizeof(double)) * 3 * width_px * rows;
}

void AreaAverage::find_taps(std::int64_t x_px, std::int64_t count) {
  const std::int64_t begin = x_px * out_.width_px;
  const std::int64_t end = (x_px + count) * out_.width_px;
  first_column_ = begin / source_width_;
  taps_.resize(static_cast<std::size_t>((end - 1) / source_width_ - first_column_ + 1));
  totals_.resize(3 * taps_.size());
  first_begins_ = begin % source_width_ == 0;
  last_ends_ = end % source_width_ == 0;
  std::int64_t left = begin;
  for (Taps& taps : taps_) {
    const std::int64_t right = std::min(end, (left / source_width_ + 1) * source_width_);
    const std::int64_t first = left / out_.width_px;
    const std::int64_t last = (right - 1) / out_.width_px;
    taps.first = first - x_px;
    taps.first_weight = std::min(right, (first + 1) * out_.width_px) - left;
    taps.whole = std::max<std::int64_t>(0, last - first - 1);
    taps.last_weight = last > first ? right - last * out_.width_px : 0;
    left = right;
  }
}

void AreaAverage::add(std::int64_t x_px, std::int64_t y_px, RgbView piece) {
  if (is_copy()) {
    for (std::int64_t y = 0; y < piece.height_px; ++y)
      std::memcpy(out_.row(y_px + y) + 3 * x_px, piece.row(y), static_cast<std::size_t>(3 * piece.width_px));
    return;
  }
  find_taps(x_px, piece.width_px);
  const bool is_narrow = out_.height_px <= std::numeric_limits<std::int16_t>::max() &&
                         255 * source_height_ <= std::numeric_limits<std::int32_t>::max();
  if (is_narrow)
    add_piece(y_px, piece, narrow_);
  else
    add_piece(y_px, piece, wide_);
}

template <typename Sum>
void AreaAverage::add_piece(std::int64_t y_px, const RgbView& piece, std::vector<Sum>& columns) {
  const auto samples = static_cast<std::size_t>(3 * piece.width_px);
  const std::int64_t end = (y_px + piece.height_px) * out_.height_px;
  for (std::int64_t top = y_px * out_.height_px; top < end;) {
    const std::int64_t output = top / source_height_;
    const std::int64_t bottom = std::min(end, (output + 1) * source_height_);
    const Row row{output, top == output * source_height_, bottom == (output + 1) * source_height_};
    const auto row_from = [&](std::int64_t at) {
      const std::int64_t source = at / out_.height_px;
      const std::int64_t weight = std::min(bottom, (source + 1) * out_.height_px) - at;
      return WeightedRow{piece.row(source - y_px), weight};
    };
    columns.assign(samples, 0);
    while (top < bottom) {
      const WeightedRow one = row_from(top);
      top += one.weight;
      const WeightedRow other = top < bottom ? row_from(top) : WeightedRow{one.samples, 0};
      top += other.weight;
      add_rows(one, other, columns.data(), samples);
    }
    add_columns(columns);
    settle(row);
  }
}

template <typename Sum>
void AreaAverage::add_columns(const std::vector<Sum>& columns) {
  double* out = totals_.data();
  for (const Taps& taps : taps_) {
    const Sum* from = columns.data() + 3 * taps.first;
    std::int64_t total[3] = {0, 0, 0};
    for (std::int64_t i = 1; i <= taps.whole; ++i)
      for (int c = 0; c < 3; ++c) total[c] += from[3 * i + c];
    for (int c = 0; c < 3; ++c) total[c] = total[c] * out_.width_px + taps.first_weight * from[c];
    if (taps.last_weight > 0) {
      const Sum* last = from + 3 * (taps.whole + 1);
      for (int c = 0; c < 3; ++c) total[c] += taps.last_weight * last[c];
    }
    for (int c = 0; c < 3; ++c) out[c] = static_cast<double>(total[c]);
    out += 3;
  }
}

void AreaAverage::settle(Row row) {
  const std::size_t count = taps_.size();
  const std::size_t first = first_begins_ ? 0 : 1;
  const std::size_t end = last_ends_ || count == 0 ? count : count - 1;
  if (first > end) return settle(row, 0, count, false, false);  // one column, and neither its begin nor its end
  if (first == 1) settle(row, 0, 1, false, row.ends);
  settle(row, first, end, row.begins, row.ends);
  if (end < count) settle(row, end, count, row.begins, false);
}

// Of the columns [first, end) of the piece: adds to what is there unless they begin here; writes them if they end here.
void AreaAverage::settle(Row row, std::size_t first, std::size_t end, bool begins, bool ends) {
  const std::int64_t column = 3 * (first_column_ + static_cast<std::int64_t>(first));
  double* sums = sums_.data() + 3 * (row.y - first_row_) * out_.width_px + column;
  double* totals = totals_.data() + 3 * first;
  const std::size_t count = 3 * (end - first);
  if (!begins)
    for (std::size_t i = 0; i < count; ++i) totals[i] += sums[i];
  if (!ends) {
    std::copy(totals, totals + count, sums);
    return;
  }
  const double area = static_cast<double>(source_width_) * static_cast<double>(source_height_);
  std::uint8_t* to = out_.row(row.y) + column;
  // Never negative, so the conversion rounds down.
  for (std::size_t i = 0; i < count; ++i)
    to[i] = static_cast<std::uint8_t>(static_cast<std::int32_t>(std::min(totals[i] / area + 0.5, 255.0)));
}

void AreaAverage::end_band() {
  if (is_copy()) return;
  const std::int64_t row_sums = 3 * out_.width_px;
  const std::int64_t complete = band_end_ * out_.height_px / source_height_;  // output rows before this are done
  const std::int64_t carried = ((band_end_ * out_.height_px - 1) / source_height_ + 1 - complete) * row_sums;
  const auto from = sums_.begin() + (complete - first_row_) * row_sums;
  std::copy(from, from + carried, sums_.begin());
}

}  // namespace microtome::decode
