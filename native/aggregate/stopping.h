// When the score of a slide is known well enough to stop: an interval around the mean of all tiles, from those scored.
//
// The tiles are put into strata, pieces of the tissue, before the first is scored; in each round one tile of every
// stratum is drawn at random without replacement (tiles/sample.h). The estimate is that of stratified sampling from a
// finite population: the strata's means weighted by their sizes, with the variance
//   sum over strata of W^2 (1 - n/N) s^2 / n        W: share of the tiles, n of N tiles drawn, s^2 of those drawn
// and Student's t with Satterthwaite's degrees of freedom (Cochran, Sampling Techniques, 3rd ed. 1977, 5.1-5.4). What
// is random is the draw, not the tissue, so that neighbouring tiles may be as alike as they like: likeness within a
// stratum makes the interval narrower, and never makes it wrong. Nothing is assumed of the values, but that what was
// drawn shows how much they vary: values that are rare among the tiles of all strata may not be among those drawn.
//
// Looking more than once, and stopping at the first interval that is narrow enough, is a fixed-width sequential
// procedure (Chow and Robbins 1965); the number of tiles before the first look keeps its loss of coverage small.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "aggregate/slide_output.h"

namespace microtome::aggregate {

// mean - half_width to mean + half_width, of the mean over all tiles.
struct Interval {
  double mean = 0;
  double half_width = 0;
};

// Not thread-safe. Sums run in the order of add().
class StratifiedMean {
 public:
  // Tiles in each stratum.
  explicit StratifiedMean(const std::vector<std::int64_t>& sizes);

  // One more tile of `stratum`; no more than it has.
  void add(std::size_t stratum, double value);
  // The share that each tile drawn from `stratum` has in the mean.
  [[nodiscard]] double weight(std::size_t stratum) const;
  [[nodiscard]] std::int64_t tiles() const noexcept { return tiles_; }
  // Absent while a stratum of more than one tile has fewer than two drawn, and not all.
  [[nodiscard]] std::optional<Interval> interval(double confidence) const;

 private:
  struct Stratum {
    std::int64_t size = 0;
    std::int64_t drawn = 0;
    double mean = 0;
    double squares = 0;  // sum of squared differences from the mean (Welford)
  };
  std::vector<Stratum> strata_;
  std::int64_t population_ = 0;
  std::int64_t tiles_ = 0;
};

// Student's t: P(|T| <= quantile) = confidence. `degrees` >= 1; from the normal quantile by the expansion of
// Abramowitz and Stegun 26.7.5, right to 0.2 % from 3 degrees on. confidence: above 0 and below 1.
[[nodiscard]] double student_quantile(double confidence, double degrees);

// Half of the width of the interval of the score. The calibration rises or falls throughout, so that the ends of an
// interval before it are the ends of the one after it.
[[nodiscard]] double score_half_width(const Interval& interval, const Calibration& calibration);

}  // namespace microtome::aggregate
