#include "aggregate/slide_output.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace microtome::aggregate {
namespace {

double logistic(double value) { return 1 / (1 + std::exp(-value)); }

// Those of exactly 0 or 1 are infinite; they are taken at the closest value that a double tells apart from it.
double log_odds(double value) {
  const double p = std::clamp(value, 0x1p-52, 1 - 0x1p-52);
  return std::log(p / (1 - p));
}

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

using Part = SlideOutput::Part;

// The value itself, or for a mean of log odds what must be a probability. NaN passes: the calibrated value tells of it.
double checked(const SlideOutput& output, double value) {
  if (output.mean == PartsMean::Logit && (value < 0 || value > 1))
    throw Error(Code::MODEL_MISMATCH, Stage::Aggregate,
                "the output \"" + output.name +
                    "\" is a mean of log odds, which needs probabilities, and a head gave " + std::to_string(value),
                "give the head's output an activation, or use the mean of the values");
  return value;
}

// `value_of` gives the value of a part.
template <typename ValueOf>
double mean_by(const SlideOutput& output, const ValueOf& value_of) {
  if (output.of.size() == 1) return checked(output, value_of(output.of.front()));
  const bool of_log_odds = output.mean == PartsMean::Logit;
  double sum = 0;
  double weights = 0;
  for (const Part& part : output.of) {
    const double value = checked(output, value_of(part));
    sum += part.weight * (of_log_odds ? log_odds(value) : value);
    weights += part.weight;
  }
  return of_log_odds ? logistic(sum / weights) : sum / weights;
}

// By more than rounding. Such a value would become the nearest probability, and all of them the same score.
constexpr double kBeyond = 1e-6;

double calibrated(const SlideOutput& output, double mean) {
  using Kind = Calibration::Kind;
  const Kind kind = output.calibration.kind;
  if ((kind == Kind::LogisticOfLogit || kind == Kind::Temperature) && (mean < -kBeyond || mean > 1 + kBeyond))
    throw Error(Code::MODEL_MISMATCH, Stage::Aggregate,
                "the calibration of the output \"" + output.name + "\" needs a probability, and its heads give " +
                    std::to_string(mean),
                "give the head's output an activation, or calibrate the value itself");
  const double value = output.calibration(mean);
  if (!std::isfinite(value))
    throw Error(Code::OUTPUT_NOT_FINITE, Stage::Aggregate, "the output \"" + output.name + "\" is " + text_of(value));
  return value;
}

}  // namespace

double Calibration::operator()(double value) const {
  switch (kind) {
    case Kind::Identity:
      return value;
    case Kind::Logistic:
      return logistic(slope * value + intercept);
    case Kind::LogisticOfLogit:
      return logistic(slope * log_odds(value) + intercept);
    case Kind::Isotonic:
      return isotonic(x, y, value);
    case Kind::Temperature:
      return logistic(log_odds(value) / temperature);
  }
  throw Error(Code::INTERNAL, Stage::Aggregate, "an unknown calibration");
}

double SlideOutput::mean_of(const HeadOutputs& heads) const {
  return mean_by(*this, [&](const Part& part) {
    if (part.head >= heads.size() || part.output >= heads[part.head].size() ||
        part.column >= heads[part.head][part.output].size())
      throw Error(Code::INTERNAL, Stage::Aggregate,
                  "the output \"" + name + "\" is made of column " + std::to_string(part.column) + " of output " +
                      std::to_string(part.output) + " of head " + std::to_string(part.head) + ", which is not there");
    return heads[part.head][part.output][part.column];
  });
}

double SlideOutput::mean_of(std::span<const double> heads) const {
  return mean_by(*this, [&](const Part& part) { return heads[part.head]; });
}

double SlideOutput::unclipped_of(const HeadOutputs& heads) const { return calibrated(*this, mean_of(heads)); }

double SlideOutput::unclipped_of(std::span<const double> heads) const { return calibrated(*this, mean_of(heads)); }

double SlideOutput::held(double value) const { return clip ? std::clamp(value, clip->lowest, clip->highest) : value; }

}  // namespace microtome::aggregate
