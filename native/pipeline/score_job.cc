#include "pipeline/score_job.h"

#include <algorithm>
#include <cstring>

namespace microtome::pipeline {
namespace {

constexpr auto kReportEvery = std::chrono::milliseconds(100);

// Tiles per run of the graph: what a fixed batch axis says, else as the request wants.
std::int64_t tiles_per_run(const infer::Model& model, bool reproducible) {
  const auto& shape = model.inputs().front().shape;
  if (!shape.empty() && shape.front() > 0) return shape.front();
  return reproducible ? kReproducibleTiles : 0;
}

std::int64_t round_up(std::int64_t value, std::int64_t step) { return (value + step - 1) / step * step; }

}  // namespace

ScoreJob::ScoreJob(std::shared_ptr<const slide::Slide> slide, ScoreRequest request, ScoreCallbacks callbacks,
                   Environment environment)
    : slide_(std::move(slide)),
      request_(std::move(request)),
      callbacks_(std::move(callbacks)),
      environment_(std::move(environment)) {
  for (const auto& output : request_.outputs) output_names_.push_back(output.name);
}

void ScoreJob::prepare(Worker& worker) {
  report(Stage::Tissue, true);
  prepared_ = pipeline::prepare(worker.decoder, *slide_, request_.grid, metrics_, cancel_);
  run_tiles_ = tiles_per_run(*environment_.model, request_.reproducible);
  unit_tiles_ = round_up(std::max<std::int64_t>(request_.batch_size, 1), std::max<std::int64_t>(run_tiles_, 1));
  const auto tiles = static_cast<std::int64_t>(prepared_.plan.tiles.size());
  tiles_total_ = tiles;
  unit_tiles_ = std::min(unit_tiles_, round_up(tiles, std::max<std::int64_t>(run_tiles_, 1)));
  unit_count_ = (tiles + unit_tiles_ - 1) / unit_tiles_;
  check_memory();
  const auto unit_bytes = unit_tiles_ * static_cast<std::int64_t>(request_.preprocess.bytes_per_tile());
  // Half of the share for tensors, half for decoded stored tiles; one unit per worker and two on their way at best.
  max_in_flight_ = static_cast<int>(
      std::clamp<std::int64_t>(environment_.memory_bytes / 2 / unit_bytes, 1, environment_.threads + 2));
  const auto& level = slide_->levels()[static_cast<std::size_t>(prepared_.plan.policy.level)];
  tiles::UseCounts uses(level.storage);
  uses.add(prepared_.plan);
  cache_ = std::make_unique<StoredTileCache>(slide_, level.index, std::move(uses), request_.grid.on_bad_tile,
                                             environment_.memory_bytes / 2, metrics_);
  unit_outputs_.resize(static_cast<std::size_t>(unit_count_));
  report(Stage::Decode, true);
}

void ScoreJob::check_memory() const {
  const auto& plan = prepared_.plan;
  const auto unit_bytes = unit_tiles_ * static_cast<std::int64_t>(request_.preprocess.bytes_per_tile());
  const auto footprint_bytes = 3 * plan.footprint_px * plan.footprint_px * environment_.threads;
  const auto needed = unit_bytes + (plan.footprint_px == plan.size_px ? 0 : footprint_bytes);
  if (needed > environment_.memory_bytes / 2)
    throw Error(Code::LIMIT_EXCEEDED, Stage::Tiles,
                "one batch and the tiles read for it need " + std::to_string(needed) +
                    " bytes, more than half of the memory limit's share for this slide (" +
                    std::to_string(environment_.memory_bytes) + " bytes)");
}

ScoreJob::Unit ScoreJob::make_unit(std::int64_t index) const {
  const auto all = static_cast<std::int64_t>(prepared_.plan.tiles.size());
  Unit unit;
  unit.index = index;
  unit.tiles = std::min(unit_tiles_, all - index * unit_tiles_);
  unit.padded_tiles = run_tiles_ == 0 ? unit.tiles : round_up(unit.tiles, run_tiles_);
  return unit;
}

void ScoreJob::decode(Worker& worker, Unit& unit) {
  const auto& plan = prepared_.plan;
  const auto& storage = slide_->levels()[static_cast<std::size_t>(plan.policy.level)].storage;
  const std::size_t tile_bytes = request_.preprocess.bytes_per_tile();
  unit.tensor.resize(static_cast<std::size_t>(unit.padded_tiles) * tile_bytes);
  if (worker.tile.width_px != plan.size_px) worker.tile = RgbImage(plan.size_px, plan.size_px);
  for (std::int64_t i = 0; i < unit.tiles; ++i) {
    cancel_.check(Stage::Decode);
    const auto& tile = plan.tiles[static_cast<std::size_t>(unit.index * unit_tiles_ + i)];
    const auto view = worker.tile.view();
    worker.assembler.assemble(worker.decoder, cancel_, *cache_, storage, plan, tile, view, metrics_);
    StageMetrics::Busy busy(metrics_, Stage::Batch);
    batch::to_tensor(view, request_.preprocess, unit.tensor.data() + static_cast<std::size_t>(i) * tile_bytes);
    busy.count(1, static_cast<std::int64_t>(tile_bytes));
  }
  // Padding is always the same bytes, so that it cannot make two runs differ.
  const auto used = static_cast<std::size_t>(unit.tiles) * tile_bytes;
  std::memset(unit.tensor.data() + used, 0, unit.tensor.size() - used);
}

void ScoreJob::infer(Worker& worker, Unit& unit) {
  std::vector<std::vector<double>> outputs(output_names_.size());
  const std::size_t tile_bytes = request_.preprocess.bytes_per_tile();
  const std::int64_t step = run_tiles_ == 0 ? unit.padded_tiles : run_tiles_;
  {
    StageMetrics::Busy busy(metrics_, Stage::Infer);
    if (!worker.slot) worker.slot = environment_.model->make_slot();
    for (std::int64_t first = 0; first < unit.padded_tiles; first += step) {
      cancel_.check(Stage::Infer);
      environment_.model->run(*worker.slot, unit.tensor.data() + static_cast<std::size_t>(first) * tile_bytes, step,
                              request_.preprocess, output_names_, outputs, cancel_);
    }
    busy.count(unit.tiles, static_cast<std::int64_t>(unit.tensor.size()));
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const std::size_t columns = outputs[i].size() / static_cast<std::size_t>(unit.padded_tiles);
    outputs[i].resize(columns * static_cast<std::size_t>(unit.tiles));
    aggregate::require_finite(outputs[i], columns, output_names_[i]);
    aggregate::activate(outputs[i], columns, request_.outputs[i].activation);
  }
  unit_outputs_[static_cast<std::size_t>(unit.index)] = std::move(outputs);
  {
    std::scoped_lock lock(progress_mutex_);
    tiles_done_ += unit.tiles;
  }
  report(Stage::Infer, false);
}

void ScoreJob::report(Stage stage, bool force) {
  if (!callbacks_.progress) return;
  std::scoped_lock lock(progress_mutex_);
  const auto now = Clock::now();
  if (!force && now - last_report_ < kReportEvery) return;
  last_report_ = now;
  callbacks_.progress({stage, tiles_done_, tiles_total_, static_cast<double>(nanoseconds_since(start_)) / 1e6});
}

void ScoreJob::finish(std::exception_ptr failure) {
  schedule.ready.clear();
  schedule.free_tensors.clear();
  if (!failure) {
    try {
      ScoreResult result = collect();
      cache_.reset();
      report(Stage::Aggregate, true);
      result.times = metrics_.snapshot();
      result.elapsed_ms = static_cast<double>(nanoseconds_since(start_)) / 1e6;
      callbacks_.done(std::move(result));
      return;
    } catch (...) {
      failure = std::current_exception();
    }
  }
  cache_.reset();
  callbacks_.done(failure);
}

TileOutput ScoreJob::collect_output(std::size_t output) {
  TileOutput all;
  all.name = output_names_[output];
  std::size_t values = 0;
  for (const auto& unit : unit_outputs_) values += unit[output].size();
  all.values.reserve(values);
  for (auto& unit : unit_outputs_) {
    all.values.insert(all.values.end(), unit[output].begin(), unit[output].end());
    unit[output] = {};
  }
  all.columns = static_cast<std::int64_t>(values / prepared_.plan.tiles.size());
  if (static_cast<std::size_t>(all.columns) * prepared_.plan.tiles.size() != values)
    throw Error(Code::OUTPUT_SHAPE, Stage::Aggregate,
                "output \"" + all.name + "\" changes its row length between tiles");
  return all;
}

ScoreResult ScoreJob::collect() {
  StageMetrics::Busy busy(metrics_, Stage::Aggregate);
  ScoreResult result;
  result.stored = cache_->counts();
  if (result.stored.decoded == 0)
    throw Error(Code::CORRUPT_TILE, Stage::Decode,
                "none of the " + std::to_string(result.stored.bad + result.stored.missing) +
                    " stored tiles under the tissue could be decoded");
  for (std::size_t i = 0; i < output_names_.size(); ++i) result.outputs.push_back(collect_output(i));
  for (const auto& head : request_.heads) {
    const auto& output = result.outputs.at(head.output);
    if (head.column >= static_cast<std::size_t>(output.columns))
      throw Error(Code::OUTPUT_SHAPE, Stage::Aggregate,
                  "head \"" + head.name + "\" wants column " + std::to_string(head.column) + " of output \"" +
                      output.name + "\", which has " + std::to_string(output.columns));
    result.heads.push_back({head.name, aggregate::aggregate(output.values, static_cast<std::size_t>(output.columns),
                                                            head.column, head.head)});
  }
  busy.count(static_cast<std::int64_t>(prepared_.plan.tiles.size()), 0);
  result.tile_count = static_cast<std::int64_t>(prepared_.plan.tiles.size());
  result.tissue_fraction = prepared_.tissue_fraction;
  result.warnings = warnings();
  result.plan = std::move(prepared_.plan);
  if (!request_.keep_tiles) {
    result.plan.tiles = {};
    result.outputs = {};
  }
  return result;
}

std::vector<std::string> ScoreJob::warnings() const {
  std::vector<std::string> all = slide_->warnings();
  const auto counts = cache_->counts();
  if (counts.bad > 0)
    all.push_back(std::to_string(counts.bad) + " stored tiles could not be decoded and read as white");
  if (counts.missing > 0) all.push_back(std::to_string(counts.missing) + " stored tiles are missing and read as white");
  if (counts.again > 0)
    all.push_back(std::to_string(counts.again) + " stored tiles were decoded again because memoryLimit is small");
  if (prepared_.overview_bad_tiles > 0)
    all.push_back(std::to_string(prepared_.overview_bad_tiles) +
                  " tiles of the level that the tissue mask is made from could not be decoded and read as white");
  if (prepared_.plan.policy.name == "mpp-enlarge")
    all.push_back("the slide is coarser than the model asks for; its pixels were enlarged");
  return all;
}

}  // namespace microtome::pipeline
