#include "engine/stopping_rule.h"

#include <algorithm>

namespace microtome::engine {
namespace {

constexpr std::int64_t kLeastRounds = 2;  // a stratum shows how much it varies by two tiles

tiles::Rounds draw(const StoppingRequest& request, const std::vector<tiles::PlannedTile>& tiles) {
  std::vector<tiles::GridCell> cells;
  cells.reserve(tiles.size());
  // Pixels of the level. Beyond 2^31 of them the curve folds back: strata are less compact there, the draw is as valid.
  for (const auto& tile : tiles)
    cells.push_back({static_cast<std::uint32_t>(tile.x), static_cast<std::uint32_t>(tile.y)});
  const auto strata = std::min<std::size_t>(static_cast<std::size_t>(request.every_tiles), tiles.size());
  return tiles::draw_rounds(cells, strata, request.seed);
}

}  // namespace

StoppingRule::StoppingRule(const StoppingRequest& request, const std::vector<tiles::PlannedTile>& tiles)
    : half_width_(request.half_width),
      confidence_(request.confidence),
      calibration_(request.calibration),
      rounds_(draw(request, tiles)),
      mean_(rounds_.sizes) {
  for (std::uint32_t i = 0; i < rounds_.round.size(); ++i) {
    const std::uint32_t round = rounds_.round[i];
    if (round >= tiles_of_round_.size()) tiles_of_round_.resize(round + 1);
    tiles_of_round_[round].push_back(i);
  }
  const std::int64_t wanted = (request.min_tiles - 1) / request.every_tiles + 1;
  advance(static_cast<std::uint32_t>(std::clamp<std::int64_t>(wanted, kLeastRounds, UINT32_MAX)));
}

void StoppingRule::advance(std::uint32_t rounds) {
  const auto end =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(std::uint64_t{next_round_} + rounds, tiles_of_round_.size()));
  for (; next_round_ < end; ++next_round_) limit_ += std::ssize(tiles_of_round_[next_round_]);
}

bool StoppingRule::look(const std::function<double(std::size_t)>& value_of) {
  for (; looked_at_ < next_round_; ++looked_at_)
    for (const std::uint32_t tile : tiles_of_round_[looked_at_]) mean_.add(rounds_.stratum[tile], value_of(tile));
  const auto found = mean_.interval(confidence_);
  if (found) interval_ = *found;
  if (looked_at_ == tiles_of_round_.size()) return false;
  if (found && aggregate::score_half_width(*found, calibration_) <= half_width_) return false;
  advance(1);
  return true;
}

}  // namespace microtome::engine
