#include "aggregate/slide_output.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace microtome::aggregate {
namespace {

double logistic(double value) { return 1 / (1 + std::exp(-value)); }

double isotonic(const std::vector<double>& x, const std::vector<double>& y, double value) {
  const auto next = static_cast<std::size_t>(std::lower_bound(x.begin(), x.end(), value) - x.begin());
  if (next == x.size()) return y.back();
  if (next == 0 || x[next] == value) return y[next];
  return y[next - 1] + (y[next] - y[next - 1]) * (value - x[next - 1]) / (x[next] - x[next - 1]);
}

std::string text_of(double value) {
  if (std::isnan(value)) return "NaN";
  return value > 0 ? "infinity" : "-infinity";
}

}  // namespace

double Calibration::operator()(double value) const {
  switch (kind) {
    case Kind::Identity:
      return value;
    case Kind::Logistic:
      return logistic(slope * value + intercept);
    case Kind::LogisticOfLogit: {
      // Log odds of exactly 0 or 1 are infinite; they are taken at the closest value that a double tells apart from it.
      const double p = std::clamp(value, 0x1p-52, 1 - 0x1p-52);
      return logistic(slope * std::log(p / (1 - p)) + intercept);
    }
    case Kind::Isotonic:
      return isotonic(x, y, value);
  }
  throw Error(Code::INTERNAL, Stage::Aggregate, "an unknown calibration");
}

double SlideOutput::mean_of(std::span<const double> heads) const {
  if (of.size() == 1) return heads[of.front().head];
  double sum = 0;
  double weights = 0;
  for (const Part& part : of) {
    sum += part.weight * heads[part.head];
    weights += part.weight;
  }
  return sum / weights;
}

double SlideOutput::unclipped_of(std::span<const double> heads) const {
  const double value = calibration(mean_of(heads));
  if (!std::isfinite(value))
    throw Error(Code::OUTPUT_NOT_FINITE, Stage::Aggregate, "the output \"" + name + "\" is " + text_of(value));
  return value;
}

double SlideOutput::held(double value) const { return clip ? std::clamp(value, clip->lowest, clip->highest) : value; }

}  // namespace microtome::aggregate
