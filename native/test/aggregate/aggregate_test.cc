#include "aggregate/aggregate.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "test/check.h"

using namespace microtome;
using namespace microtome::aggregate;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double one(const std::vector<double>& values, const Head& head) { return aggregate::aggregate(values, 1, 0, head); }

Head top(std::int64_t k, double fraction = 0.1) {
  Head head;
  head.method = Method::TopK;
  head.k = k;
  head.fraction = fraction;
  return head;
}

Head quantile(double at) {
  Head head;
  head.method = Method::Quantile;
  head.quantile = at;
  return head;
}

Head of(Method method) {
  Head head;
  head.method = method;
  return head;
}

bool close(double a, double b, double tolerance = 1e-12) { return std::abs(a - b) <= tolerance; }

}  // namespace

TEST(sigmoid_is_exact_at_the_middle_and_does_not_overflow) {
  std::vector<double> values = {0, 1, -1, 800, -800, kInfinity, -kInfinity};
  activate(values, 1, Activation::Sigmoid);
  CHECK_EQ(values[0], 0.5);
  CHECK(close(values[1], 0.7310585786300049));
  CHECK(close(values[2], 0.2689414213699951));
  CHECK_EQ(values[3], 1.0);
  CHECK(values[4] >= 0 && values[4] < 1e-300);
  CHECK_EQ(values[5], 1.0);
  CHECK_EQ(values[6], 0.0);
}

TEST(softmax_is_over_each_row) {
  std::vector<double> values = {1, 2, 3, 1000, 1000, 1000, -1e5, 0, -1e5};
  activate(values, 3, Activation::Softmax);
  CHECK(close(values[0], 0.09003057317038046));
  CHECK(close(values[1], 0.24472847105479764));
  CHECK(close(values[2], 0.6652409557748219));
  for (int i = 3; i < 6; ++i) CHECK(close(values[static_cast<std::size_t>(i)], 1.0 / 3));
  CHECK_EQ(values[6], 0.0);
  CHECK_EQ(values[7], 1.0);
  CHECK_THROWS(INTERNAL, activate(values, 2, Activation::Softmax));
  CHECK_THROWS(INTERNAL, activate(values, 0, Activation::Softmax));
}

TEST(softmax_of_a_single_column_is_refused) {
  std::vector<double> values = {1, 2, 3};
  CHECK_THROWS(INVALID_OPTION, activate(values, 1, Activation::Softmax));
}

TEST(no_activation_changes_nothing) {
  std::vector<double> values = {3, kNan};
  activate(values, 1, Activation::None);
  CHECK_EQ(values[0], 3.0);
  CHECK(std::isnan(values[1]));
}

TEST(what_is_not_finite_is_named) {
  const auto message = [](const std::vector<double>& values, std::size_t columns) -> std::string {
    try {
      require_finite(values, columns, "logits");
    } catch (const Error& error) {
      CHECK(error.code() == Code::OUTPUT_NOT_FINITE);
      return error.message();
    }
    return "";
  };
  CHECK_EQ(message({1, 2, 3, 4}, 2), "");
  CHECK_EQ(message({}, 2), "");
  CHECK(message({1, 2, 3, kNan}, 2).find("the output logits of tile 1, column 1, is NaN") == 0);
  CHECK(message({1, 2, kInfinity, kNan}, 1).find("the output logits of tile 2, column 0, is infinity") == 0);
  CHECK(message({-kInfinity}, 1).find("-infinity") != std::string::npos);
}

TEST(mean_and_maximum_of_one_column) {
  const std::vector<double> values = {1, 10, 2, 50, 6, 30};
  CHECK_EQ(aggregate::aggregate(values, 2, 0, of(Method::Mean)), 3.0);
  CHECK_EQ(aggregate::aggregate(values, 2, 1, of(Method::Mean)), 30.0);
  CHECK_EQ(aggregate::aggregate(values, 2, 0, of(Method::Max)), 6.0);
  CHECK_EQ(aggregate::aggregate(values, 2, 1, of(Method::Max)), 50.0);
  CHECK_EQ(one({-5, -3}, of(Method::Max)), -3.0);
}

