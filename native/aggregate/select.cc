#include "aggregate/select.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <string>

#include "core/error.h"

namespace microtome::aggregate {
namespace {

constexpr double kMostSteps = 1'000'000;

Error invalid(const std::string& found) { return {Code::INVALID_OPTION, Stage::Aggregate, found}; }

void require_numbers(std::span<const double> values) {
  const auto bad = std::find_if(values.begin(), values.end(), [](double value) { return std::isnan(value); });
  if (bad == values.end()) return;
  throw Error(Code::OUTPUT_NOT_FINITE, Stage::Aggregate,
              "the value that tile " + std::to_string(bad - values.begin()) + " of " + std::to_string(values.size()) +
                  " is selected by is NaN");
}

template <typename Keep>
std::vector<std::size_t> positions_where(std::span<const double> values, Keep keep) {
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (keep(values[i])) positions.push_back(i);
  return positions;
}

// Steps that stay at or above the end. A last step that misses the end by rounding alone is one.
std::int64_t most_steps(const Thresholds& thresholds) {
  const auto& [start, step, end, at_least] = thresholds;
  if (!std::isfinite(start) || !std::isfinite(end) || !std::isfinite(step) || !(step > 0) || end > start)
    throw invalid("a threshold from " + std::to_string(start) + " in steps of " + std::to_string(step) + " down to " +
                  std::to_string(end) + " was asked for, expected a step above 0 and an end at or below the start");
  const double steps = std::floor((start - end) / step + 1e-9);
  if (!(steps <= kMostSteps))
    throw invalid("a threshold from " + std::to_string(start) + " down to " + std::to_string(end) +
                  " needs more than a million steps");
  if (at_least < 1)
    throw invalid("a threshold that keeps at least " + std::to_string(at_least) + " tiles was asked for, expected 1");
  return static_cast<std::int64_t>(steps);
}

}  // namespace

std::vector<std::size_t> keep_between(std::span<const double> values, std::optional<double> min,
                                      std::optional<double> max) {
  if ((min && std::isnan(*min)) || (max && std::isnan(*max)) || (min && max && *min > *max))
    throw invalid("values from " + (min ? std::to_string(*min) : "any") + " to " +
                  (max ? std::to_string(*max) : "any") + " were asked for, expected the lowest first");
  require_numbers(values);
  return positions_where(values, [&](double value) { return (!min || value >= *min) && (!max || value <= *max); });
}

std::vector<std::size_t> keep_highest(std::span<const double> values, std::int64_t count) {
  if (count < 1) throw invalid("the highest " + std::to_string(count) + " tiles were asked for, expected 1 or more");
  require_numbers(values);
  std::vector<std::size_t> positions(values.size());
  std::iota(positions.begin(), positions.end(), std::size_t{0});
  if (static_cast<std::uint64_t>(count) >= values.size()) return positions;
  const auto end = positions.begin() + count;
  std::nth_element(positions.begin(), end - 1, positions.end(), [&](std::size_t a, std::size_t b) {
    return values[a] != values[b] ? values[a] > values[b] : a < b;
  });
  positions.erase(end, positions.end());
  std::sort(positions.begin(), positions.end());
  return positions;
}

ThresholdKept keep_threshold(std::span<const double> values, const Thresholds& thresholds) {
  const std::int64_t most = most_steps(thresholds);
  require_numbers(values);
  const auto at = [&](std::int64_t step) {
    return std::max(thresholds.start - static_cast<double>(step) * thresholds.step, thresholds.end);
  };
  ThresholdKept kept;
  if (static_cast<std::uint64_t>(thresholds.at_least) > values.size()) {
    kept.steps = most;
  } else {
    // Enough are kept as soon as the threshold reaches the last of the highest `at_least` values.
    std::vector<double> sorted(values.begin(), values.end());
    const auto last = sorted.begin() + (thresholds.at_least - 1);
    std::nth_element(sorted.begin(), last, sorted.end(), std::greater<>());
    while (kept.steps < most && *last < at(kept.steps)) ++kept.steps;
  }
  kept.threshold = at(kept.steps);
  kept.positions = positions_where(values, [&](double value) { return value >= kept.threshold; });
  return kept;
}

}  // namespace microtome::aggregate
