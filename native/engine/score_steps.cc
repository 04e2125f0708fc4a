// What a worker does for a slide that is scored, without the pool's mutex.
#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include "aggregate/select.h"
#include "core/image.h"
#include "engine/model_runner.h"
#include "engine/score_job.h"
#include "engine/worker_pool.h"

namespace microtome::engine {
namespace {

constexpr auto kReportEvery = std::chrono::milliseconds(100);
// What a worker keeps of its scratch memory from one range to the next.
constexpr std::int64_t kScratchKept = 8ll << 20;

// The plan with some of its tiles.
tiles::TilePlan part_of(const tiles::TilePlan& plan, const Bag& bag) {
  if (bag.is_whole()) return plan;
  tiles::TilePlan part = plan;
  part.tiles.clear();
  for (std::int64_t i = 0; i < bag.size(); ++i) part.tiles.push_back(plan.tiles[bag.tile(i)]);
  return part;
}

RowPlan row_plan(const tiles::TilePlan& plan, const Bag& bag) {
  RowPlan rows{.tiles = bag.size()};
  rows.x.reserve(static_cast<std::size_t>(bag.size()));
  rows.y.reserve(static_cast<std::size_t>(bag.size()));
  for (std::int64_t i = 0; i < bag.size(); ++i) {
    const tiles::PlannedTile& tile = plan.tiles[bag.tile(i)];
    rows.x.push_back(static_cast<double>(tile.x * plan.stored.reduction));
    rows.y.push_back(static_cast<double>(tile.y * plan.stored.reduction));
  }
  return rows;
}

}  // namespace

void ScoreJob::run(Worker& worker, Step& step) {
  switch (step.urgency) {
    case Urgency::Prepare:
      if (step.refused)
        throw crew()
            .memory.refusal(phase_ == Phase::Preparing ? planning_.sum() : needs_.sum(), "this slide", Stage::Tiles)
            .with_path(slide_->source().name());
      return phase_ == Phase::Preparing ? prepare(worker) : start();
    case Urgency::Look:
      return rule_ ? look_at_score() : next_stage();
    case Urgency::Work:
      return work(worker, step);
    case Urgency::Finish:
      return finish();
    case Urgency::Deliver:
    case Urgency::Flush:
      break;
  }
}

void ScoreJob::prepare(Worker& worker) {
  if (!is_planned_) {
    report(Stage::Tissue, true);
    if (!preparation_) preparation_.emplace(*slide_, request_.tiles);
    prepared_ = preparation_->run(worker.reader.decoder, metrics(), token(), planning_.plan_bytes);
    preparation_.reset();
    is_planned_ = true;
  }
  read_images(worker);
  find_colours(worker);
  for (std::size_t i = 0; i < encoders_.size(); ++i) {
    const EncoderRequest& encoder = request_.encoders[i];
    const Runner& runner = *means_.graphs[encoder.graph].runner;
    const std::int64_t tiles = std::ssize(prepared_.plans[encoder.input].tiles);
    encoders_[i].rows =
        runner.rows_of_a_batch(request_.reproducible ? kReproducibleRows : std::min(request_.batch_size, tiles),
                               encoders_[i].spec->row_bytes());
    encoders_[i].pads = runner.pads() || request_.reproducible;
  }
  if (request_.stopping) {
    StoppingRequest stopping = *request_.stopping;
    stopping.calibration = request_.slide_outputs.front().calibration;
    rule_.emplace(stopping, prepared_.plans.front().tiles);
  }
  const RunShape shape = run_shape(
      *slide_, request_, stages_, prepared_.plans,
      {.rows_of = [this](std::size_t encoder) { return encoders_[encoder].rows; },
       .columns_of =
           [this](std::size_t encoder, const std::string& output) {
             return means_.graphs[request_.encoders[encoder].graph].runner->columns_of(output);
           },
       .row_bytes_of =
           [this](std::size_t encoder) { return static_cast<std::int64_t>(encoders_[encoder].spec->row_bytes()); },
       .token_columns_of =
           [this](std::size_t encoder, const std::string& output) {
             return means_.graphs[request_.encoders[encoder].graph].runner->token_columns_of(output);
           }});
  needs_ = scoring_needs(*slide_, shape, memory_limit_);
  row_needs_ = shape.rows;
}

// Where bytes come later it is called again, and goes on with the image that it was at.
void ScoreJob::read_images(Worker& worker) {
  while (images_.size() < request_.images.size()) {
    StageMetrics::Busy busy(metrics(), Stage::Decode);
    if (!image_reader_) image_reader_.emplace(*slide_, request_.images[images_.size()]);
    images_.push_back(image_reader_->read(worker.reader.decoder, &token()));
    image_reader_.reset();
  }
}

void ScoreJob::find_colours(Worker& worker) {
  if (request_.colour.is_nothing() || (colour_ && !stain_sampling_)) return;
  if (!colour_) {
    colour_.emplace(*slide_, request_.colour);
    if (request_.colour.stain)
      stain_sampling_ = std::make_unique<StainSampling>(slide_, prepared_.plans.front(), request_.colour,
                                                        request_.tiles.front().on_bad_tile, metrics());
  }
  if (!stain_sampling_) return;
  const std::vector<std::uint8_t> sample = stain_sampling_->run(worker.reader, *colour_, token());
  colour_->set_stain(sample, *request_.colour.stain);
  stain_sampling_.reset();
}

void ScoreJob::forget_plan() {
  prepared_ = {};
  is_planned_ = false;
  images_.clear();
  colour_.reset();
  rule_.reset();
}

void ScoreJob::start() {
  if (gives_up_plan_) return forget_plan();
  tile_columns_.resize(request_.tiles.size());
  kept_.resize(encoders_.size());
  left_.resize(request_.tiles.size());
  quality_.resize(request_.tiles.size());
  bags_.emplace_back();
  for (const tiles::TilePlan& plan : prepared_.plans) bags_.front().emplace_back(std::ssize(plan.tiles));
  for (const SelectRule& rule : request_.select)
    if (rule.kind == SelectRule::Kind::Quality) quality_[rule.input].resize(prepared_.plans[rule.input].tiles.size());
  if (!request_.rows.empty())
    rows_ = std::make_shared<RowStream>(request_, row_needs_, needs_.row_window_bytes, callbacks_.rows, crew_pointer(),
                                        pool_pointer());
  begin_pass();
  report(Stage::Decode, true);
}

// Before the pass takes the plans. Of the encoders of the stage.
void ScoreJob::tell_row_plans() const {
  for (std::size_t row = 0; row < request_.rows.size(); ++row) {
    const std::size_t encoder = request_.rows[row].encoder;
    if (stages_.stage_of[encoder] != stage_) continue;
    const std::size_t input = request_.encoders[encoder].input;
    rows_->plan(row, row_plan(prepared_.plans[input], bags_[stage_][input]));
  }
}

// The pass of the stage, over the tiles that are left for it.
void ScoreJob::begin_pass() {
  const auto& encoders = stages_.stages[stage_].encoders;
  std::vector<bool> queued;
  for (const EncoderRequest& encoder : request_.encoders)
    queued.push_back(means_.graphs[encoder.graph].queue != nullptr);
  lanes_ = lanes_of(request_, encoders, encoders_, queued);
  const auto columns_of = [this](std::size_t encoder, const std::string& output) {
    return means_.graphs[request_.encoders[encoder].graph].runner->columns_of(output);
  };
  for (const std::size_t encoder : encoders) {
    const std::int64_t items = bags_[stage_][request_.encoders[encoder].input].size();
    const std::int64_t reserved =
        kept_bytes(request_, encoder, items, [&](const std::string& output) { return columns_of(encoder, output); });
    kept_[encoder] = std::make_unique<KeptOutputs>(request_.encoders[encoder], uses_of(request_, encoder), items,
                                                   reserved, crew().memory);
  }
  tell_row_plans();
  std::vector<PassLane> lanes;
  batch_bytes_ = 0;
  for (auto lane = lanes_.begin(); lane != lanes_.end(); ++lane) {
    tiles::TilePlan& plan = prepared_.plans[lane->input];
    const Bag& bag = bags_[stage_][lane->input];
    const bool is_wanted =
        std::any_of(std::next(lane), lanes_.end(), [&](const Lane& later) { return later.input == lane->input; });
    // A whole plan is lent to the pass, not copied; end_pass() brings it back.
    lanes.push_back({lane->input, bag.is_whole() && !is_wanted ? std::move(plan) : part_of(plan, bag), lane->rows});
    for (const std::size_t encoder : lane->encoders)
      batch_bytes_ =
          std::max(batch_bytes_, static_cast<std::size_t>(lane->rows) * encoders_[encoder].spec->row_bytes());
  }
  const auto on_bad_tile = request_.tiles.empty() ? decode::BadTilePolicy::Error : request_.tiles.front().on_bad_tile;
  pass_ =
      std::make_unique<TilePass>(slide_, std::move(lanes), on_bad_tile, needs_.cache_bytes + cache_reserved_.bytes(),
                                 metrics(), rule_ ? rule_->rounds() : std::span<const std::uint32_t>());
  const std::scoped_lock lock(progress_mutex_);
  tiles_total_ += pass_->size();
}

void ScoreJob::work(Worker& worker, Step& step) {
  // Released at the end, also of a try that found that bytes are missing.
  const std::unique_ptr<TileReader, std::function<void(TileReader*)>> release(
      &worker.reader, [this](TileReader* reader) { pass_->release(*reader); });
  pass_->fetch(worker.reader, step.range);
  if (!step.batch) {
    // The bytes are here; the step comes again with room for its rows.
    step.kept = worker.reader.kept;
    throw slide::BytesPending{&slide_->source(), {}};
  }
  const Lane& first = lanes_[pass_->lane_at(step.range.first)];
  const GraphMeans& graph = means_.graphs[request_.encoders[first.encoders.front()].graph];
  if (graph.queue) {
    // A shared batch has the size that its first user gave it.
    graph.batches->make_ready(*step.batch, static_cast<std::size_t>(step.batch->rows) * step.batch->spec->row_bytes());
    fill(worker, step.range, first, step.batch->row(step.first_row));
  } else {
    means_.batches->make_ready(*step.batch, batch_bytes_);
    for (Range run{step.range.first, 0}; run.first < step.range.end; run.first = run.end) {
      run.end = pass_->run_end(run.first, step.range.end);
      run_inline(worker, run, *step.batch);
    }
  }
  worker.reader.trim(kScratchKept);
}

// Room for the pixels of a run in the reader.
std::uint8_t* ScoreJob::pixel_room(Worker& worker, Range run, const Lane& lane) const {
  LargeBytes& pixels = worker.reader.pixels;
  const std::size_t bytes = static_cast<std::size_t>(run.size()) * rgb_bytes(request_.tiles[lane.input].grid.size_px);
  pixels.resize(std::max(pixels.size(), bytes));
  return pixels.data();
}

// Decodes a run to pixels, and looks at them.
void ScoreJob::read_pixels(Worker& worker, Range run, const Lane& lane, std::uint8_t* pixels) {
  const std::int64_t side = request_.tiles[lane.input].grid.size_px;
  pass_->fill(worker.reader, token(), run, {pixels, nullptr});
  worker.reader.white_tiles.clear();
  auto& quality = quality_[lane.input];
  // Once, of the pixels as they are: encoders whose runs have other lengths have other lanes of the same tiles.
  const auto first_lane =
      std::find_if(lanes_.begin(), lanes_.end(), [&](const Lane& other) { return other.input == lane.input; });
  const bool measures = !quality.empty() && stage_ == 0 && &*first_lane == &lane;
  if (!measures && !colour_) return;
  StageMetrics::Busy busy(metrics(), Stage::Preprocess);
  for (std::int64_t i = 0; i < run.size(); ++i) {
    const RgbView tile{pixels + static_cast<std::size_t>(i) * rgb_bytes(side), side, side, 3 * side};
    if (measures) quality[pass_->item_at(run.first + i)] = preprocess::measure_quality(tile, worker.reader.quality);
    if (colour_) colour_->apply(tile);
  }
}

void ScoreJob::to_tensors(Worker& worker, std::int64_t count, const preprocess::TensorFormat& format,
                          std::uint8_t* rows) {
  StageMetrics::Busy busy(metrics(), Stage::Preprocess);
  const std::int64_t side = format.size_px;
  const std::uint8_t* pixels = worker.reader.pixels.data();
  for (std::int64_t i = 0; i < count; ++i, pixels += rgb_bytes(side), rows += format.bytes_per_tile())
    preprocess::to_tensor({pixels, side, side, 3 * side}, format, rows);
}

// The rows of the one encoder of a lane.
void ScoreJob::fill(Worker& worker, Range range, const Lane& lane, std::uint8_t* rows) {
  const RunSpec& spec = *encoders_[lane.encoders.front()].spec;
  if (spec.rows == RowKind::Pixels) return read_pixels(worker, range, lane, rows);
  if (spec.rows == RowKind::Coded) {
    const CodedRows layout(spec.format.size_px);
    const bool may_be_jpeg = means_.graphs[request_.encoders[lane.encoders.front()].graph].runner->wants_jpeg();
    pass_->fill(worker.reader, token(), range, {rows, nullptr, &layout, may_be_jpeg});
    return worker.reader.white_tiles.clear();
  }
  const preprocess::TensorFormat& format = spec.format;
  if (lane.as_pixels) {
    read_pixels(worker, range, lane, pixel_room(worker, range, lane));
    return to_tensors(worker, range.size(), format, rows);
  }
  pass_->fill(worker.reader, token(), range, {rows, &format});
  worker.reader.white_tiles.clear();
}

// The encoders of a lane one after another. Where they take their tiles alike, all see the same rows.
void ScoreJob::run_inline(Worker& worker, Range run, Batch& batch) {
  const Lane& lane = lanes_[pass_->lane_at(run.first)];
  if (lane.as_pixels) read_pixels(worker, run, lane, pixel_room(worker, run, lane));
  for (const std::size_t encoder : lane.encoders) {
    const EncoderMeans& means = encoders_[encoder];
    batch.spec = means.spec;
    batch.rows = means.pads ? lane.rows : run.size();
    if (request_.encoders[encoder].is_turned())
      encode_turned(worker, run, encoder, batch);
    else
      encode(worker, run, lane, encoder, batch);
    keep(encoder, run, batch.outputs, 0, batch.rows);
  }
  tiles_done_.fetch_add(run.size(), std::memory_order_relaxed);
  report(Stage::Infer, false);
}

void ScoreJob::encode(Worker& worker, Range run, const Lane& lane, std::size_t encoder, Batch& batch) {
  if (lane.as_pixels)
    to_tensors(worker, run.size(), batch.spec->format, batch.row(0));
  else if (encoder == lane.encoders.front())
    fill(worker, run, lane, batch.row(0));
  infer(encoder, run.size(), batch);
}

// Leaves the mean over the turns in the batch. They are summed in their order, so that the bits are always the same.
void ScoreJob::encode_turned(Worker& worker, Range run, std::size_t encoder, Batch& batch) {
  const auto& turns = request_.encoders[encoder].turns;
  const preprocess::TensorFormat& format = batch.spec->format;
  OutputRows sums;
  for (const preprocess::Turn turn : turns) {
    to_tensors(worker, run.size(), format, batch.row(0));
    for (std::int64_t i = 0; i < run.size(); ++i)
      preprocess::turn_row_in_place(batch.row(i), format.size_px, format.size_px, format, turn);
    infer(encoder, run.size(), batch);
    activate(encoder, batch.outputs, 0, run.size(), batch.rows);
    if (sums.empty()) {
      sums = std::move(batch.outputs);
      continue;
    }
    for (std::size_t output = 0; output < sums.size(); ++output)
      std::transform(sums[output].begin(), sums[output].end(), batch.outputs[output].begin(), sums[output].begin(),
                     std::plus<>());
  }
  for (auto& values : sums)
    for (double& value : values) value /= static_cast<double>(turns.size());
  batch.outputs = std::move(sums);
}

void ScoreJob::infer(std::size_t encoder, std::int64_t rows, Batch& batch) {
  // Padding is always the same bytes, so that it cannot make two runs differ.
  std::memset(batch.row(rows), 0, static_cast<std::size_t>(batch.rows - rows) * batch.spec->row_bytes());
  {
    StageMetrics::Busy busy(metrics(), Stage::Infer);
    means_.graphs[request_.encoders[encoder].graph].runner->submit(batch, token(), [] {});
    busy.count(rows, batch.rows * static_cast<std::int64_t>(batch.spec->row_bytes()));
  }
  if (batch.failure) std::rethrow_exception(std::exchange(batch.failure, nullptr));
}

void ScoreJob::look_at_score() {
  const aggregate::SlideOutput& score = request_.slide_outputs.front();
  std::vector<std::span<const double>> columns;
  for (const HeadRequest& head : request_.heads) {
    const TileValue& of = head.simple()->of;  // there is no other kind with a rule
    columns.push_back(kept_.front()->column(of.output, of.column, "head \"" + head.name + "\""));
  }
  std::vector<double> values(columns.size());
  has_more_looks_ = rule_->look([&](std::size_t tile) {
    for (std::size_t i = 0; i < columns.size(); ++i) values[i] = columns[i][tile];
    return score.mean_of(values);
  });
}

void ScoreJob::next_stage() {
  end_pass();
  select();
  ++stage_;
  begin_pass();
}

// What the rules of the stage leave is what the next one gets.
void ScoreJob::select() {
  std::vector<Bag> left = bags_[stage_];
  for (const std::size_t index : stages_.stages[stage_].rules) {
    const SelectRule& rule = request_.select[index];
    Bag& bag = left[rule.input];
    bag = bag.part(kept_places(rule, bag));
    left_[rule.input].push_back(bag.size());
    if (bag.size() == 0)
      throw Error(Code::NO_TISSUE, Stage::Tiles,
                  "rule " + std::to_string(index + 1) + " of the model's selection leaves none of the " +
                      std::to_string(bags_[stage_][rule.input].size()) + " tiles",
                  "look at the slide: its tiles may be out of focus or blank; or leave it out");
  }
  bags_.push_back(std::move(left));
}

std::vector<std::size_t> ScoreJob::kept_places(const SelectRule& rule, const Bag& bag) const {
  LargeDoubles room;
  std::span<const double> values;
  if (rule.kind == SelectRule::Kind::Quality) {
    for (std::int64_t i = 0; i < bag.size(); ++i) room.push_back(quality_[rule.input][bag.tile(i)].*rule.measure);
    values = room;
  } else {
    const auto& [encoder, output, column] = rule.by;
    values = gathered(kept_[encoder]->column(output, column, "a rule of selection"), 1,
                      bag.places_in(bags_[stages_.stage_of[encoder]][rule.input]), room);
  }
  switch (rule.kind) {
    case SelectRule::Kind::Highest:
      return aggregate::keep_highest(values, rule.count);
    case SelectRule::Kind::Threshold:
      return aggregate::keep_threshold(values, rule.thresholds).positions;
    case SelectRule::Kind::Filter:
    case SelectRule::Kind::Quality:
      break;
  }
  return aggregate::keep_between(values, rule.min, rule.max);
}

void ScoreJob::end_pass() {
  counts_ += pass_->counts();
  for (std::size_t lane = 0; lane < pass_->lanes(); ++lane) {
    tiles::TilePlan& plan = prepared_.plans[pass_->input_of(lane)];
    if (plan.tiles.empty()) plan = pass_->take_plan(lane);
  }
  pass_.reset();
}

void ScoreJob::report(Stage stage, bool force) {
  if (!callbacks_.progress) return;
  std::scoped_lock lock(progress_mutex_);
  const auto now = Clock::now();
  if (!force && now - last_report_ < kReportEvery) return;
  last_report_ = now;
  callbacks_.progress({stage, tiles_done_, tiles_total_, static_cast<double>(nanoseconds_since(start_)) / 1e6});
}

// The slide is let go of before the result is told: who hears of it may rely on the file being closed.
void ScoreJob::finish() {
  ScoreOutcome outcome = outcome_of();
  pass_.reset();
  kept_.clear();
  images_.clear();
  if (rows_) rows_->end();
  quality_.clear();
  slide_.reset();
  const auto done = std::exchange(callbacks_.done, nullptr);
  callbacks_ = {};
  done(std::move(outcome));
}

}  // namespace microtome::engine
