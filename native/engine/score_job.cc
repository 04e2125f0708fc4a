#include "engine/score_job.h"

#include <algorithm>
#include <cstring>

namespace microtome::engine {
namespace {

constexpr auto kReportEvery = std::chrono::milliseconds(100);
constexpr std::int64_t kClaimTiles = 32;    // at most; enough neighbours for one read of their compressed bytes
constexpr std::int64_t kClaimsAtLeast = 4;  // of each worker, so that the last claims end at about the same time

std::int64_t round_up(std::int64_t value, std::int64_t step) { return (value + step - 1) / step * step; }

}  // namespace

ScoreJob::ScoreJob(std::shared_ptr<const slide::Slide> slide, ScoreRequest request, ScoreCallbacks callbacks,
                   Environment environment)
    : slide_(std::move(slide)),
      request_(std::move(request)),
      callbacks_(std::move(callbacks)),
      environment_(std::move(environment)),
      outputs_(request_.outputs.size()) {
  for (const auto& output : request_.outputs) output_names_.push_back(output.name);
}

void ScoreJob::prepare(Worker& worker) {
  report(Stage::Tissue, true);
  prepared_ = engine::prepare(worker.reader.decoder, *slide_, request_.grid, metrics_, cancel_);
  tile_count_ = std::ssize(prepared_.plan.tiles);
  size_runs();
  if (request_.stopping) rule_.emplace(*request_.stopping, prepared_.plan.tiles);
  has_more_looks_ = rule_.has_value();
  feed_ =
      std::make_unique<TileFeed>(slide_, std::move(prepared_.plan), request_.grid.on_bad_tile, environment_.cache_bytes,
                                 metrics_, rule_ ? rule_->rounds() : std::span<const std::uint32_t>());
  report(Stage::Decode, true);
}

// A fixed batch axis says how many tiles a run has; else kReproducibleTiles, or whatever the caller wants.
void ScoreJob::size_runs() {
  const auto& shape = environment_.model->inputs().front().shape;
  const bool fixed = !shape.empty() && shape.front() > 0;
  pads_ = fixed || request_.reproducible;
  run_tiles_ = fixed                   ? shape.front()
               : request_.reproducible ? kReproducibleTiles
                                       : std::min(std::max<std::int64_t>(request_.batch_size, 1), tile_count_);
  const auto& plan = prepared_.plan;
  const bool reduces = plan.footprint_px != plan.size_px;
  // Pixels between decoder and tensor (TileReader): one tile, or where they are reduced those of a run.
  const std::int64_t pixels = (reduces ? run_tiles_ : 1) * 3 * plan.size_px * plan.size_px;
  const std::int64_t tensor = run_tiles_ * static_cast<std::int64_t>(request_.preprocess.bytes_per_tile()) + pixels;
  const std::int64_t footprint = reduces ? 3 * plan.footprint_px * plan.footprint_px : 0;
  if (tensor + footprint > environment_.tensor_bytes)
    throw Error(Code::LIMIT_EXCEEDED, Stage::Tiles,
                "one run of the model and the pixels read for it need " + std::to_string(tensor + footprint) +
                    " bytes, more than half of [[memoryLimit]] (" + std::to_string(environment_.tensor_bytes) +
                    " bytes)");
  max_workers_ = static_cast<int>(
      std::clamp<std::int64_t>(environment_.tensor_bytes / (tensor + footprint), 1, environment_.threads));
}

ScoreJob::Range ScoreJob::claim(bool one_run) {
  const std::int64_t left = schedule.end - schedule.next;
  const std::int64_t fair = one_run ? 1 : std::min(kClaimTiles, left / (kClaimsAtLeast * environment_.threads));
  const std::int64_t count = std::min(left, round_up(std::max<std::int64_t>(fair, 1), run_tiles_));
  const Range range{schedule.next, schedule.next + count};
  schedule.next = range.end;
  return range;
}

void ScoreJob::work(Worker& worker, Range range) {
  if (!worker.slot) worker.slot = environment_.model->make_slot();
  const auto ahead = feed_->read_ahead(worker.reader, range.first, range.end - range.first);
  for (std::int64_t first = range.first; first < range.end; first += run_tiles_) {
    const Range run{first, std::min(first + run_tiles_, range.end)};
    decode(worker, run);
    infer(worker, run);
  }
  // A worker keeps its tensor for the next range, unless it is more than its part.
  const std::int64_t part = environment_.tensor_bytes / environment_.threads;
  if (std::ssize(worker.tensor) + std::ssize(worker.reader.pixels) <= part) return;
  AlignedBytes().swap(worker.tensor);
  std::vector<std::uint8_t>().swap(worker.reader.pixels);
}

void ScoreJob::decode(Worker& worker, Range run) {
  const std::size_t tile_bytes = request_.preprocess.bytes_per_tile();
  const auto tiles = static_cast<std::size_t>(run.end - run.first);
  worker.tensor.resize((pads_ ? static_cast<std::size_t>(run_tiles_) : tiles) * tile_bytes);
  feed_->read_tensors(worker.reader, cancel_, run.first, run.end - run.first, request_.preprocess,
                      worker.tensor.data());
  // Padding is always the same bytes, so that it cannot make two runs differ.
  const std::size_t used = tiles * tile_bytes;
  std::memset(worker.tensor.data() + used, 0, worker.tensor.size() - used);
}

void ScoreJob::infer(Worker& worker, Range run) {
  const auto tiles = static_cast<std::size_t>(run.end - run.first);
  const std::size_t padded = worker.tensor.size() / request_.preprocess.bytes_per_tile();
  worker.outputs.resize(output_names_.size());
  for (auto& rows : worker.outputs) rows.clear();
  {
    StageMetrics::Busy busy(metrics_, Stage::Infer);
    environment_.model->run(*worker.slot, worker.tensor.data(), static_cast<std::int64_t>(padded), request_.preprocess,
                            output_names_, worker.outputs, cancel_);
    busy.count(static_cast<std::int64_t>(tiles), static_cast<std::int64_t>(worker.tensor.size()));
  }
  for (std::size_t i = 0; i < worker.outputs.size(); ++i) {
    auto& rows = worker.outputs[i];
    const std::size_t columns = rows.size() / padded;
    rows.resize(columns * tiles);
    aggregate::require_finite(rows, columns, output_names_[i]);
    aggregate::activate(rows, columns, request_.outputs[i].activation);
    keep(i, run, rows);
  }
  tiles_done_.fetch_add(static_cast<std::int64_t>(tiles), std::memory_order_relaxed);
  report(Stage::Infer, false);
}

// Puts the rows of a run where the plan has their tiles. Runs have no tile in common, so only the sizing is locked.
void ScoreJob::keep(std::size_t output, Range run, std::vector<double>& rows) {
  const std::int64_t columns = std::ssize(rows) / (run.end - run.first);
  Output& all = outputs_[output];
  {
    std::scoped_lock lock(outputs_mutex_);
    if (all.columns == 0) {
      all.values.resize(static_cast<std::size_t>(columns * tile_count_));
      all.columns = columns;
    }
    if (all.columns != columns)
      throw Error(Code::OUTPUT_SHAPE, Stage::Aggregate,
                  "output \"" + output_names_[output] + "\" changes its row length between tiles");
  }
  for (std::int64_t i = run.first; i < run.end; ++i)
    std::copy_n(rows.begin() + (i - run.first) * columns, columns,
                all.values.begin() + static_cast<std::int64_t>(feed_->index_of(i)) * columns);
}

void ScoreJob::look() {
  const auto& parts = request_.stopping->parts;
  double weights = 0;
  for (const auto& part : parts) {
    check_column(request_.heads.at(part.head));
    weights += part.weight;
  }
  has_more_looks_ = rule_->look([&](std::size_t tile) {
    double sum = 0;
    for (const auto& part : parts) sum += part.weight / weights * value_of(request_.heads[part.head], tile);
    return sum;
  });
}

void ScoreJob::report(Stage stage, bool force) {
  if (!callbacks_.progress) return;
  std::scoped_lock lock(progress_mutex_);
  const auto now = Clock::now();
  if (!force && now - last_report_ < kReportEvery) return;
  last_report_ = now;
  callbacks_.progress({stage, tiles_done_, tile_count_, static_cast<double>(nanoseconds_since(start_)) / 1e6});
}

void ScoreJob::finish(std::exception_ptr failure) {
  if (!failure) {
    try {
      ScoreResult result = collect();
      feed_.reset();
      report(Stage::Aggregate, true);
      result.times = metrics_.snapshot();
      result.elapsed_ms = static_cast<double>(nanoseconds_since(start_)) / 1e6;
      callbacks_.done(std::move(result));
      return;
    } catch (...) {
      failure = std::current_exception();
    }
  }
  feed_.reset();
  callbacks_.done(failure);
}

ScoreResult ScoreJob::collect() {
  StageMetrics::Busy busy(metrics_, Stage::Aggregate);
  ScoreResult result;
  result.stored = feed_->counts();
  if (result.stored.decoded == 0)
    throw Error(Code::CORRUPT_TILE, Stage::Decode,
                "none of the " + std::to_string(result.stored.bad + result.stored.missing) +
                    " stored tiles under the tissue could be decoded");
  for (const auto& head : request_.heads) {
    check_column(head);
    result.heads.push_back({head.name, head_value(head)});
  }
  result.tile_count = end();
  if (rule_) result.stopping = {.planned_tiles = tile_count_, .interval = rule_->interval()};
  busy.count(result.tile_count, 0);
  result.tissue_fraction = prepared_.tissue_fraction;
  result.warnings = warnings();
  result.plan = feed_->take_plan();
  if (!request_.keep_tiles) {
    std::vector<tiles::PlannedTile>().swap(result.plan.tiles);
    return result;
  }
  for (std::size_t i = 0; i < outputs_.size(); ++i)
    result.outputs.push_back({output_names_[i], outputs_[i].columns, std::move(outputs_[i].values)});
  if (end() < tile_count_) keep_scored(result);
  return result;
}

double ScoreJob::value_of(const HeadRequest& head, std::size_t tile) const {
  const auto& output = outputs_[head.output];
  return output.values[tile * static_cast<std::size_t>(output.columns) + head.column];
}

// In plan order, whatever the order was in which the tiles were scored.
double ScoreJob::head_value(const HeadRequest& head) const {
  const auto& output = outputs_[head.output];
  if (end() == tile_count_)
    return aggregate::aggregate(output.values, static_cast<std::size_t>(output.columns), head.column, head.head);
  double sum = 0;  // stopped: a mean, estimated
  for (std::size_t tile = 0; tile < static_cast<std::size_t>(tile_count_); ++tile)
    if (rule_->is_scored(tile)) sum += rule_->weight(tile) * value_of(head, tile);
  return sum;
}

void ScoreJob::check_column(const HeadRequest& head) const {
  const auto& output = outputs_.at(head.output);
  if (head.column >= static_cast<std::size_t>(output.columns))
    throw Error(Code::OUTPUT_SHAPE, Stage::Aggregate,
                "head \"" + head.name + "\" wants column " + std::to_string(head.column) + " of output \"" +
                    output_names_[head.output] + "\", which has " + std::to_string(output.columns));
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
  const auto counts = feed_->counts();
  if (counts.bad > 0)
    all.push_back(std::to_string(counts.bad) + " stored tiles could not be decoded and read as white");
  if (counts.missing > 0) all.push_back(std::to_string(counts.missing) + " stored tiles are missing and read as white");
  if (counts.again > 0 && !rule_)  // with a rule the order is to blame
    all.push_back(std::to_string(counts.again) + " stored tiles were decoded again because the memory limit is small");
  if (prepared_.overview_bad_tiles > 0)
    all.push_back(std::to_string(prepared_.overview_bad_tiles) +
                  " tiles of the level that the tissue mask is made from could not be decoded and read as white");
  if (feed_->plan().policy.name == "mpp-enlarge")
    all.push_back("the slide is coarser than the model asks for; its pixels were enlarged");
  if (feed_->plan().policy.jpeg_reduction > 1)
    all.push_back("JPEG tiles were decoded at 1/" + std::to_string(feed_->plan().policy.jpeg_reduction) +
                  " of their sides, since scaled decoding was asked for");
  return all;
}

}  // namespace microtome::engine
