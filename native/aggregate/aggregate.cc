#include "aggregate/aggregate.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "core/error.h"

namespace microtome::aggregate {
namespace {

double sigmoid(double value) {
  if (value >= 0) return 1.0 / (1.0 + std::exp(-value));
  const double power = std::exp(value);  // of a negative number: cannot overflow
  return power / (1.0 + power);
}

void softmax(std::span<double> row) {
  const double largest = *std::max_element(row.begin(), row.end());
  double sum = 0;
  for (double& value : row) {
    value = std::exp(value - largest);
    sum += value;
  }
  for (double& value : row) value /= sum;
}

double mean(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

std::size_t top_count(const Head& head, std::size_t tiles) {
  const auto all = static_cast<double>(tiles);
  const double wanted = head.k > 0 ? static_cast<double>(head.k) : std::ceil(head.fraction * all - 1e-9);
  return static_cast<std::size_t>(std::clamp(wanted, 1.0, all));
}

// The values are equal as a set whatever their order was, and are summed from the largest down.
double top_mean(std::vector<double> values, const Head& head) {
  std::sort(values.begin(), values.end(), std::greater<>());
  return mean(std::span<const double>(values).first(top_count(head, values.size())));
}

double quantile(std::vector<double> values, double at) {
  std::sort(values.begin(), values.end());
  const double rank = at * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(rank);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  const double share = rank - static_cast<double>(below);
  return share == 0 ? values[below] : values[below] + (values[above] - values[below]) * share;
}

double noisy_or(std::span<const double> values) {
  double log_none = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!(values[i] >= 0 && values[i] <= 1))
      throw Error(Code::MODEL_MISMATCH, Stage::Aggregate,
                  "noisy-or needs probabilities, tile " + std::to_string(i) + " has " + std::to_string(values[i]),
                  "give the output an activation, or use another head");
    log_none += std::log1p(-values[i]);  // minus infinity for 1: the result is then 1
  }
  return -std::expm1(log_none);
}

void require_options(std::span<const double> values, std::size_t columns, std::size_t column, const Head& head) {
  const auto invalid = [](const std::string& found) { return Error(Code::INVALID_OPTION, Stage::Aggregate, found); };
  if (columns == 0 || values.size() % columns != 0)
    throw Error(Code::INTERNAL, Stage::Aggregate,
                std::to_string(values.size()) + " values are not rows of " + std::to_string(columns));
  if (column >= columns)
    throw Error(Code::MODEL_MISMATCH, Stage::Aggregate,
                "column " + std::to_string(column) + " was asked for, the output has " + std::to_string(columns));
  if (values.empty()) throw Error(Code::NO_TISSUE, Stage::Aggregate, "there is no tile to aggregate");
  if (head.method == Method::TopK && head.k < 0)
    throw invalid("k is " + std::to_string(head.k) + ", 0 or more was expected");
  if (head.method == Method::TopK && head.k == 0 && !(head.fraction > 0 && head.fraction <= 1))
    throw invalid("fraction is " + std::to_string(head.fraction) + ", above 0 and up to 1 was expected");
  if (head.method == Method::Quantile && !(head.quantile >= 0 && head.quantile <= 1))
    throw invalid("quantile is " + std::to_string(head.quantile) + ", 0 to 1 was expected");
}

}  // namespace

void activate(std::span<double> values, std::size_t columns, Activation activation) {
  switch (activation) {
    case Activation::None:
      return;
    case Activation::Sigmoid:
      for (double& value : values) value = sigmoid(value);
      return;
    case Activation::Softmax:
      if (columns == 0 || values.size() % columns != 0)
        throw Error(Code::INTERNAL, Stage::Aggregate,
                    std::to_string(values.size()) + " values are not rows of " + std::to_string(columns));
      // A graph whose file does not say how many columns it gives shows it here first.
      if (columns == 1)
        throw Error(Code::INVALID_OPTION, Stage::Aggregate,
                    "[[activation=softmax]] over a single column is 1 for every tile",
                    "pass [[activation=sigmoid]], which is for a single column, or leave [[activation]] out");
      for (std::size_t at = 0; at < values.size(); at += columns) softmax(values.subspan(at, columns));
      return;
  }
}

void require_finite(std::span<const double> values, std::size_t columns, const std::string& output_name) {
  const auto bad = std::find_if(values.begin(), values.end(), [](double value) { return !std::isfinite(value); });
  if (bad == values.end()) return;
  const auto at = static_cast<std::size_t>(bad - values.begin());
  const std::size_t width = std::max<std::size_t>(columns, 1);
  throw Error(Code::OUTPUT_NOT_FINITE, Stage::Aggregate,
              "the output " + output_name + " of tile " + std::to_string(at / width) + ", column " +
                  std::to_string(at % width) + ", is " +
                  (std::isnan(*bad) ? "NaN"
                   : *bad > 0       ? "infinity"
                                    : "-infinity"));
}

double aggregate(std::span<const double> values, std::size_t columns, std::size_t column, const Head& head) {
  require_options(values, columns, column, head);
  std::vector<double> tiles;
  tiles.reserve(values.size() / columns);
  for (std::size_t at = column; at < values.size(); at += columns) tiles.push_back(values[at]);
  require_finite(tiles, 1, "column " + std::to_string(column));  // NaN has no order to sort by
  switch (head.method) {
    case Method::Mean:
      return mean(tiles);
    case Method::Max:
      return *std::max_element(tiles.begin(), tiles.end());
    case Method::TopK:
      return top_mean(std::move(tiles), head);
    case Method::Quantile:
      return quantile(std::move(tiles), head.quantile);
    case Method::NoisyOr:
      return noisy_or(tiles);
  }
  throw Error(Code::INTERNAL, Stage::Aggregate, "an unknown way to aggregate");
}

}  // namespace microtome::aggregate
