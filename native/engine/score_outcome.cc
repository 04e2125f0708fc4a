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
  const std::int64_t scored = limit();
  end_pass();
  if (counts_.decoded == 0)
    throw Error(Code::CORRUPT_TILE, Stage::Decode,
                "none of the " + std::to_string(counts_.bad + counts_.missing) +
                    " stored tiles under the tissue could be decoded");
  select();
  ScoreResult result;
  result.stored = counts_;
  std::vector<double> heads;
  for (const HeadRequest& head : request_.heads) {
    heads.push_back(head_value(head));
    result.heads.push_back({head.name, heads.back()});
  }
  for (const aggregate::SlideOutput& output : request_.slide_outputs) {
    const double unclipped = output.unclipped_of(heads);
    result.slide_outputs.push_back({output.name, output.held(unclipped), unclipped});
  }
  if (rule_)
    result.stopping = {
        .planned_tiles = std::ssize(prepared_.plans.front().tiles),
        .half_width = aggregate::score_half_width(rule_->interval(), request_.slide_outputs.front().calibration)};
  busy.count(scored, 0);
  result.tissue_fraction = prepared_.tissue_fraction;
  result.warnings = warnings();
  for (std::size_t input = 0; input < request_.tiles.size(); ++input) result.tables.push_back(table_of(input));
  if (rule_) {
    TileTable& table = result.tables.front();
    if (request_.keep_tiles && scored < table.tile_count) keep_scored(table);
    table.tile_count = scored;
  }
  for (TileTable& table : result.tables) table.places = TilePlaces::of(table.plan);
  return result;
}

TilePlaces TilePlaces::of(const tiles::TilePlan& plan) {
  TilePlaces places;
  for (LargeDoubles* each : {&places.x, &places.y, &places.level0_x, &places.level0_y}) each->resize(plan.tiles.size());
  for (std::size_t i = 0; i < plan.tiles.size(); ++i) {
    places.x[i] = static_cast<double>(plan.tiles[i].x * plan.stored.reduction);
    places.y[i] = static_cast<double>(plan.tiles[i].y * plan.stored.reduction);
    places.level0_x[i] = places.x[i] * plan.level0_per_px_x;
    places.level0_y[i] = places.y[i] * plan.level0_per_px_y;
  }
  return places;
}

// In plan order, whatever the order was in which the tiles were scored.
double ScoreJob::head_value(const HeadRequest& head) const {
  const auto& [encoder, output, column] = head.of;
  LargeDoubles room;
  const std::size_t input = request_.encoders[encoder].input;
  const std::span<const double> values =
      gathered(kept_[encoder]->column(output, column, "head \"" + head.name + "\""), 1,
               bags_.back()[input].places_in(bags_[stages_.stage_of[encoder]][input]), room);
  if (!rule_ || rule_->limit() == std::ssize(values)) return aggregate::aggregate(values, 1, 0, head.head);
  double sum = 0;  // stopped: a mean, estimated
  for (std::size_t tile = 0; tile < values.size(); ++tile)
    if (rule_->is_scored(tile)) sum += rule_->weight(tile) * values[tile];
  return sum;
}

// The tiles of an input that its heads saw.
TileTable ScoreJob::table_of(std::size_t input) {
  const Bag& bag = bags_.back()[input];
  TileTable table;
  table.plan = std::move(prepared_.plans[input]);
  table.tile_count = bag.size();
  table.left_by_rule = left_[input];
  if (!request_.keep_tiles) {
    std::vector<tiles::PlannedTile>().swap(table.plan.tiles);
    return table;
  }
  if (!bag.is_whole()) {
    std::vector<tiles::PlannedTile> tiles;
    for (std::int64_t i = 0; i < bag.size(); ++i) tiles.push_back(table.plan.tiles[bag.tile(i)]);
    table.plan.tiles = std::move(tiles);
  }
  table.outputs = outputs_of(input);
  return table;
}

// Whole rows of all encoders of an input, for the tiles that its heads saw.
std::vector<TileOutput> ScoreJob::outputs_of(std::size_t input) {
  std::vector<TileOutput> all;
  for (std::size_t encoder = 0; encoder < request_.encoders.size(); ++encoder) {
    if (request_.encoders[encoder].input != input) continue;
    const auto places = bags_.back()[input].places_in(bags_[stages_.stage_of[encoder]][input]);
    for (std::size_t i = 0; i < request_.encoders[encoder].outputs.size(); ++i) {
      const std::int64_t columns = kept_[encoder]->columns(i);
      LargeDoubles rows = kept_[encoder]->take_all(i);
      LargeDoubles some;
      if (places) {
        (void)gathered(std::span<const double>(rows), columns, places, some);
        rows = std::move(some);
      }
      all.push_back({encoder, request_.encoders[encoder].outputs[i].name, columns, std::move(rows)});
    }
  }
  return all;
}

// Drops the tiles that were not scored from the table of a slide that was stopped.
void ScoreJob::keep_scored(TileTable& table) const {
  auto& tiles = table.plan.tiles;
  std::size_t kept = 0;
  for (std::size_t tile = 0; tile < tiles.size(); ++tile) {
    if (!rule_->is_scored(tile)) continue;
    tiles[kept] = tiles[tile];
    for (auto& output : table.outputs)
      std::copy_n(output.values.begin() + static_cast<std::ptrdiff_t>(tile) * output.columns, output.columns,
                  output.values.begin() + static_cast<std::ptrdiff_t>(kept) * output.columns);
    ++kept;
  }
  tiles.resize(kept);
  for (auto& output : table.outputs) output.values.resize(kept * static_cast<std::size_t>(output.columns));
}

std::vector<std::string> ScoreJob::warnings() const {
  std::vector<std::string> all = slide_->warnings();
  if (counts_.bad > 0)
    all.push_back(std::to_string(counts_.bad) + " stored tiles could not be decoded and read as white");
  if (counts_.missing > 0)
    all.push_back(std::to_string(counts_.missing) + " stored tiles are missing and read as white");
  if (counts_.again > 0 && !rule_)  // with a rule the order is to blame
    all.push_back(std::to_string(counts_.again) + " stored tiles were decoded again because the memory limit is small");
  for (std::string& text : mask_warnings(prepared_.mask_tiles)) all.push_back(std::move(text));
  for (const tiles::TilePlan& plan : prepared_.plans) {
    if (plan.policy.scale < 1) all.push_back("the slide is coarser than the model asks for; its pixels were enlarged");
    if (plan.policy.jpeg_reduction > 1)
      all.push_back("JPEG tiles were decoded at 1/" + std::to_string(plan.policy.jpeg_reduction) +
                    " of their sides, since scaled decoding was asked for");
  }
  return all;
}

}  // namespace microtome::engine
