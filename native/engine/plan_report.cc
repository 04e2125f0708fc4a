#include "engine/plan_report.h"

#include <algorithm>

#include "core/cores.h"
#include "engine/model_runner.h"

namespace microtome::engine {

Planner::Planner(const slide::Slide& slide, const PlanRequest& request)
    : slide_(slide),
      request_(request),
      planning_(planning_needs(slide, request.score.grid, request.memory_limit)),
      preparation_(slide, request.score.grid) {}

PlanReport Planner::run(decode::TileDecoder& decoder, const CancelToken& cancel) {
  StageMetrics metrics;
  if (!prepared_) prepared_ = preparation_.run(decoder, metrics, cancel, planning_.plan_bytes);
  const tiles::TilePlan& plan = prepared_->plan;
  PlanReport report;
  report.cost = read_cost(slide_, plan);
  report.policy = plan.policy;
  report.tiles = std::ssize(plan.tiles);
  report.kept_tiles = plan.kept_tiles;
  report.grid_tiles = plan.grid_tiles;
  report.tissue_fraction = prepared_->tissue_fraction;
  const ScoreRequest& score = request_.score;
  RunShape run;
  run.rows = request_.fixed_rows > 0 ? request_.fixed_rows
             : score.reproducible    ? kReproducibleRows
                                     : std::clamp<std::int64_t>(score.batch_size, 1, report.tiles);
  run.row_bytes = static_cast<std::int64_t>(score.format.bytes_per_tile());
  run.kept_bytes = kept_bytes(score, report.tiles, [this](const std::string& output) {
    const auto found = request_.columns.find(output);
    return found == request_.columns.end() ? std::int64_t{0} : found->second;
  });
  const ScoringNeeds needs = scoring_needs(slide_, plan, run, request_.memory_limit);
  const std::int64_t workers = request_.threads > 0 ? request_.threads : available_cores();
  report.memory_bytes =
      std::max(planning_.sum(), needs.sum() + needs.more_cache_bytes +
                                    std::min(workers - 1, report.tiles / run.rows) * needs.batch_bytes);
  return report;
}

}  // namespace microtome::engine
