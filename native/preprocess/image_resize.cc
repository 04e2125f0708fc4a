// Pillow: one axis after the other, with 8 bits between; weights are whole numbers of 2^-22.
// OpenCV: both axes at once; sums in double precision, which are its single-precision ones to less than half a step.
// Fusing a multiplication with an addition would make the last bit depend on the build.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#include "preprocess/image_resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

namespace microtome::preprocess {
namespace {

constexpr int kPrecisionBits = 22;
constexpr std::int32_t kHalf = 1 << (kPrecisionBits - 1);

double triangle(double x) noexcept {
  const double distance = std::abs(x);
  return distance < 1 ? 1 - distance : 0;
}

double cubic(double x) noexcept {
  constexpr double kA = -0.5;
  const double d = std::abs(x);
  if (d < 1) return ((kA + 2) * d - (kA + 3)) * d * d + 1;
  if (d < 2) return (((d - 5) * d + 8) * d - 4) * kA;
  return 0;
}

std::uint8_t clipped(std::int32_t sum) noexcept {
  return static_cast<std::uint8_t>(std::clamp(sum >> kPrecisionBits, 0, 255));
}

// Where each output position of an axis takes its samples from, and with which weights; `taps` for each position.
struct Axis {
  const std::int32_t* starts;
  const std::int32_t* counts;
  const std::int32_t* weights;
  std::size_t taps;
};

Axis pillow_axis(std::int64_t in_px, std::int64_t out_px, ImageResize how, ImageResizeScratch& scratch) {
  const bool is_cubic = how == ImageResize::PilBicubic;
  const double step = static_cast<double>(in_px) / static_cast<double>(out_px);
  const double widened = std::max(step, 1.0);
  const double reach = (is_cubic ? 2.0 : 1.0) * widened;
  const double per_step = 1.0 / widened;
  const auto taps = static_cast<std::size_t>(std::ceil(reach)) * 2 + 1;
  const auto count = static_cast<std::size_t>(out_px);
  scratch.starts.resize(count);
  scratch.counts.resize(count);
  scratch.weights.assign(count * taps, 0);
  std::vector<double> raw(taps);
  for (std::size_t o = 0; o < count; ++o) {
    const double centre = (static_cast<double>(o) + 0.5) * step;
    const auto first = std::max<std::int64_t>(0, static_cast<std::int64_t>(centre - reach + 0.5));
    const auto end = std::min<std::int64_t>(in_px, static_cast<std::int64_t>(centre + reach + 0.5));
    double sum = 0;
    for (std::int64_t i = first; i < end; ++i) {
      const double at = (static_cast<double>(i) - centre + 0.5) * per_step;
      const double weight = is_cubic ? cubic(at) : triangle(at);
      raw[static_cast<std::size_t>(i - first)] = weight;
      sum += weight;
    }
    scratch.starts[o] = static_cast<std::int32_t>(first);
    scratch.counts[o] = static_cast<std::int32_t>(end - first);
    for (std::size_t i = 0; i < static_cast<std::size_t>(end - first); ++i) {
      const double weight = (sum != 0 ? raw[i] / sum : raw[i]) * (1 << kPrecisionBits);
      scratch.weights[o * taps + i] = static_cast<std::int32_t>(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
  }
  return {scratch.starts.data(), scratch.counts.data(), scratch.weights.data(), taps};
}

void across(const ConstRgbView& in, const RgbView& out, const Axis& axis) {
  for (std::int64_t y = 0; y < out.height_px; ++y) {
    const std::uint8_t* const row = in.row(y);
    std::uint8_t* to = out.row(y);
    for (std::int64_t x = 0; x < out.width_px; ++x, to += 3) {
      const std::int32_t* const weights = axis.weights + static_cast<std::size_t>(x) * axis.taps;
      const std::uint8_t* from = row + 3 * static_cast<std::int64_t>(axis.starts[x]);
      std::int32_t red = kHalf, green = kHalf, blue = kHalf;
      for (std::int32_t i = 0; i < axis.counts[x]; ++i, from += 3) {
        red += weights[i] * from[0];
        green += weights[i] * from[1];
        blue += weights[i] * from[2];
      }
      to[0] = clipped(red);
      to[1] = clipped(green);
      to[2] = clipped(blue);
    }
  }
}

void down(const ConstRgbView& in, const RgbView& out, const Axis& axis, std::vector<std::int32_t>& sums) {
  const auto samples = static_cast<std::size_t>(3 * out.width_px);
  sums.resize(samples);
  for (std::int64_t y = 0; y < out.height_px; ++y) {
    std::fill(sums.begin(), sums.end(), kHalf);
    const std::int32_t* const weights = axis.weights + static_cast<std::size_t>(y) * axis.taps;
    for (std::int32_t i = 0; i < axis.counts[y]; ++i) {
      const std::uint8_t* const row = in.row(axis.starts[y] + i);
      const std::int32_t weight = weights[i];
      for (std::size_t x = 0; x < samples; ++x) sums[x] += weight * row[x];
    }
    std::uint8_t* const to = out.row(y);
    for (std::size_t x = 0; x < samples; ++x) to[x] = clipped(sums[x]);
  }
}

void copy(const ConstRgbView& in, const RgbView& out) {
  for (std::int64_t y = 0; y < out.height_px; ++y)
    std::memcpy(out.row(y), in.row(y), static_cast<std::size_t>(3 * out.width_px));
}

// Down first where that leaves fewer rows by more than twice the columns that going across first would leave out: the
// rule of Pillow 13. Earlier versions always go across first, which is other by 1 of 255 at most with a triangle.
bool goes_down_first(std::int64_t fewer_columns, std::int64_t fewer_rows) noexcept {
  return fewer_rows > 0 && fewer_rows > 2 * fewer_columns;
}

void as_pillow(const ConstRgbView& in, const RgbView& out, ImageResize how, ImageResizeScratch& scratch) {
  const auto go_across = [&](const ConstRgbView& from, const RgbView& to) {
    across(from, to, pillow_axis(from.width_px, to.width_px, how, scratch));
  };
  const auto go_down = [&](const ConstRgbView& from, const RgbView& to) {
    down(from, to, pillow_axis(from.height_px, to.height_px, how, scratch), scratch.row);
  };
  if (in.width_px == out.width_px) return in.height_px == out.height_px ? copy(in, out) : go_down(in, out);
  if (in.height_px == out.height_px) return go_across(in, out);
  const bool down_first = goes_down_first(in.width_px - out.width_px, in.height_px - out.height_px);
  const std::int64_t width = down_first ? in.width_px : out.width_px;
  const std::int64_t height = down_first ? out.height_px : in.height_px;
  const auto bytes = static_cast<std::size_t>(3 * width * height);
  if (scratch.rows.size() < bytes) scratch.rows.resize(bytes);
  const RgbView between{scratch.rows.data(), width, height, 3 * width};
  if (down_first) {
    go_down(in, between);
    go_across(between, out);
  } else {
    go_across(in, between);
    go_down(between, out);
  }
}

// An output position that covers [first, first + count) of the input, each by a share.
struct Cover {
  std::int64_t first = 0;
  std::vector<double> shares;
};

// The means of areas: positions at both ends are covered in part. What is covered by less than a thousandth is left
// out, as OpenCV does.
std::vector<Cover> areas(std::int64_t in_px, std::int64_t out_px) {
  constexpr double kLeast = 1e-3;
  const double step = 1.0 / (static_cast<double>(out_px) / static_cast<double>(in_px));
  std::vector<Cover> all(static_cast<std::size_t>(out_px));
  for (std::size_t o = 0; o < all.size(); ++o) {
    const double begin = static_cast<double>(o) * step;
    const double end = begin + step;
    const double width = std::min(step, static_cast<double>(in_px) - begin);
    auto first_whole = static_cast<std::int64_t>(std::ceil(begin));
    auto end_whole = std::min(static_cast<std::int64_t>(std::floor(end)), in_px - 1);
    first_whole = std::min(first_whole, end_whole);
    Cover& cover = all[o];
    cover.first = first_whole;
    if (static_cast<double>(first_whole) - begin > kLeast) {
      cover.first = first_whole - 1;
      cover.shares.push_back((static_cast<double>(first_whole) - begin) / width);
    }
    for (std::int64_t i = first_whole; i < end_whole; ++i) cover.shares.push_back(1.0 / width);
    if (end - static_cast<double>(end_whole) > kLeast)
      cover.shares.push_back(std::min(std::min(end - static_cast<double>(end_whole), 1.0), width) / width);
  }
  return all;
}

// What OpenCV's INTER_AREA does where a side grows: two neighbours, of which the second one counts only where the
// output position reaches into it.
std::vector<Cover> neighbours(std::int64_t in_px, std::int64_t out_px) {
  const double inverse = static_cast<double>(out_px) / static_cast<double>(in_px);
  const double step = 1.0 / inverse;
  std::vector<Cover> all(static_cast<std::size_t>(out_px));
  for (std::size_t o = 0; o < all.size(); ++o) {
    auto from = static_cast<std::int64_t>(std::floor(static_cast<double>(o) * step));
    // In single precision, so that what is all but a whole number is one.
    auto second = static_cast<float>(static_cast<double>(o + 1) - static_cast<double>(from + 1) * inverse);
    second = second <= 0 ? 0 : second - std::floor(second);
    if (from >= in_px - 1) {
      from = in_px - 1;
      second = 0;
    }
    all[o].first = from;
    all[o].shares.push_back(1.0 - static_cast<double>(second));
    if (second > 0) all[o].shares.push_back(static_cast<double>(second));
  }
  return all;
}

void as_opencv(const ConstRgbView& in, const RgbView& out, ImageResizeScratch& scratch) {
  if (in.width_px == out.width_px && in.height_px == out.height_px) return copy(in, out);
  const bool shrinks = in.width_px >= out.width_px && in.height_px >= out.height_px;
  const auto columns = shrinks ? areas(in.width_px, out.width_px) : neighbours(in.width_px, out.width_px);
  const auto rows = shrinks ? areas(in.height_px, out.height_px) : neighbours(in.height_px, out.height_px);
  const auto samples = static_cast<std::size_t>(3 * out.width_px);
  scratch.sums.resize(samples);
  for (std::int64_t y = 0; y < out.height_px; ++y) {
    std::fill(scratch.sums.begin(), scratch.sums.end(), 0.0);
    const Cover& row = rows[static_cast<std::size_t>(y)];
    for (std::size_t i = 0; i < row.shares.size(); ++i) {
      const std::uint8_t* const from_row = in.row(row.first + static_cast<std::int64_t>(i));
      for (std::size_t x = 0; x < columns.size(); ++x) {
        double sums[3] = {0, 0, 0};
        const std::uint8_t* from = from_row + 3 * columns[x].first;
        for (const double share : columns[x].shares)
          for (int c = 0; c < 3; ++c) sums[c] += share * *from++;
        for (std::size_t c = 0; c < 3; ++c) scratch.sums[3 * x + c] += row.shares[i] * sums[c];
      }
    }
    std::uint8_t* const to = out.row(y);
    for (std::size_t x = 0; x < samples; ++x)
      to[x] = static_cast<std::uint8_t>(std::clamp(std::nearbyint(scratch.sums[x]), 0.0, 255.0));
  }
}

// Of an axis. Each position has four weights for each pixel that becomes one, where the filter is a cubic; or two
// doubles for each, where it is a mean of areas and its list grows. What else a position has is kOfPosition at most.
std::int64_t axis_bytes(std::int64_t in_px, std::int64_t out_px) noexcept {
  constexpr std::int64_t kOfPosition = 128;
  const std::int64_t taps = 4 * ((std::max(in_px, out_px) + out_px - 1) / out_px) + 1;
  return out_px * (4 * taps + kOfPosition) + 8 * taps;
}

}  // namespace

void resize_image(const ConstRgbView& in, const RgbView& out, ImageResize how, ImageResizeScratch& scratch) {
  if (how == ImageResize::OpencvArea) return as_opencv(in, out, scratch);
  as_pillow(in, out, how, scratch);
}

void ImageResizeScratch::trim(std::size_t kept_bytes) noexcept {
  const auto trim_one = [kept_bytes](auto& values) {
    if (values.capacity() * sizeof(values[0]) > kept_bytes) std::remove_reference_t<decltype(values)>().swap(values);
  };
  trim_one(starts);
  trim_one(counts);
  trim_one(weights);
  trim_one(row);
  trim_one(sums);
  trim_one(rows);
}

std::int64_t resize_scratch_bytes(std::int64_t in_width_px, std::int64_t in_height_px, std::int64_t out_width_px,
                                  std::int64_t out_height_px) noexcept {
  const bool down_first = goes_down_first(in_width_px - out_width_px, in_height_px - out_height_px);
  const std::int64_t rows = 3 * (down_first ? in_width_px * out_height_px : in_height_px * out_width_px);
  const std::int64_t sums = 24 * std::max(down_first ? in_width_px : 0, out_width_px);
  return rows + sums + axis_bytes(in_width_px, out_width_px) + axis_bytes(in_height_px, out_height_px);
}

}  // namespace microtome::preprocess
