#include "engine/score_job.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <utility>

#include "engine/model_runner.h"
#include "engine/worker_pool.h"

namespace microtome::engine {
namespace {

constexpr auto kReportEvery = std::chrono::milliseconds(100);
constexpr std::int64_t kClaimsAtLeast = 4;  // of each worker, so that the last claims end at about the same time
// What a worker keeps of its scratch memory from one range to the next.
constexpr std::int64_t kScratchKept = 8ll << 20;

std::int64_t round_up(std::int64_t value, std::int64_t step) { return (value + step - 1) / step * step; }

std::shared_ptr<const RunSpec> spec_of(const ScoreRequest& request) {
  RunSpec spec{.format = request.format, .outputs = {}};
  for (const auto& output : request.outputs) spec.outputs.push_back(output.name);
  return std::make_shared<const RunSpec>(std::move(spec));
}

}  // namespace

ScoreJob::ScoreJob(std::shared_ptr<const slide::Slide> slide, ScoreRequest request, ScoreCallbacks callbacks,
                   std::shared_ptr<Crew> crew, Means means)
    : Job(std::move(crew)),
      slide_(std::move(slide)),
      request_(std::move(request)),
      callbacks_(std::move(callbacks)),
      means_(std::move(means)),
      local_(slide_->source().is_local()),
      spec_(spec_of(request_)),
      memory_limit_(this->crew().memory.limit()) {
  try {
    planning_ = planning_needs(*slide_, request_.grid, memory_limit_);
  } catch (...) {
    fail(std::current_exception());
  }
}

// What the pool asks for, under its mutex.

std::optional<Step> ScoreJob::next(Urgency urgency) {
  std::optional<Step> step;
  switch (urgency) {
    case Urgency::Finish:
      step = next_finish();
      break;
    case Urgency::Prepare:
      if (!is_stopped()) step = phase_ == Phase::Planned ? next_start() : next_prepare();
      break;
    case Urgency::Look:
      if (!is_stopped() && phase_ == Phase::Running && looks_ && next_ == end_ && leftovers_.empty() &&
          active_steps_ == 0 && rows_out_ == 0)
        step = Step{.urgency = urgency};
      break;
    case Urgency::Work:
      if (!is_stopped() && phase_ == Phase::Running) step = next_work();
      break;
    case Urgency::Deliver:
    case Urgency::Flush:
      break;
  }
  if (step) ++active_steps_;
  return step;
}

std::optional<Step> ScoreJob::next_finish() {
  const bool complete = phase_ == Phase::Running && next_ == end_ && leftovers_.empty() && !looks_;
  if (phase_ >= Phase::Finishing || active_steps_ > 0 || rows_out_ > 0 || !(complete || is_stopped()))
    return std::nullopt;
  counts_as_ = phase_;
  phase_ = Phase::Finishing;
  return Step{.urgency = Urgency::Finish};
}

// From here to start() a job holds memory and has none of its tiles in work yet. Any number may: one whose bytes come
// slowly keeps nobody else from planning. Should all of them wait for memory that the others hold, see next_start().
std::optional<Step> ScoreJob::next_prepare() {
  if (phase_ != Phase::Queued || (plans_alone_ && crew().planning > 0)) return std::nullopt;
  auto reserved = crew().memory.try_reserve(planning_.sum());
  if (!reserved) drop_idle_batches();
  if (!reserved) reserved = crew().memory.try_reserve(planning_.sum());
  if (!reserved && crew().running + crew().planning > 0) return std::nullopt;
  const Step step{.urgency = Urgency::Prepare, .refused = !reserved};
  if (reserved) reserved_ = std::move(*reserved);
  phase_ = Phase::Preparing;
  ++crew().planning;
  return step;
}

// The jobs that run share the batches of a device. A job with batches of its own has one of them at all times.
void ScoreJob::drop_idle_batches() { means_.batches->drop_idle(means_.queue && crew().running > 0); }

// With all that the job needs while its tiles are worked on, one batch included, so that it can always go on.
bool ScoreJob::reserve_all() {
  const std::int64_t more = needs_.sum() - needs_.batch_bytes - reserved_.bytes();
  auto reserved = crew().memory.try_reserve(std::max<std::int64_t>(more, 0));
  auto batch = reserved ? means_.batches->take(needs_.batch_bytes, crew().memory) : nullptr;
  if (!batch) return false;
  if (means_.queue)
    means_.batches->give_back(std::move(batch));
  else
    own_batch_ = std::move(batch);
  reserved_more_ = std::move(*reserved);
  if (auto cache = crew().memory.try_reserve(needs_.more_cache_bytes)) cache_reserved_ = std::move(*cache);
  return true;
}

std::optional<Step> ScoreJob::next_start() {
  bool reserved = reserve_all();
  if (!reserved) {
    drop_idle_batches();
    reserved = reserve_all();
  }
  if (!reserved && crew().running > 0) return std::nullopt;
  // Nobody runs who would give memory back: this one gives up its plan, and plans again when no other does. So the last
  // one either goes on or is refused.
  gives_up_plan_ = !reserved && crew().planning > 1;
  plans_alone_ = plans_alone_ || gives_up_plan_;
  phase_ = Phase::Starting;
  return Step{.urgency = Urgency::Prepare, .refused = !reserved && !gives_up_plan_};
}

Range ScoreJob::claim(std::int64_t most) {
  const std::int64_t left = end_ - next_;
  const std::int64_t fair = std::min(most, left / (kClaimsAtLeast * means_.threads));
  // Whole runs, more than `most` if need be: else who claims what would decide which tiles share a run.
  const std::int64_t count = std::min(left, round_up(std::max<std::int64_t>(fair, 1), run_rows_));
  const Range range{next_, next_ + count};
  next_ = range.end;
  return range;
}

std::optional<Step> ScoreJob::next_work() {
  Step step{.urgency = Urgency::Work};
  if (!leftovers_.empty()) {
    step = leftovers_.front();
    if (!take_batch(step)) return std::nullopt;
    leftovers_.pop_front();
    return step;
  }
  if (next_ == end_) return std::nullopt;
  if (!local_) {
    // First its bytes; memory for its rows is taken when they are here.
    if (waiting_steps() + static_cast<int>(leftovers_.size()) >= kClaimsAhead) return std::nullopt;
    step.range = claim(kClaimTiles);
    return step;
  }
  if (means_.queue) {
    step.range = {next_, std::min(end_, next_ + kClaimTiles)};
    if (!take_batch(step)) return std::nullopt;
    next_ = step.range.end;
    return step;
  }
  if (!take_batch(step)) return std::nullopt;
  step.range = claim(crew().calibration.settled() ? kClaimTiles : run_rows_);
  return step;
}

// Where the rows of a range go: into a batch of the job's own, or into some rows of one that is shared, which may be
// fewer than the range; what is left waits.
bool ScoreJob::take_batch(Step& step) {
  if (!means_.queue) {
    step.batch = own_batch_ ? std::move(own_batch_) : means_.batches->take(needs_.batch_bytes, crew().memory);
    own_batch_.reset();
    return step.batch != nullptr;
  }
  const auto self = std::static_pointer_cast<ScoreJob>(shared_from_this());
  const auto place = means_.queue->place(spec_, run_rows_, step.range.size(), self, step.range.first);
  if (!place) return false;
  step.batch = place->batch;
  step.first_row = place->first_row;
  rows_out_ += place->rows;
  const Range rest{step.range.first + place->rows, step.range.end};
  step.range.end = rest.first;
  if (rest.size() > 0 && local_) {
    next_ = std::min(next_, rest.first);
  } else if (rest.size() > 0) {
    Step later{.urgency = Urgency::Work, .range = rest};
    later.kept = step.kept;
    leftovers_.push_back(std::move(later));
  }
  return true;
}

bool ScoreJob::may_go_on(Step& step) { return step.urgency != Urgency::Work || take_batch(step); }

void ScoreJob::give_back_batch(Step& step) {
  if (!step.batch) return;
  if (means_.queue) return means_.queue->filled(step.batch, step.range.size());
  if (!own_batch_)
    own_batch_ = std::move(step.batch);
  else
    means_.batches->give_back(std::move(step.batch));
}

void ScoreJob::ended(Step& step, bool well) {
  --active_steps_;
  {
    std::scoped_lock lock(failure_mutex_);
    if (rows_failure_) fail(rows_failure_);
  }
  switch (step.urgency) {
    case Urgency::Prepare:
      if (phase_ == Phase::Preparing) {
        phase_ = Phase::Planned;
        reserved_.shrink(well ? needs_.plan_bytes : 0);
      } else if (gives_up_plan_) {
        phase_ = Phase::Queued;
        reserved_.release();
        --crew().planning;
      } else {
        phase_ = Phase::Running;  // also where it was refused: next_finish() ends it
        --crew().planning;
        ++crew().running;
        end_ = limit();
        looks_ = rule_.has_value();
      }
      break;
    case Urgency::Look:
      end_ = limit();
      looks_ = has_more_looks_;
      break;
    case Urgency::Work:
      give_back_batch(step);
      break;
    case Urgency::Finish:
      phase_ = Phase::Over;
      // Not before its memory is free: whoever is refused must not have been able to wait for it.
      if (counts_as_ == Phase::Planned) --crew().planning;
      if (counts_as_ == Phase::Running) --crew().running;
      reserved_.release();
      reserved_more_.release();
      cache_reserved_.release();
      if (own_batch_) means_.batches->give_back(std::move(own_batch_));
      // Whoever still holds this job holds no model. It is freed with the step, without the mutex.
      step.kept = std::make_shared<Means>(std::exchange(means_, {}));
      break;
    case Urgency::Deliver:
    case Urgency::Flush:
      break;
  }
}

Stage ScoreJob::short_of() const {
  if (phase_ != Phase::Running) return Stage::Tissue;
  return next_ < end_ ? Stage::Preprocess : Stage::Infer;
}

void ScoreJob::rows_back(Range positions) noexcept {
  rows_out_ -= positions.size();
  std::scoped_lock lock(failure_mutex_);
  if (rows_failure_) fail(rows_failure_);
}

// Steps, without the mutex.

void ScoreJob::run(Worker& worker, Step& step) {
  switch (step.urgency) {
    case Urgency::Prepare:
      if (step.refused)
        throw crew()
            .memory.refusal(phase_ == Phase::Preparing ? planning_.sum() : needs_.sum(), "this slide", Stage::Tiles)
            .with_path(slide_->source().name());
      return phase_ == Phase::Preparing ? prepare(worker) : start();
    case Urgency::Look:
      return look();
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
  report(Stage::Tissue, true);
  if (!preparation_) preparation_.emplace(*slide_, request_.grid);
  prepared_ = preparation_->run(worker.reader.decoder, metrics(), token(), planning_.plan_bytes);
  preparation_.reset();
  tile_count_ = std::ssize(prepared_.plan.tiles);
  const std::int64_t wanted = request_.reproducible ? kReproducibleRows : std::min(request_.batch_size, tile_count_);
  run_rows_ = means_.runner->rows_of_a_batch(wanted);
  pads_ = means_.runner->pads() || request_.reproducible;
  if (request_.stopping) {
    StoppingRequest stopping = *request_.stopping;
    stopping.calibration = request_.slide_outputs.front().calibration;
    rule_.emplace(stopping, prepared_.plan.tiles);
  }
  needs_ = scoring_needs(
      *slide_, prepared_.plan,
      {.rows = run_rows_,
       .row_bytes = static_cast<std::int64_t>(spec_->row_bytes()),
       .kept_bytes = kept_bytes(request_, tile_count_,
                                [this](const std::string& output) { return means_.runner->columns_of(output); })},
      memory_limit_);
}

void ScoreJob::start() {
  if (gives_up_plan_) {
    prepared_ = {};
    rule_.reset();
    return;
  }
  kept_ = std::make_unique<KeptOutputs>(request_, tile_count_, needs_.kept_bytes, crew().memory);
  source_ = std::make_unique<SlideTiles>(slide_, std::move(prepared_.plan), request_.grid.on_bad_tile,
                                         needs_.cache_bytes + cache_reserved_.bytes(), metrics(),
                                         rule_ ? rule_->rounds() : std::span<const std::uint32_t>());
  report(Stage::Decode, true);
}

void ScoreJob::work(Worker& worker, Step& step) {
  // Released at the end, also of a try that found that bytes are missing.
  const std::unique_ptr<TileReader, std::function<void(TileReader*)>> release(
      &worker.reader, [this](TileReader* reader) { source_->release(*reader); });
  source_->fetch(worker.reader, step.range);
  if (!step.batch) {
    // The bytes are here; the step comes again with room for its rows.
    step.kept = worker.reader.kept;
    throw slide::BytesPending{&slide_->source(), {}};
  }
  // A shared batch has the size that its first user gave it.
  const std::int64_t rows = means_.queue ? step.batch->rows : run_rows_;
  means_.batches->make_ready(*step.batch, static_cast<std::size_t>(rows) * spec_->row_bytes());
  if (means_.queue) {
    fill(worker, step.range, step.batch->row(step.first_row));
  } else {
    step.batch->spec = spec_;
    for (std::int64_t first = step.range.first; first < step.range.end; first += run_rows_)
      run_inline(worker, {first, std::min(first + run_rows_, step.range.end)}, *step.batch);
  }
  worker.reader.trim(kScratchKept);
}

void ScoreJob::fill(Worker& worker, Range range, std::uint8_t* rows) {
  source_->fill(worker.reader, token(), range, {rows, &spec_->format});
  worker.reader.white_tiles.clear();
}

void ScoreJob::run_inline(Worker& worker, Range run, Batch& batch) {
  batch.rows = pads_ ? run_rows_ : run.size();
  fill(worker, run, batch.row(0));
  // Padding is always the same bytes, so that it cannot make two runs differ.
  std::memset(batch.row(run.size()), 0, static_cast<std::size_t>(batch.rows - run.size()) * spec_->row_bytes());
  {
    StageMetrics::Busy busy(metrics(), Stage::Infer);
    means_.runner->submit(batch, token(), [] {});
    busy.count(run.size(), batch.rows * static_cast<std::int64_t>(spec_->row_bytes()));
  }
  if (batch.failure) std::rethrow_exception(std::exchange(batch.failure, nullptr));
  keep(run, batch.outputs, 0, batch.rows);
}

// Puts the rows of some positions where the plan has their tiles.
void ScoreJob::keep(Range positions, OutputRows& outputs, std::int64_t first_row, std::int64_t rows_in_batch) {
  std::vector<std::uint32_t> items;
  for (std::int64_t i = positions.first; i < positions.end; ++i)
    items.push_back(static_cast<std::uint32_t>(source_->index_of(i)));
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const std::size_t columns = outputs[i].size() / static_cast<std::size_t>(rows_in_batch);
    kept_->rows(i, items,
                std::span(outputs[i]).subspan(static_cast<std::size_t>(first_row) * columns, items.size() * columns));
  }
  tiles_done_.fetch_add(positions.size(), std::memory_order_relaxed);
  report(Stage::Infer, false);
}

void ScoreJob::take_rows(Range positions, OutputRows& outputs, std::int64_t first_row,
                         std::int64_t rows_in_batch) noexcept {
  try {
    if (!cancelled()) keep(positions, outputs, first_row, rows_in_batch);
  } catch (...) {
    lose_rows(positions, std::current_exception());
  }
}

void ScoreJob::lose_rows(Range /*positions*/, const std::exception_ptr& failure) noexcept {
  std::scoped_lock lock(failure_mutex_);
  if (!rows_failure_) rows_failure_ = failure;
}

void ScoreJob::look() {
  const aggregate::SlideOutput& score = request_.slide_outputs.front();
  std::vector<std::span<const double>> columns;
  for (const HeadRequest& head : request_.heads) columns.push_back(kept_->column_of(head));
  std::vector<double> values(columns.size());
  has_more_looks_ = rule_->look([&](std::size_t tile) {
    for (std::size_t i = 0; i < columns.size(); ++i) values[i] = columns[i][tile];
    return score.mean_of(values);
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

// The slide is let go of before the result is told: who hears of it may rely on the file being closed.
void ScoreJob::finish() {
  ScoreOutcome outcome = outcome_of();
  source_.reset();
  kept_.reset();
  slide_.reset();
  const auto done = std::exchange(callbacks_.done, nullptr);
  callbacks_ = {};
  done(std::move(outcome));
}

}  // namespace microtome::engine
