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
  slide_->require_unchanged();
  require_pixels();
  select();
  ScoreResult result;
  result.stored = counts_;
  aggregate::HeadOutputs heads = run_heads();
  for (const aggregate::SlideOutput& output : request_.slide_outputs) {
    const double unclipped = output.unclipped_of(heads);
    result.slide_outputs.push_back({output.name, output.held(unclipped), unclipped});
  }
  if (rule_)
    result.stopping = {
        .planned_tiles = std::ssize(prepared_.plans.front().tiles),
        .half_width = aggregate::score_half_width(rule_->interval(), request_.slide_outputs.front().calibration)};
  busy.count(scored, 0);
  for (std::size_t i = 0; i < heads.size(); ++i) result.heads.push_back({request_.heads[i].name, std::move(heads[i])});
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

// A slide is never scored from white that stands for tiles that could not be read.
void ScoreJob::require_pixels() const {
  if (!request_.encoders.empty() && counts_.decoded == 0)
    throw Error(Code::CORRUPT_TILE, Stage::Decode,
                "none of the " + std::to_string(counts_.bad + counts_.missing) +
                    " stored tiles under the tissue could be decoded");
  for (std::size_t i = 0; i < images_.size(); ++i) {
    const auto level = decode::plan_slide_image(*slide_, request_.images[i]).level;
    const slide::Storage& storage = slide_->levels()[level].storage;
    const std::int64_t tiles = storage.tiles_across() * storage.tiles_down();
    if (images_[i].bad_tiles + images_[i].missing_tiles >= tiles)
      throw Error(
          Code::CORRUPT_TILE, Stage::Decode,
          "none of the " + std::to_string(tiles) + " stored tiles under the image of the slide could be decoded");
  }
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
  table.heads = std::move(tile_columns_[input]);
  for (std::int64_t i = 0; i < bag.size() && !quality_[input].empty(); ++i)
    table.quality.push_back(quality_[input][bag.tile(i)]);
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
      if (places) {
        // Places rise, so a row moves to where it is not needed any more.
        for (std::size_t k = 0; k < places->size(); ++k)
          std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>((*places)[k]) * columns, columns,
                      rows.begin() + static_cast<std::ptrdiff_t>(k) * columns);
        rows.resize(places->size() * static_cast<std::size_t>(columns));
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
  std::int64_t image_bad = 0;
  std::int64_t image_missing = 0;
  for (const decode::Region& image : images_) {
    image_bad += image.bad_tiles;
    image_missing += image.missing_tiles;
  }
  if (image_bad > 0)
    all.push_back(std::to_string(image_bad) +
                  " stored tiles of the slide's image could not be decoded and read as white");
  if (image_missing > 0)
    all.push_back(std::to_string(image_missing) + " stored tiles of the slide's image are missing and read as white");
  if (colour_) all.insert(all.end(), colour_->warnings().begin(), colour_->warnings().end());
  if (counts_.again > 0 && !rule_)  // with a rule the order is to blame
    all.push_back(std::to_string(counts_.again) + " stored tiles were decoded again because the memory limit is small");
  for (std::string& text : mask_warnings(prepared_.mask_tiles)) all.push_back(std::move(text));
  for (const tiles::TilePlan& plan : prepared_.plans) {
    if (plan.policy.scale < 1) all.push_back("the slide is coarser than the model asks for; its pixels were enlarged");
    if (plan.policy.jpeg_reduction > 1)
      all.push_back("JPEG tiles were decoded at 1/" + std::to_string(plan.policy.jpeg_reduction) +
                    " of their sides, since scaled decoding was asked for");
  }
  all.insert(all.end(), notes_.begin(), notes_.end());
  if (refused_rows_ > 0)
    all.push_back("nvJPEG did not decode " + std::to_string(refused_rows_) + " JPEG tiles: the CPU did");
  return all;
}

}  // namespace microtome::engine
