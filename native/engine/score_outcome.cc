// The last step of a scored slide: from the rows that were kept to its result, or to why there is none.
#include <algorithm>
#include <string>
#include <utility>

#include "engine/score_job.h"

namespace microtome::engine {

ScoreOutcome ScoreJob::outcome_of() {
  // A job that was cancelled after its last run has all it needs, but the caller no longer wants it.
  if (failure()) return failure();
  if (cancelled())
    return std::make_exception_ptr(Error(Code::CANCELLED, Stage::Infer, "the job was cancelled before it finished"));
  try {
    ScoreResult result = collect();
    report(Stage::Aggregate, true);
    result.times = metrics().snapshot();
    result.elapsed_ms = static_cast<double>(nanoseconds_since(start_)) / 1e6;
    return result;
  } catch (...) {
    return std::current_exception();
  }
}

ScoreResult ScoreJob::collect() {
  StageMetrics::Busy busy(metrics(), Stage::Aggregate);
  ScoreResult result;
  result.stored = source_->counts();
  if (result.stored.decoded == 0)
    throw Error(Code::CORRUPT_TILE, Stage::Decode,
                "none of the " + std::to_string(result.stored.bad + result.stored.missing) +
                    " stored tiles under the tissue could be decoded");
  std::vector<double> heads;
  for (const HeadRequest& head : request_.heads) {
    heads.push_back(head_value(head));
    result.heads.push_back({head.name, heads.back()});
  }
  for (const aggregate::SlideOutput& output : request_.slide_outputs) {
    const double unclipped = output.unclipped_of(heads);
    result.slide_outputs.push_back({output.name, output.held(unclipped), unclipped});
  }
  result.tile_count = limit();
  if (rule_)
    result.stopping = {
        .planned_tiles = tile_count_,
        .half_width = aggregate::score_half_width(rule_->interval(), request_.slide_outputs.front().calibration)};
  busy.count(result.tile_count, 0);
  result.tissue_fraction = prepared_.tissue_fraction;
  result.warnings = warnings();
  result.plan = source_->take_plan();
  if (!request_.keep_tiles) {
    std::vector<tiles::PlannedTile>().swap(result.plan.tiles);
    return result;
  }
  result.outputs = kept_->take_rows();
  if (limit() < tile_count_) keep_scored(result);
  return result;
}

// In plan order, whatever the order was in which the tiles were scored.
double ScoreJob::head_value(const HeadRequest& head) const {
  const std::span<const double> column = kept_->column_of(head);
  if (limit() == tile_count_) return aggregate::aggregate(column, 1, 0, head.head);
  double sum = 0;  // stopped: a mean, estimated
  for (std::size_t tile = 0; tile < column.size(); ++tile)
    if (rule_->is_scored(tile)) sum += rule_->weight(tile) * column[tile];
  return sum;
}

// Drops the tiles that were not scored from the plan and the outputs of the result.
void ScoreJob::keep_scored(ScoreResult& result) {
  auto& tiles = result.plan.tiles;
  std::size_t kept = 0;
  for (std::size_t tile = 0; tile < tiles.size(); ++tile) {
    if (!rule_->is_scored(tile)) continue;
    tiles[kept] = tiles[tile];
    for (auto& output : result.outputs)
      std::copy_n(output.values.begin() + static_cast<std::ptrdiff_t>(tile) * output.columns, output.columns,
                  output.values.begin() + static_cast<std::ptrdiff_t>(kept) * output.columns);
    ++kept;
  }
  tiles.resize(kept);
  for (auto& output : result.outputs) output.values.resize(kept * static_cast<std::size_t>(output.columns));
}

std::vector<std::string> ScoreJob::warnings() const {
  std::vector<std::string> all = slide_->warnings();
  const auto counts = source_->counts();
  if (counts.bad > 0)
    all.push_back(std::to_string(counts.bad) + " stored tiles could not be decoded and read as white");
  if (counts.missing > 0) all.push_back(std::to_string(counts.missing) + " stored tiles are missing and read as white");
  if (counts.again > 0 && !rule_)  // with a rule the order is to blame
    all.push_back(std::to_string(counts.again) + " stored tiles were decoded again because the memory limit is small");
  for (std::string& text : mask_warnings(prepared_.mask_tiles)) all.push_back(std::move(text));
  if (source_->plan().policy.name == "mpp-enlarge")
    all.push_back("the slide is coarser than the model asks for; its pixels were enlarged");
  if (source_->plan().policy.jpeg_reduction > 1)
    all.push_back("JPEG tiles were decoded at 1/" + std::to_string(source_->plan().policy.jpeg_reduction) +
                  " of their sides, since scaled decoding was asked for");
  return all;
}

}  // namespace microtome::engine
