// Rules over the values of tiles: bounds, ties, thresholds that are lowered, few tiles and none.
#include "aggregate/select.h"

#include <cmath>
#include <limits>
#include <random>

#include "test/check.h"

using namespace microtome;
using namespace microtome::aggregate;

namespace {

using Positions = std::vector<std::size_t>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Tries one threshold after the other, as the rule is written.
ThresholdKept by_trial(const std::vector<double>& values, const Thresholds& thresholds, std::int64_t most) {
  ThresholdKept kept;
  for (std::int64_t i = 0;; ++i) {
    kept = {{}, i, std::max(thresholds.start - static_cast<double>(i) * thresholds.step, thresholds.end)};
    for (std::size_t at = 0; at < values.size(); ++at)
      if (values[at] >= kept.threshold) kept.positions.push_back(at);
    if (static_cast<std::int64_t>(kept.positions.size()) >= thresholds.at_least || i == most) return kept;
  }
}

}  // namespace

TEST(bounds_are_included_and_may_be_absent) {
  const std::vector<double> values{0.1, 0.5, 0.9, 0.5, -kInfinity, kInfinity};
  CHECK((keep_between(values, 0.5, 0.9) == Positions{1, 2, 3}));
  CHECK((keep_between(values, 0.5, {}) == Positions{1, 2, 3, 5}));
  CHECK((keep_between(values, {}, 0.5) == Positions{0, 1, 3, 4}));
  CHECK((keep_between(values, {}, {}) == Positions{0, 1, 2, 3, 4, 5}));
  CHECK(keep_between(values, 0.6, 0.8).empty());
  CHECK(keep_between({}, 0, 1).empty());
  CHECK_THROWS(INVALID_OPTION, (void)keep_between(values, 0.9, 0.5));
  CHECK_THROWS(INVALID_OPTION, (void)keep_between(values, kNan, {}));
}

TEST(the_highest_are_kept_in_plan_order_and_the_earlier_of_equals) {
  const std::vector<double> values{0.3, 0.9, 0.5, 0.9, 0.5, 0.5};
  CHECK((keep_highest(values, 1) == Positions{1}));
  CHECK((keep_highest(values, 2) == Positions{1, 3}));
  CHECK((keep_highest(values, 3) == Positions{1, 2, 3}));
  CHECK((keep_highest(values, 4) == Positions{1, 2, 3, 4}));
  CHECK((keep_highest(values, 6) == Positions{0, 1, 2, 3, 4, 5}));
  CHECK((keep_highest(values, std::numeric_limits<std::int64_t>::max()) == Positions{0, 1, 2, 3, 4, 5}));
  CHECK(keep_highest({}, 5).empty());
  const std::vector<double> zeros{0.0, -0.0, 0.0};
  CHECK((keep_highest(zeros, 2) == Positions{0, 1}));
  CHECK_THROWS(INVALID_OPTION, (void)keep_highest(values, 0));
}

TEST(a_threshold_is_lowered_until_enough_are_kept) {
  const std::vector<double> values{0.52, 0.44, 0.47, 0.1, 0.44};
  const auto kept = [&](std::int64_t at_least) {
    return keep_threshold(values, {.start = 0.5, .step = 0.05, .end = 0.2, .at_least = at_least});
  };
  CHECK((kept(1).positions == Positions{0}));
  CHECK_EQ(kept(1).steps, 0);
  CHECK_EQ(kept(1).threshold, 0.5);
  CHECK((kept(2).positions == Positions{0, 2}));
  CHECK_EQ(kept(2).steps, 1);
  CHECK_EQ(kept(2).threshold, 0.5 - 1 * 0.05);
  CHECK((kept(3).positions == Positions{0, 1, 2, 4}));
  CHECK_EQ(kept(3).steps, 2);
  CHECK_EQ(kept(5).steps, 6);  // not enough: the end
  CHECK_EQ(kept(5).threshold, 0.2);
  CHECK((kept(5).positions == Positions{0, 1, 2, 4}));
  CHECK_EQ(kept(6).threshold, 0.2);
}

TEST(the_end_is_reached_whatever_the_rounding_and_never_passed) {
  const std::vector<double> values{0.0};
  // 0.3 / 0.1 is a little below 3.
  const auto kept = keep_threshold(values, {.start = 0.3, .step = 0.1, .end = 0, .at_least = 1});
  CHECK_EQ(kept.steps, 3);
  CHECK(kept.threshold >= 0 && kept.threshold < 1e-15);
  CHECK_EQ(keep_threshold(values, {.start = 0.5, .step = 0.2, .end = 0, .at_least = 1}).steps, 2);
  CHECK_EQ(keep_threshold(values, {.start = 0.5, .step = 0.05, .end = 0.5, .at_least = 1}).steps, 0);
}

TEST(a_threshold_is_the_first_that_a_trial_of_each_finds) {
  std::mt19937 random(3);
  for (int round = 0; round < 500; ++round) {
    std::vector<double> values(random() % 30);
    for (auto& value : values) value = static_cast<double>(random() % 21) / 20;
    const Thresholds thresholds{
        .start = 0.9, .step = 0.05, .end = 0.1, .at_least = static_cast<std::int64_t>(1 + random() % 20)};
    const auto expected = by_trial(values, thresholds, 16);
    const auto kept = keep_threshold(values, thresholds);
    CHECK(kept.positions == expected.positions);
    CHECK_EQ(kept.steps, expected.steps);
    CHECK_EQ(kept.threshold, expected.threshold);
  }
}

TEST(no_tiles_give_no_tiles) {
  const auto kept = keep_threshold({}, {.start = 0.5, .step = 0.1, .end = 0, .at_least = 3});
  CHECK(kept.positions.empty());
  CHECK_EQ(kept.steps, 5);
}

TEST(thresholds_that_do_not_fall_are_refused) {
  const std::vector<double> values{0.5};
  for (const Thresholds& bad : {Thresholds{.start = 0.5, .step = 0, .end = 0}, Thresholds{.start = 0.5, .step = -1},
                                Thresholds{.start = 0, .step = 0.1, .end = 0.5}, Thresholds{.start = kNan},
                                Thresholds{.start = kInfinity}, Thresholds{.step = 1e-9}, Thresholds{.at_least = 0}})
    CHECK_THROWS(INVALID_OPTION, (void)keep_threshold(values, bad));
}

TEST(nan_is_refused_and_named) {
  const std::vector<double> values{0.5, kNan};
  CHECK_THROWS(OUTPUT_NOT_FINITE, (void)keep_between(values, {}, {}));
  CHECK_THROWS(OUTPUT_NOT_FINITE, (void)keep_highest(values, 5));
  try {
    (void)keep_threshold(values, {});
    CHECK(false);
  } catch (const Error& error) {
    CHECK(error.code() == Code::OUTPUT_NOT_FINITE);
    CHECK(error.message().find("tile 1 of 2") != std::string::npos);
  }
}

TEST_MAIN
