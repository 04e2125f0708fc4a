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
  // probability); Isotonic: linear between points.
  enum class Kind : std::uint8_t { Identity, Logistic, LogisticOfLogit, Isotonic };
  Kind kind = Kind::Identity;
  double slope = 1;
  double intercept = 0;
  std::vector<double> x;  // Isotonic: increasing
  std::vector<double> y;

  [[nodiscard]] double operator()(double value) const;
};

struct ClipRange {
  double lowest = 0;
  double highest = 1;
};

struct SlideOutput {
  struct Part {
    std::size_t head = 0;  // index into the values of the heads
    double weight = 1;
  };
  std::string name;
  std::vector<Part> of;  // their mean, so weighted
  Calibration calibration;
  std::optional<ClipRange> clip;

  // Before the calibration. A single head passes unchanged: its weight rounds nothing.
  [[nodiscard]] double mean_of(std::span<const double> heads) const;
  // Calibrated, before the range. Throws OUTPUT_NOT_FINITE naming the output.
  [[nodiscard]] double unclipped_of(std::span<const double> heads) const;
  // Held to the range, where there is one.
  [[nodiscard]] double held(double value) const;
  // Calibrated and held. Throws OUTPUT_NOT_FINITE naming the output.
  [[nodiscard]] double value_of(std::span<const double> heads) const { return held(unclipped_of(heads)); }
};

}  // namespace microtome::aggregate
