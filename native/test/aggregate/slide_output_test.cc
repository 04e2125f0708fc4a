// From the heads of a slide to its outputs: weights, calibrations, ranges.
#include "aggregate/slide_output.h"

#include <cmath>
#include <limits>

#include "test/check.h"

using namespace microtome;
using aggregate::Calibration;
using aggregate::SlideOutput;

namespace {

bool near(double a, double b, double within = 1e-15) { return std::abs(a - b) <= within; }

double value_of(const Calibration& calibration, double head) {
  const SlideOutput output{.name = "relapse", .of = {{}}, .calibration = calibration, .clip = {}};
  return output.value_of(std::span(&head, 1));
}

}  // namespace

TEST(a_single_head_passes_unchanged_whatever_its_weight) {
  const double head = 0.1 + 0.2;
  const SlideOutput output{.name = "a", .of = {{.head = 0, .weight = 0.3}}, .calibration = {}, .clip = {}};
  CHECK_EQ(output.value_of(std::span(&head, 1)), head);
}

TEST(several_heads_are_averaged_by_weight) {
  const double heads[] = {0.8, 0.4};
  const SlideOutput output{
      .name = "a", .of = {{.head = 0, .weight = 3}, {.head = 1, .weight = 1}}, .calibration = {}, .clip = {}};
  CHECK(near(output.value_of(heads), 0.7));
}

TEST(logistic_calibrations) {
  const Calibration logistic{.kind = Calibration::Kind::Logistic, .slope = 2, .intercept = -1, .x = {}, .y = {}};
  CHECK_EQ(value_of(logistic, 0.5), 0.5);
  CHECK(near(value_of(logistic, 1), 1 / (1 + std::exp(-1.0))));
  const Calibration logit{.kind = Calibration::Kind::LogisticOfLogit, .slope = 1, .intercept = 0, .x = {}, .y = {}};
  CHECK(near(value_of(logit, 0.3), 0.3));
  CHECK(value_of(logit, 0) > 0);
  CHECK(value_of(logit, 1) < 1);
}

TEST(isotonic_calibrations_are_linear_between_their_points_and_flat_beyond) {
  const Calibration isotonic{
      .kind = Calibration::Kind::Isotonic, .slope = 1, .intercept = 0, .x = {0.2, 0.4, 0.8}, .y = {0.1, 0.3, 0.5}};
  const double points[][2] = {{0, 0.1}, {0.2, 0.1}, {0.3, 0.2}, {0.4, 0.3}, {0.6, 0.4}, {0.9, 0.5}};
  for (const auto& [value, expected] : points) CHECK(near(value_of(isotonic, value), expected, 1e-12));
}

TEST(a_range_holds_the_value) {
  const auto clipped = [](double head, std::optional<aggregate::ClipRange> clip) {
    const SlideOutput output{.name = "a", .of = {{}}, .calibration = {}, .clip = clip};
    return output.value_of(std::span(&head, 1));
  };
  CHECK_EQ(clipped(0.999, aggregate::ClipRange{0.01, 0.99}), 0.99);
  CHECK_EQ(clipped(-5, aggregate::ClipRange{0.01, 0.99}), 0.01);
  CHECK_EQ(clipped(17, {}), 17.0);
}

TEST(the_value_before_the_range_is_known) {
  const SlideOutput output{.name = "a", .of = {{}}, .calibration = {}, .clip = aggregate::ClipRange{0, 1}};
  const double head = 2.29;
  CHECK_EQ(output.unclipped_of(std::span(&head, 1)), 2.29);
  CHECK_EQ(output.held(2.29), 1.0);
  CHECK_EQ(output.held(0.5), 0.5);
}

TEST(an_output_is_never_nan) {
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    try {
      (void)value_of({}, bad);
      CHECK(false);
    } catch (const Error& error) {
      CHECK(error.code() == Code::OUTPUT_NOT_FINITE);
      CHECK(error.message().find("\"relapse\"") != std::string::npos);
    }
  }
}

TEST(parts_are_found_by_head_output_and_column) {
  const aggregate::HeadOutputs heads{{{0.9}}, {}, {{0.1, 0.2}, {0.3, 0.4, 0.5}}};
  SlideOutput output{.name = "a", .of = {{.head = 2, .output = 1, .column = 2}}, .calibration = {}, .clip = {}};
  CHECK_EQ(output.value_of(heads), 0.5);
  output.of.push_back({.head = 0, .weight = 3});
  CHECK(near(output.value_of(heads), 0.8));
  // A head that did not run, an output and a column that are not there.
  for (const SlideOutput::Part& bad :
       {SlideOutput::Part{.head = 1}, SlideOutput::Part{.head = 3}, SlideOutput::Part{.head = 2, .output = 2},
        SlideOutput::Part{.head = 2, .output = 0, .column = 2}}) {
    output.of = {bad};
    CHECK_THROWS(INTERNAL, (void)output.value_of(heads));
  }
}

TEST(log_odds_are_averaged_by_weight) {
  const double heads[] = {0.9, 0.2};
  SlideOutput output{.name = "a",
                     .of = {{.head = 0, .weight = 3}, {.head = 1, .weight = 1}},
                     .calibration = {},
                     .clip = {},
                     .mean = aggregate::PartsMean::Logit};
  const double mean = (3 * std::log(0.9 / 0.1) + std::log(0.2 / 0.8)) / 4;
  CHECK(near(output.value_of(heads), 1 / (1 + std::exp(-mean)), 1e-12));
  CHECK(near(output.value_of(aggregate::HeadOutputs{{{0.9}}, {{0.2}}}), output.value_of(heads)));
  const double certain[] = {1, 0.2};
  CHECK(output.value_of(certain) < 1);
  output.of = {{.head = 1}};
  CHECK_EQ(output.value_of(heads), 0.2);  // a single one passes unchanged
  for (const double bad : {1.5, -0.1}) {
    const double logits[] = {bad, bad};
    CHECK_THROWS(MODEL_MISMATCH, (void)output.value_of(logits));
  }
}

TEST(a_calibration_of_log_odds_refuses_what_is_no_probability) {
  SlideOutput output{.name = "a", .of = {{}}, .calibration = {}, .clip = {}};
  for (const auto kind : {Calibration::Kind::LogisticOfLogit, Calibration::Kind::Temperature}) {
    output.calibration.kind = kind;
    for (const double value : {12.7, -0.5, 1.001}) {
      const std::vector<double> heads{value};
      CHECK_THROWS(MODEL_MISMATCH, (void)output.unclipped_of(heads));
    }
    for (const double value : {0.0, 1.0, 1.0 + 1e-9, 0.25}) {
      const std::vector<double> heads{value};
      CHECK(std::isfinite(output.unclipped_of(heads)));
    }
  }
}

TEST(a_temperature_divides_the_log_odds) {
  Calibration cooled;
  cooled.kind = Calibration::Kind::Temperature;
  cooled.temperature = 2;
  CHECK(near(value_of(cooled, 0.9), 0.75));  // odds of 9 become odds of 3
  CHECK_EQ(value_of(cooled, 0.5), 0.5);
  CHECK(value_of(cooled, 1) < 1);
  cooled.temperature = 1;
  CHECK(near(value_of(cooled, 0.3), 0.3));
}

TEST_MAIN
