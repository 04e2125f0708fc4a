#include "engine/plan_report.h"

#include <algorithm>

#include "core/cores.h"
#include "engine/model_runner.h"

namespace microtome::engine {

Planner::Planner(const slide::Slide& slide, const PlanRequest& request)
    : slide_(slide),
      request_(request),
      stages_(request.score),
      planning_(planning_needs(slide, request.score, request.memory_limit)),
      preparation_(slide, request.score.tiles) {}

PlanReport Planner::run(decode::TileDecoder& decoder, const CancelToken& cancel) {
  StageMetrics metrics;
  if (!prepared_) prepared_ = preparation_.run(decoder, metrics, cancel, planning_.plan_bytes);
  const ScoreRequest& score = request_.score;
  PlanReport report;
  report.cost = read_cost(slide_, prepared_->plans);
  for (const decode::SlideImageRequest& image : score.images) report.cost += read_cost(slide_, image);
  report.tissue_fraction = prepared_->tissue_fraction;
  std::int64_t most_tiles = 0;
  for (const tiles::TilePlan& plan : prepared_->plans) {
    report.inputs.push_back({plan.policy, std::ssize(plan.tiles), plan.kept_tiles, plan.grid_tiles});
    most_tiles = std::max(most_tiles, std::ssize(plan.tiles));
  }
  const GraphFacts facts{.rows_of =
                             [&](std::size_t encoder) {
                               const std::int64_t tiles =
                                   std::ssize(prepared_->plans[score.encoders[encoder].input].tiles);
                               return request_.fixed_rows[encoder] > 0 ? request_.fixed_rows[encoder]
                                      : score.reproducible             ? kReproducibleRows
                                                           : std::clamp<std::int64_t>(score.batch_size, 1, tiles);
                             },
                         .columns_of =
                             [&](std::size_t encoder, const std::string& output) {
                               const auto found = request_.columns[encoder].find(output);
                               return found == request_.columns[encoder].end() ? std::int64_t{0} : found->second;
                             }};
  const RunShape run = run_shape(slide_, score, stages_, prepared_->plans, facts);
  std::int64_t rows = 1;
  for (const LaneShape& lane : run.lanes) rows = std::max(rows, lane.rows);
  const ScoringNeeds needs = scoring_needs(slide_, run, request_.memory_limit);
  const std::int64_t workers = request_.threads > 0 ? request_.threads : available_cores();
  report.memory_bytes = std::max(planning_.sum(), needs.sum() + needs.more_cache_bytes +
                                                      std::min(workers - 1, most_tiles / rows) * needs.batch_bytes);
  return report;
}

}  // namespace microtome::engine
