// Ends a slide when its score is known well enough (aggregate/stopping.h). The tiles are scored in rounds
// (tiles/sample.h); after some whole rounds the job stands still until all of their tiles are scored, the rule looks,
// and either names the next place to look at or ends the slide. So what is scored, and what is decided from it, depends
// on the plan and the seed alone: no tile is begun that the decision could make superfluous. Not thread-safe; the job
// calls it from one worker at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "aggregate/stopping.h"
#include "tiles/sample.h"
#include "tiles/tile_plan.h"

namespace microtome::engine {

struct StoppingRequest {
  double half_width = 0.02;  // of the score, after its calibration
  double confidence = 0.95;
  std::int64_t min_tiles = 256;    // before the first look
  std::int64_t every_tiles = 128;  // tiles of a round; also the number of strata
  std::uint64_t seed = 0;
  aggregate::Calibration calibration;  // of the score
};

class StoppingRule {
 public:
  StoppingRule(const StoppingRequest& request, const std::vector<tiles::PlannedTile>& tiles);

  // The round of each tile of the plan. Tiles are scored round by round.
  [[nodiscard]] std::span<const std::uint32_t> rounds() const noexcept { return rounds_.round; }
  // How many tiles are to be scored before the next look, or in the end.
  [[nodiscard]] std::int64_t limit() const noexcept { return limit_; }
  // To be called when limit() tiles are scored; `value_of` gives the score of a tile of the plan, before the
  // calibration. False: enough, or all.
  bool look(const std::function<double(std::size_t)>& value_of);

  // After the last look.
  [[nodiscard]] bool is_scored(std::size_t tile) const noexcept { return rounds_.round[tile] < looked_at_; }
  // The share of a scored tile in the mean over all tiles of the plan.
  [[nodiscard]] double weight(std::size_t tile) const { return mean_.weight(rounds_.stratum[tile]); }
  // The confidence interval of the score, before its calibration.
  [[nodiscard]] aggregate::Interval interval() const noexcept { return interval_; }

 private:
  void advance(std::uint32_t rounds);

  const double half_width_;
  const double confidence_;
  const aggregate::Calibration calibration_;
  tiles::Rounds rounds_;
  std::vector<std::vector<std::uint32_t>> tiles_of_round_;  // in plan order, so that sums have one order
  aggregate::StratifiedMean mean_;
  aggregate::Interval interval_;
  std::uint32_t looked_at_ = 0;   // rounds that are in the mean
  std::uint32_t next_round_ = 0;  // where the next look is: after this many rounds
  std::int64_t limit_ = 0;
};

}  // namespace microtome::engine
