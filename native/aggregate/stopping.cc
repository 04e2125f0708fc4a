#include "aggregate/stopping.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <string>

#include "core/error.h"

namespace microtome::aggregate {
namespace {

// Newton's method on the complementary error function; from 0 it cannot leave the convex side of the root.
double normal_quantile(double confidence) {
  const double outside = 1 - confidence;
  double z = 0;
  for (int i = 0; i < 60; ++i) {
    const double density = std::exp(-z * z / 2) * std::sqrt(2 / std::numbers::pi);  // of |Z|
    const double step = (std::erfc(z / std::sqrt(2.0)) - outside) / density;
    z += step;
    if (std::abs(step) < 1e-13) break;
  }
  return z;
}

}  // namespace

StratifiedMean::StratifiedMean(const std::vector<std::int64_t>& sizes) : strata_(sizes.size()) {
  for (std::size_t i = 0; i < sizes.size(); ++i) strata_[i].size = sizes[i];
  population_ = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
}

void StratifiedMean::add(std::size_t stratum, double value) {
  Stratum& at = strata_.at(stratum);
  if (at.drawn == at.size)
    throw Error(
        Code::INTERNAL, Stage::Aggregate,
        "stratum " + std::to_string(stratum) + " has " + std::to_string(at.size) + " tiles, one more was drawn");
  ++at.drawn;
  ++tiles_;
  const double before = value - at.mean;
  at.mean += before / static_cast<double>(at.drawn);
  at.squares += before * (value - at.mean);
}

double StratifiedMean::weight(std::size_t stratum) const {
  const Stratum& at = strata_.at(stratum);
  return static_cast<double>(at.size) / static_cast<double>(population_) / static_cast<double>(at.drawn);
}

std::optional<Interval> StratifiedMean::interval(double confidence) const {
  Interval out;
  double variance = 0;
  double spread = 0;  // Satterthwaite: the variance of the variance, but for a factor
  for (const Stratum& at : strata_) {
    if (at.size == 0) continue;
    if (at.drawn < std::min<std::int64_t>(at.size, 2)) return std::nullopt;
    const double share = static_cast<double>(at.size) / static_cast<double>(population_);
    out.mean += share * at.mean;
    if (at.drawn == at.size) continue;
    const auto drawn = static_cast<double>(at.drawn);
    const double left_out = 1 - drawn / static_cast<double>(at.size);
    const double part = share * share * left_out * at.squares / (drawn - 1) / drawn;
    variance += part;
    spread += part * part / (drawn - 1);
  }
  if (variance > 0) out.half_width = student_quantile(confidence, variance * variance / spread) * std::sqrt(variance);
  return out;
}

double student_quantile(double confidence, double degrees) {
  const double z = normal_quantile(confidence);
  const double z2 = z * z;
  const double v = std::max(degrees, 1.0);
  const double g1 = z * (z2 + 1) / 4;
  const double g2 = z * ((5 * z2 + 16) * z2 + 3) / 96;
  const double g3 = z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384;
  const double g4 = z * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92160;
  return z + (g1 + (g2 + (g3 + g4 / v) / v) / v) / v;
}

double score_half_width(const Interval& interval, const Calibration& calibration) {
  return std::abs(calibration(interval.mean + interval.half_width) - calibration(interval.mean - interval.half_width)) /
         2;
}

}  // namespace microtome::aggregate
