#include "engine/image_job.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <utility>

#include "engine/claims.h"
#include "engine/model_runner.h"
#include "engine/needs.h"
#include "engine/worker_pool.h"

namespace microtome::engine {
namespace {

std::exception_ptr no_longer_wanted() {
  return std::make_exception_ptr(Error(Code::CANCELLED, Stage::Infer, "the images are no longer wanted"));
}

}  // namespace

ImageJob::ImageJob(ImageRequest request, ImagesDone done, std::shared_ptr<Crew> crew, Means means)
    : Job(std::move(crew)),
      request_(std::move(request)),
      done_(std::move(done)),
      means_(std::move(means)),
      size_(size_of(request_.images)) {
  const Runner& runner = *means_.graph.runner;
  // Pixels where the device makes tensors of them; never JPEG: an image is resized after it was decoded.
  const Runner::Traits traits = runner.traits();
  RunSpec spec{.format = request_.encoder.format, .outputs = {}, .rows = traits.rows};
  for (const OutputRequest& output : request_.encoder.outputs) spec.outputs.push_back(output.name);
  spec_ = std::make_shared<const RunSpec>(std::move(spec));
  const std::int64_t wanted = std::min(request_.batch_size, std::max<std::int64_t>(size_, 1));
  rows_ = runner.rows_of_a_batch(request_.reproducible ? kReproducibleRows : wanted, spec_->row_bytes());
  pads_ = runner.pads() || request_.reproducible;
  const auto values = static_cast<std::int64_t>(request_.outputs.size() * 2 * sizeof(double));
  kept_bytes_ = size_ * (values + static_cast<std::int64_t>(2 * sizeof(double) + sizeof(std::exception_ptr) + 1));
  kept_bytes_ += bytes_in_memory(request_.images);
  if (request_.keep_rows)
    for (const std::string& output : spec_->outputs)
      kept_bytes_ += size_ * runner.columns_of(output) * static_cast<std::int64_t>(sizeof(double));
  batch_bytes_ = rows_ * static_cast<std::int64_t>(spec_->row_bytes());
  // Workers that fill a shared batch count with the job, as far as a quarter of the limit goes.
  if (means_.graph.queue)
    kept_bytes_ += std::min(means_.threads * kWorkerBytes, this->crew().memory.limit() / 4);
  else
    batch_bytes_ += kWorkerBytes;
}

// What the pool asks for, under its mutex.

std::optional<Step> ImageJob::next(Urgency urgency) {
  std::optional<Step> step;
  if (urgency == Urgency::Finish) step = next_finish();
  if (urgency == Urgency::Prepare && !is_stopped()) step = next_prepare();
  if (urgency == Urgency::Work && !is_stopped() && phase_ == Phase::Running) step = next_work();
  if (step) ++active_steps_;
  return step;
}

std::optional<Step> ImageJob::next_finish() {
  const bool complete = phase_ == Phase::Running && next_ == size_;
  if (phase_ >= Phase::Finishing || active_steps_ > 0 || rows_out_ > 0 || !(complete || is_stopped()))
    return std::nullopt;
  counts_as_ = phase_;
  phase_ = Phase::Finishing;
  return Step{.urgency = Urgency::Finish};
}

// With all that it needs, one batch included, so that it can always go on.
bool ImageJob::reserve_all() {
  auto reserved = crew().memory.try_reserve(kept_bytes_);
  if (!reserved) return false;
  BatchPool& pool = means_.graph.queue ? *means_.graph.batches : *means_.batches;
  auto batch = pool.take(batch_bytes_, crew().memory);
  if (!batch) return false;
  if (means_.graph.queue)
    pool.give_back(std::move(batch));
  else
    own_batch_ = std::move(batch);
  reserved_ = std::move(*reserved);
  return true;
}

std::optional<Step> ImageJob::next_prepare() {
  if (phase_ != Phase::Queued) return std::nullopt;
  bool has_memory = reserve_all();
  if (!has_memory) {
    means_.batches->drop_idle(false);
    if (means_.graph.queue) means_.graph.batches->drop_idle(crew().running > 0);
    has_memory = reserve_all();
  }
  if (!has_memory && crew().running + crew().planning > 0) return std::nullopt;
  phase_ = Phase::Preparing;
  ++crew().planning;
  return Step{.urgency = Urgency::Prepare, .refused = !has_memory};
}

// Whole runs of an inline runner, whoever claims them; of a device's batch any part.
std::int64_t ImageJob::claim_size() {
  const std::int64_t left = size_ - next_;
  const std::int64_t share = left / (kClaimsAtLeast * means_.threads);
  if (means_.graph.queue) return std::min(left, std::max(std::min(rows_ / kClaimsOfBatch, share), kLeastClaim));
  const std::int64_t most = crew().calibration.settled() ? std::min(kClaimTiles, share) : 1;
  const std::int64_t runs = (std::max<std::int64_t>(most, 1) + rows_ - 1) / rows_;
  return std::min(left, runs * rows_);
}

std::optional<Step> ImageJob::next_work() {
  if (next_ == size_) return std::nullopt;
  Step step{.urgency = Urgency::Work, .range = {next_, next_ + claim_size()}};
  if (!take_batch(step)) return std::nullopt;
  next_ = step.range.end;
  return step;
}

// Of a shared batch it may be fewer rows than were asked for.
bool ImageJob::take_batch(Step& step) {
  if (!means_.graph.queue) {
    step.batch = own_batch_ ? std::move(own_batch_) : means_.batches->take(batch_bytes_, crew().memory);
    own_batch_.reset();
    return step.batch != nullptr;
  }
  const auto self = std::static_pointer_cast<ImageJob>(shared_from_this());
  const auto place = means_.graph.queue->place(spec_, rows_, step.range.size(), self, step.range.first);
  if (!place) return false;
  step.batch = place->batch;
  step.first_row = place->first_row;
  step.range.end = step.range.first + place->rows;
  rows_out_ += place->rows;
  return true;
}

void ImageJob::give_back_batch(Step& step) {
  if (!step.batch) return;
  if (means_.graph.queue) return means_.graph.queue->filled(step.batch, step.range.size());
  if (!own_batch_)
    own_batch_ = std::move(step.batch);
  else
    means_.batches->give_back(std::move(step.batch));
}

void ImageJob::ended(Step& step, bool /*well*/) {
  --active_steps_;
  {
    std::scoped_lock lock(failure_mutex_);
    if (rows_failure_) fail(rows_failure_);
  }
  if (step.urgency == Urgency::Prepare) {
    phase_ = Phase::Running;  // also where it failed: next_finish() ends it
    --crew().planning;
    ++crew().running;
  }
  if (step.urgency == Urgency::Work) give_back_batch(step);
  if (step.urgency == Urgency::Finish) let_go(step);
}

void ImageJob::let_go(Step& step) {
  phase_ = Phase::Over;
  if (counts_as_ == Phase::Running) --crew().running;
  reserved_.release();
  if (own_batch_) means_.batches->give_back(std::move(own_batch_));
  // Whoever still holds this job holds no model. It is freed with the step, without the mutex.
  step.kept = std::make_shared<Means>(std::exchange(means_, {}));
}

Stage ImageJob::short_of() const {
  if (phase_ != Phase::Running) return Stage::Decode;
  return next_ < size_ ? Stage::Preprocess : Stage::Infer;
}

void ImageJob::rows_back(Range positions) noexcept {
  rows_out_ -= positions.size();
  std::scoped_lock lock(failure_mutex_);
  if (rows_failure_) fail(rows_failure_);
}

// What workers do, without the mutex.

void ImageJob::run(Worker& worker, Step& step) {
  if (step.urgency == Urgency::Prepare && step.refused)
    throw crew().memory.refusal(kept_bytes_ + batch_bytes_, "a batch of images", Stage::Decode);
  if (step.urgency == Urgency::Prepare) return prepare();
  if (step.urgency == Urgency::Work) return work(worker, step);
  finish();
}

void ImageJob::prepare() {
  source_ = std::make_unique<ImageSource>(request_.images, request_.resize, request_.encoder.format.size_px,
                                          means_.room, metrics(), request_.most_pixels);
  const auto count = static_cast<std::size_t>(size_);
  const double none = std::numeric_limits<double>::quiet_NaN();
  for (const aggregate::SlideOutput& output : request_.outputs)
    outputs_.push_back({output.name, LargeDoubles(count, none), LargeDoubles(count, none)});
}

void ImageJob::work(Worker& worker, const Step& step) {
  const std::unique_ptr<TileReader, std::function<void(TileReader*)>> release(
      &worker.reader, [this](TileReader* reader) { source_->release(*reader); });
  source_->fetch(worker.reader, step.range);
  Batch& batch = *step.batch;
  if (means_.graph.queue) {
    // A shared batch has the size that its first user gave it.
    means_.graph.batches->make_ready(batch, static_cast<std::size_t>(batch.rows) * batch.spec->row_bytes());
    return fill(worker, step.range, batch.row(step.first_row));
  }
  means_.batches->make_ready(batch, static_cast<std::size_t>(rows_) * spec_->row_bytes());
  for (Range run{step.range.first, 0}; run.first < step.range.end; run.first = run.end) {
    run.end = std::min(run.first + rows_, step.range.end);
    run_inline(worker, run, batch);
  }
}

void ImageJob::fill(Worker& worker, Range range, std::uint8_t* rows) {
  const bool is_tensor = spec_->rows == RowKind::Tensor;
  source_->fill(worker.reader, token(), range, {rows, is_tensor ? &spec_->format : nullptr});
}

void ImageJob::run_inline(Worker& worker, Range run, Batch& batch) {
  batch.spec = spec_;
  batch.rows = pads_ ? rows_ : run.size();
  fill(worker, run, batch.row(0));
  bool has_any = false;
  for (std::int64_t i = run.first; i < run.end; ++i) has_any = has_any || !source_->has_failed(i);
  if (!has_any) return;
  // Padding is always the same bytes, so that it cannot make two runs differ.
  std::memset(batch.row(run.size()), 0, static_cast<std::size_t>(batch.rows - run.size()) * spec_->row_bytes());
  {
    StageMetrics::Busy busy(metrics(), Stage::Infer);
    means_.graph.runner->submit(batch, token(), [] {});
    busy.count(run.size(), batch.rows * static_cast<std::int64_t>(spec_->row_bytes()));
  }
  if (batch.failure) std::rethrow_exception(std::exchange(batch.failure, nullptr));
  keep(run, batch.outputs, 0, batch.rows);
}

void ImageJob::keep(Range positions, OutputRows& outputs, std::int64_t first_row, std::int64_t rows_in_batch) {
  std::vector<std::size_t> columns;
  for (const auto& values : outputs) columns.push_back(values.size() / static_cast<std::size_t>(rows_in_batch));
  for (const ImageHead& head : request_.heads)
    if (head.column >= columns.at(head.output))
      throw Error(Code::OUTPUT_SHAPE, Stage::Infer,
                  "the model reads column " + std::to_string(head.column) + " of its output \"" +
                      request_.encoder.outputs[head.output].name + "\", which has " +
                      std::to_string(columns[head.output]));
  if (request_.keep_rows) make_rows(columns);
  std::vector<std::span<double>> row(outputs.size());
  for (std::int64_t i = 0; i < positions.size(); ++i) {
    const std::int64_t position = positions.first + i;
    if (source_->has_failed(position)) continue;
    for (std::size_t o = 0; o < outputs.size(); ++o)
      row[o] = std::span(outputs[o]).subspan(static_cast<std::size_t>(first_row + i) * columns[o], columns[o]);
    try {
      keep_one(position, row);
    } catch (const Error& error) {
      // A model's fault shows at every image; at one of them alone it may be the image's.
      source_->fail(position, error);
    }
  }
}

// The first rows say how long they are; a graph need not.
void ImageJob::make_rows(const std::vector<std::size_t>& columns) {
  constexpr auto kNone = std::numeric_limits<double>::quiet_NaN();
  std::scoped_lock lock(rows_mutex_);
  const bool is_first = kept_rows_.empty();
  for (std::size_t o = 0; o < columns.size(); ++o) {
    const auto count = static_cast<std::int64_t>(columns[o]);
    const std::string& name = request_.encoder.outputs[o].name;
    if (is_first)
      kept_rows_.push_back({name, count, LargeDoubles(static_cast<std::size_t>(size_) * columns[o], kNone)});
    else if (kept_rows_[o].columns != count)
      throw Error(Code::OUTPUT_SHAPE, Stage::Infer,
                  "the output \"" + name + "\" has " + std::to_string(kept_rows_[o].columns) +
                      " values for one row and " + std::to_string(count) + " for another");
  }
}

// An image is one tile: each head is that of a single value.
void ImageJob::keep_one(std::int64_t position, const std::vector<std::span<double>>& row) {
  for (std::size_t o = 0; o < row.size(); ++o) {
    const OutputRequest& asked = request_.encoder.outputs[o];
    if (!std::all_of(row[o].begin(), row[o].end(), [](double value) { return std::isfinite(value); }))
      throw Error(Code::OUTPUT_NOT_FINITE, Stage::Infer,
                  "the output \"" + asked.name + "\" has a value for the image that is no finite number");
    aggregate::activate(row[o], row[o].size(), asked.activation);
  }
  for (std::size_t o = 0; o < kept_rows_.size(); ++o)
    std::copy(row[o].begin(), row[o].end(),
              kept_rows_[o].values.begin() + static_cast<std::ptrdiff_t>(position * kept_rows_[o].columns));
  std::vector<double> heads;
  heads.reserve(request_.heads.size());
  for (const ImageHead& head : request_.heads)
    heads.push_back(aggregate::aggregate(row[head.output], row[head.output].size(), head.column, head.head));
  std::vector<double> unclipped;
  unclipped.reserve(request_.outputs.size());
  for (const aggregate::SlideOutput& output : request_.outputs) unclipped.push_back(output.unclipped_of(heads));
  const auto at = static_cast<std::size_t>(position);
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    outputs_[i].unclipped[at] = unclipped[i];
    outputs_[i].values[at] = request_.outputs[i].held(unclipped[i]);
  }
}

