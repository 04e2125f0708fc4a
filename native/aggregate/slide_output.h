// From the values of the heads to a slide's outputs: weighted mean, calibration, range. The one place for it, for the
// stopping rule and for the result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace microtome::aggregate {

// As the model declares it.
struct Calibration {
  // Logistic: 1 / (1 + exp(-(slope * v + intercept))); LogisticOfLogit: the same of v's log odds (Platt scaling of a
  // probability); Isotonic: linear between points; Temperature: the log odds of v divided by the temperature.
  enum class Kind : std::uint8_t { Identity, Logistic, LogisticOfLogit, Isotonic, Temperature };
  Kind kind = Kind::Identity;
  double slope = 1;
  double intercept = 0;
  std::vector<double> x;  // Isotonic: increasing
  std::vector<double> y;
  double temperature = 1;  // above 0

  [[nodiscard]] double operator()(double value) const;
};

struct ClipRange {
  double lowest = 0;
  double highest = 1;
};

// What the heads of a slide gave: by head, by output, by column. A head that did not run has no outputs.
using HeadOutputs = std::vector<std::vector<std::vector<double>>>;

// Value: the weighted mean of the parts. Logit: that of their log odds, turned back into a probability; the parts must
// be probabilities. An interval of a mean over tiles says nothing of it: it cannot be combined with a stopping rule.
enum class PartsMean : std::uint8_t { Value, Logit };

struct SlideOutput {
  struct Part {
    std::size_t head = 0;
    double weight = 1;
    std::size_t output = 0;  // of the head
    std::size_t column = 0;  // of that output
  };
  std::string name;
  std::vector<Part> of;
  Calibration calibration;
  std::optional<ClipRange> clip;
  PartsMean mean = PartsMean::Value;

  // Before the calibration. A single part passes unchanged: its weight rounds nothing. Throws INTERNAL for a part that
  // is not there, MODEL_MISMATCH where Logit gets what is no probability, naming the output.
  [[nodiscard]] double mean_of(const HeadOutputs& heads) const;
  // Calibrated, before the range. Throws OUTPUT_NOT_FINITE naming the output, and as mean_of() does.
  [[nodiscard]] double unclipped_of(const HeadOutputs& heads) const;
  // Held to the range, where there is one.
  [[nodiscard]] double held(double value) const;
  // Calibrated and held. Throws as unclipped_of() does.
  [[nodiscard]] double value_of(const HeadOutputs& heads) const { return held(unclipped_of(heads)); }

  // The same where every head has one value, such as those of one tile: output and column are 0.
  [[nodiscard]] double mean_of(std::span<const double> heads) const;
  [[nodiscard]] double unclipped_of(std::span<const double> heads) const;
  [[nodiscard]] double value_of(std::span<const double> heads) const { return held(unclipped_of(heads)); }
};

}  // namespace microtome::aggregate
