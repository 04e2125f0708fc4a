// Which tiles go on to the costly encoders: rules over one value for each tile that is left. Pure functions; any
// thread.
//
// `values` are those of the tiles that the rules before left, in plan order. What comes back are positions in `values`,
// increasing. A value that is NaN is refused with OUTPUT_NOT_FINITE: it has no place in an order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace microtome::aggregate {

// Values from `min` to `max`, both included; an absent bound bounds nothing. May keep none. Throws INVALID_OPTION where
// min is above max.
[[nodiscard]] std::vector<std::size_t> keep_between(std::span<const double> values, std::optional<double> min,
                                                    std::optional<double> max);

// The `count` highest values, all where there are fewer. Among equal ones the earlier tile is kept. Throws
// INVALID_OPTION for a count below 1.
[[nodiscard]] std::vector<std::size_t> keep_highest(std::span<const double> values, std::int64_t count);

struct Thresholds {
  double start = 0.5;
  double step = 0.05;  // above 0
  double end = 0;      // at most `start`
  std::int64_t at_least = 1;
};
struct ThresholdKept {
  std::vector<std::size_t> positions;
  std::int64_t steps = 0;  // 0: the first threshold was low enough
  double threshold = 0;    // that was used
};

// Values of at least the threshold. It is start - i * step for the smallest i, from 0 on, that keeps `at_least` values;
// it is not lowered below `end`, where fewer may be kept, or none. Throws INVALID_OPTION for thresholds that are not
// finite, that need more than a million steps, or do not fall.
[[nodiscard]] ThresholdKept keep_threshold(std::span<const double> values, const Thresholds& thresholds);

}  // namespace microtome::aggregate