void ImageJob::take_rows(Range positions, OutputRows& outputs, std::int64_t first_row,
                         std::int64_t rows_in_batch) noexcept {
  try {
    if (!cancelled()) keep(positions, outputs, first_row, rows_in_batch);
  } catch (...) {
    lose_rows(positions, std::current_exception());
  }
}

void ImageJob::told(std::int64_t rows, std::int64_t device_ns, const std::vector<std::string>& /*notes*/) noexcept {
  metrics().of(Stage::Infer).busy_ns.fetch_add(device_ns, std::memory_order_relaxed);
  metrics().count(Stage::Infer, rows, 0);
}

void ImageJob::bad_row(std::int64_t position, const std::string& why) noexcept {
  try {
    source_->fail(position, decode::damaged_image(why));
  } catch (...) {
    lose_rows({position, position + 1}, std::current_exception());
  }
}

void ImageJob::lose_rows(Range /*positions*/, const std::exception_ptr& failure) noexcept {
  std::scoped_lock lock(failure_mutex_);
  if (!rows_failure_) rows_failure_ = failure;
}

ImageOutcome ImageJob::outcome_of() {
  if (failure()) return failure();
  if (cancelled()) return no_longer_wanted();
  try {
    ImageRows rows;
    rows.outputs = std::move(outputs_);
    rows.rows = std::move(kept_rows_);
    rows.failures = source_->take_failures();
    rows.marks = source_->take_marks();
    return rows;
  } catch (...) {
    return std::current_exception();
  }
}

// The file is closed before the rows are told.
void ImageJob::finish() {
  ImageOutcome outcome = outcome_of();
  source_.reset();
  std::exchange(done_, nullptr)(std::move(outcome));
}

}  // namespace microtome::engine