TEST(the_mean_runs_in_tile_order) {
  // In another order, or with other partial sums, the small value would survive.
  CHECK_EQ(one({1e16, 1, -1e16, 0}, of(Method::Mean)), 0.0);
  CHECK_EQ(one({1e16, -1e16, 1, 0}, of(Method::Mean)), 0.25);
}

TEST(top_k_is_the_mean_of_the_largest) {
  const std::vector<double> values = {1, 9, 3, 7, 5};
  CHECK_EQ(one(values, top(1)), 9.0);
  CHECK_EQ(one(values, top(2)), 8.0);
  CHECK_EQ(one(values, top(5)), 5.0);
  CHECK_EQ(one(values, top(50)), 5.0);
  CHECK_EQ(one(values, top(0, 0.4)), 8.0);
  CHECK_EQ(one(values, top(0, 0.41)), 7.0);   // rounded up to three tiles
  CHECK_EQ(one(values, top(0, 0.001)), 9.0);  // at least one
  CHECK_EQ(one(values, top(0, 1)), 5.0);
  std::vector<double> ten(10);
  std::iota(ten.begin(), ten.end(), 1);
  CHECK_EQ(one(ten, top(0, 0.3)), 9.0);  // 0.3 * 10 is three although it is computed as slightly more
}

TEST(quantiles_are_linear_between_ranks) {
  const std::vector<double> values = {40, 10, 30, 20};
  CHECK_EQ(one(values, quantile(0)), 10.0);
  CHECK_EQ(one(values, quantile(1)), 40.0);
  CHECK_EQ(one(values, quantile(0.5)), 25.0);
  CHECK(close(one(values, quantile(0.9)), 37.0));
  CHECK_EQ(one({7}, quantile(0.3)), 7.0);
}

TEST(noisy_or_is_one_minus_the_product) {
  CHECK(close(one({0.5, 0.5}, of(Method::NoisyOr)), 0.75));
  CHECK_EQ(one({0, 0}, of(Method::NoisyOr)), 0.0);
  CHECK_EQ(one({0.2, 1}, of(Method::NoisyOr)), 1.0);
  // A million small chances: the plain product would have lost digits.
  CHECK(close(one(std::vector<double>(1'000'000, 1e-9), of(Method::NoisyOr)), -std::expm1(1e6 * std::log1p(-1e-9)),
              1e-12));
  CHECK_THROWS(MODEL_MISMATCH, static_cast<void>(one({0.2, 1.5}, of(Method::NoisyOr))));
  CHECK_THROWS(MODEL_MISMATCH, static_cast<void>(one({-0.1}, of(Method::NoisyOr))));
}

TEST(impossible_requests_are_refused) {
  CHECK_THROWS(NO_TISSUE, static_cast<void>(one({}, of(Method::Mean))));
  CHECK_THROWS(INTERNAL, static_cast<void>(aggregate::aggregate(std::vector<double>(3), 2, 0, Head{})));
  CHECK_THROWS(INTERNAL, static_cast<void>(aggregate::aggregate(std::vector<double>(3), 0, 0, Head{})));
  CHECK_THROWS(MODEL_MISMATCH, static_cast<void>(aggregate::aggregate(std::vector<double>(4), 2, 2, Head{})));
  CHECK_THROWS(INVALID_OPTION, static_cast<void>(one({1}, top(-1))));
  CHECK_THROWS(INVALID_OPTION, static_cast<void>(one({1}, top(0, 0))));
  CHECK_THROWS(INVALID_OPTION, static_cast<void>(one({1}, top(0, kNan))));
  CHECK_THROWS(INVALID_OPTION, static_cast<void>(one({1}, quantile(1.01))));
  CHECK_THROWS(INVALID_OPTION, static_cast<void>(one({1}, quantile(kNan))));
  for (const Method method : {Method::Mean, Method::Max, Method::TopK, Method::Quantile, Method::NoisyOr})
    CHECK_THROWS(OUTPUT_NOT_FINITE, static_cast<void>(one({0.5, kNan, 0.1}, of(method))));
}

TEST_MAIN
