#include "engine/score_job.h"

#include <algorithm>
#include <utility>

#include "engine/claims.h"
#include "engine/worker_pool.h"

namespace microtome::engine {
namespace {

std::vector<EncoderMeans> means_of(const ScoreRequest& request, const std::vector<GraphMeans>& graphs) {
  std::vector<EncoderMeans> all;
  for (std::size_t i = 0; i < request.encoders.size(); ++i) {
    const EncoderRequest& encoder = request.encoders[i];
    const Runner::Traits traits = graphs[encoder.graph].runner->traits();
    RunSpec spec{.format = encoder.format, .outputs = {}, .rows = traits.rows};
    // A device's pixels are not those of the CPU, and nobody can look at them here.
    if (traits.takes_jpeg && !request.reproducible && !needs_pixels(request, encoder.input, {&i, 1}))
      spec.rows = RowKind::Coded;
    for (const auto& output : encoder.outputs) spec.outputs.push_back(output.name);
    all.push_back({.spec = std::make_shared<const RunSpec>(std::move(spec))});
  }
  return all;
}

void require_decode(const ScoreRequest& request, const std::vector<GraphMeans>& graphs) {
  const bool insists = std::any_of(
      request.encoders.begin(), request.encoders.end(),
      [&](const EncoderRequest& encoder) { return graphs[encoder.graph].runner->traits().insists_on_jpeg; });
  if (insists && request.reproducible)
    throw Error(Code::INVALID_OPTION, Stage::Options,
                "[[gpu.decode=nvjpeg]] gives other pixels than the CPU, and [[reproducible=true]] does not allow that");
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
      stages_(request_),
      encoders_(means_of(request_, means_.graphs)),
      memory_limit_(this->crew().memory.limit()) {
  try {
    require_decode(request_, means_.graphs);
    planning_ = planning_needs(*slide_, request_, memory_limit_);
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
      if (!is_stopped()) step = next_look();
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
  // Rows that are on their way have memory of this job.
  if (complete && rows_ && !rows_->is_idle() && !is_stopped()) return std::nullopt;
  if (phase_ >= Phase::Finishing || active_steps_ > 0 || rows_out_ > 0 || !(complete || is_stopped()))
    return std::nullopt;
  counts_as_ = phase_;
  phase_ = Phase::Finishing;
  return Step{.urgency = Urgency::Finish};
}

std::optional<Step> ScoreJob::next_look() {
  const bool through = next_ == end_ && leftovers_.empty() && active_steps_ == 0 && rows_out_ == 0;
  if (phase_ != Phase::Running || !looks_ || !through) return std::nullopt;
  return Step{.urgency = Urgency::Look};
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
void ScoreJob::drop_idle_batches() {
  means_.batches->drop_idle(false);
  for (const GraphMeans& graph : means_.graphs)
    if (graph.queue) graph.batches->drop_idle(crew().running > 0);
}

// With all that the job needs while its tiles are worked on, one batch included, so that it can always go on.
bool ScoreJob::reserve_all() {
  const std::int64_t more = needs_.sum() - needs_.batch_bytes - reserved_.bytes();
  auto reserved = crew().memory.try_reserve(std::max<std::int64_t>(more, 0));
  if (!reserved) return false;
  std::shared_ptr<Batch> own;
  for (const EncoderRequest& encoder : request_.encoders) {
    const GraphMeans& graph = means_.graphs[encoder.graph];
    if (!graph.queue && own) continue;
    auto batch = (graph.queue ? graph.batches : means_.batches)->take(needs_.batch_bytes, crew().memory);
    if (!batch) {
      if (own) means_.batches->give_back(std::move(own));
      return false;
    }
    if (graph.queue)
      graph.batches->give_back(std::move(batch));
    else
      own = std::move(batch);
  }
  own_batch_ = std::move(own);
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

// Whole runs, more than `most` if need be: else who claims what would decide which tiles share a run.
Range ScoreJob::claim(std::int64_t most) {
  const std::int64_t fair = std::min(most, (end_ - next_) / (kClaimsAtLeast * means_.threads));
  const Range range{next_, pass_->runs_end(next_, std::max<std::int64_t>(fair, 1), end_)};
  next_ = range.end;
  return range;
}

// For a device, of a batch of which any worker may fill some rows. Where bytes come later, as many as there is room
// for: they are asked for together.
std::int64_t ScoreJob::claim_for_queue(std::int64_t room) const {
  if (!local_) return room;
  const EncoderMeans& encoder = encoders_[lanes_[pass_->lane_at(next_)].encoders.front()];
  const std::int64_t share =
      std::min(encoder.rows / kClaimsOfBatch, (end_ - next_) / (kClaimsAtLeast * means_.threads));
  return std::min(room, std::max(share, kLeastClaim));
}

// Null: the encoders of this position run on the workers.
BatchQueue* ScoreJob::queue_at(std::int64_t position) const noexcept {
  const std::size_t encoder = lanes_[pass_->lane_at(position)].encoders.front();
  return means_.graphs[request_.encoders[encoder].graph].queue.get();
}

// How many tiles may be claimed before rows that were given away come back; 0: none.
std::int64_t ScoreJob::room_tiles() const {
  if (!rows_) return kClaimTiles;
  const std::int64_t room = rows_->room_tiles();
  // Those of a run come together. One is always possible where nothing is on the way.
  const bool fits = rows_->is_still() || room >= pass_->run_end(next_, end_) - next_;
  return fits ? std::min(std::max<std::int64_t>(room, 1), kClaimTiles) : 0;
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
  const std::int64_t room = room_tiles();
  if (room == 0) return std::nullopt;
  const bool queued = queue_at(next_) != nullptr;
  if (!local_ && waiting_steps() + static_cast<int>(leftovers_.size()) >= kClaimsAhead) return std::nullopt;
  if (queued) {
    step.range = {next_, std::min(next_ + claim_for_queue(room), pass_->run_end(next_, end_))};
    // Of a slide whose bytes come later memory for the rows is taken when they are here.
    if (local_ && !take_batch(step)) return std::nullopt;
    next_ = step.range.end;
    if (rows_) rows_->claimed(step.range.size());
    return step;
  }
  step.range = {next_, end_};
  if (local_ && !take_batch(step)) return std::nullopt;
  step.range = claim(!local_ || crew().calibration.settled() ? room : 1);
  if (rows_) rows_->claimed(step.range.size());
  return step;
}

// Where the rows of a range go: into a batch of the job's own, or into some rows of one that is shared, which may be
// fewer than the range; what is left waits.
bool ScoreJob::take_batch(Step& step) {
  BatchQueue* const queue = queue_at(step.range.first);
  if (queue == nullptr) {
    step.batch = own_batch_ ? std::move(own_batch_) : means_.batches->take(needs_.batch_bytes, crew().memory);
    own_batch_.reset();
    return step.batch != nullptr;
  }
  const auto self = std::static_pointer_cast<ScoreJob>(shared_from_this());
  const EncoderMeans& encoder = encoders_[lanes_[pass_->lane_at(step.range.first)].encoders.front()];
  const auto place = queue->place(encoder.spec, encoder.rows, step.range.size(), self, step.range.first);
  if (!place) return false;
  step.batch = place->batch;
  step.first_row = place->first_row;
  rows_out_ += place->rows;
  const Range rest{step.range.first + place->rows, step.range.end};
  step.range.end = rest.first;
  if (rest.size() > 0 && !local_) {
    Step later{.urgency = Urgency::Work, .range = rest};
    later.kept = step.kept;
    leftovers_.push_back(std::move(later));
  }
  return true;
}

bool ScoreJob::may_go_on(Step& step) { return step.urgency != Urgency::Work || take_batch(step); }

void ScoreJob::give_back_batch(Step& step) {
  if (!step.batch) return;
  if (BatchQueue* const queue = queue_at(step.range.first)) return queue->filled(step.batch, step.range.size());
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
      ended_prepare(well);
      break;
    case Urgency::Look:
      if (well) begin_stage();
      break;
    case Urgency::Work:
      if (rows_ && queue_at(step.range.first) == nullptr) rows_->claim_ended(step.range.size());
      give_back_batch(step);
      break;
    case Urgency::Finish:
      let_go(step);
      break;
    case Urgency::Deliver:
    case Urgency::Flush:
      break;
  }
}

// Of the tiles that the stopping rule names next, or of the tiles that selection has left.
void ScoreJob::begin_stage() {
  if (!rule_) next_ = 0;
  end_ = limit();
  looks_ = rule_ ? has_more_looks_ : !is_last_stage();
}

void ScoreJob::ended_prepare(bool well) {
  if (phase_ == Phase::Preparing) {
    phase_ = Phase::Planned;
    reserved_.shrink(well ? needs_.plan_bytes + needs_.image_bytes : 0);
  } else if (gives_up_plan_) {
    phase_ = Phase::Queued;
    reserved_.release();
    --crew().planning;
  } else {
    phase_ = Phase::Running;  // also where it was refused: next_finish() ends it
    --crew().planning;
    ++crew().running;
    if (!pass_) return;
    has_more_looks_ = rule_.has_value();
    begin_stage();
  }
}

void ScoreJob::let_go(Step& step) {
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
}

Stage ScoreJob::short_of() const {
  if (phase_ != Phase::Running) return Stage::Tissue;
  return next_ < end_ ? Stage::Preprocess : Stage::Infer;
}

void ScoreJob::rows_back(Range positions) noexcept {
  rows_out_ -= positions.size();
  if (rows_) rows_->claim_ended(positions.size());
  std::scoped_lock lock(failure_mutex_);
  if (rows_failure_) fail(rows_failure_);
}

}  // namespace microtome::engine
