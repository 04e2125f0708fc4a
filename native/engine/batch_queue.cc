#include "engine/batch_queue.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/worker_pool.h"

namespace microtome::engine {
namespace {

void tell_decodes(const Batch& batch, const Segment& segment) {
  const auto first = batch.decodes.begin() + segment.first_row;
  const auto end = first + segment.positions.size();
  segment.owner->decoded(std::count(first, end, RowDecode::Device), std::count(first, end, RowDecode::Refused));
}

}  // namespace

std::optional<BatchQueue::Place> BatchQueue::place(const std::shared_ptr<const RunSpec>& spec, std::int64_t rows,
                                                   std::int64_t wanted, const std::shared_ptr<RowOwner>& owner,
                                                   std::int64_t first_position) {
  // One that all rows are given out of waits for those who write them.
  auto open = std::find_if(open_.begin(), open_.end(),
                           [&](const Open& one) { return *one.batch->spec == *spec && one.used < one.batch->rows; });
  if (open == open_.end()) {
    const auto under_way = under_way_.size() + full_.size() + back_.size() + open_.size();
    if (under_way >= static_cast<std::size_t>(runner_->traits().in_flight)) return std::nullopt;
    std::int64_t bytes = 0;
    if (__builtin_mul_overflow(rows, spec->row_bytes(), &bytes)) return std::nullopt;
    auto batch = batches_->take(bytes, crew().memory);
    if (!batch) return std::nullopt;
    batch->spec = spec;
    batch->rows = rows;
    open_.push_back({std::move(batch), 0, 0, now_()});
    open = std::prev(open_.end());
  }
  const std::int64_t taken = std::min(wanted, open->batch->rows - open->used);
  Place place{open->batch, open->used, taken};
  open->batch->segments.push_back({owner, {first_position, first_position + taken}, open->used});
  open->used += taken;
  return place;
}

void BatchQueue::filled(const std::shared_ptr<Batch>& batch, std::int64_t rows) {
  const auto open = std::find_if(open_.begin(), open_.end(), [&](const Open& one) { return one.batch == batch; });
  if (open == open_.end()) return;
  open->written += rows;
  if (open->written < batch->rows) return;
  full_.push_back(batch);
  open_.erase(open);
}

bool BatchQueue::is_drained() const noexcept {
  return open_.empty() && full_.empty() && under_way_.empty() && back_.empty();
}

// To be submitted as it is.
Step BatchQueue::take(std::vector<Open>::iterator open) {
  Step step{.urgency = Urgency::Flush, .batch = open->batch};
  open_.erase(open);
  under_way_.push_back(step.batch);
  return step;
}

// Before any work: workers that always find some would never come to it.
std::optional<Step> BatchQueue::next_overdue() {
  const auto open = std::find_if(open_.begin(), open_.end(), [this](const Open& one) {
    return one.written == one.used && now_() - one.since >= kCompanyWait;
  });
  if (open == open_.end()) return std::nullopt;
  return take(open);
}

std::optional<std::chrono::nanoseconds> BatchQueue::patience() const {
  std::optional<std::chrono::nanoseconds> least;
  for (const Open& one : open_) {
    if (one.written != one.used) continue;  // who writes it ends a step
    const std::chrono::nanoseconds left = one.since + kCompanyWait - now_();
    least = least ? std::min(*least, left) : left;
  }
  return least;
}

// When the device has nothing to do, or when nobody is left who could fill the batch.
std::optional<Step> BatchQueue::next_flush() {
  const bool more_may_come = crew().working > 0 || crew().planning > 0;
  if (!under_way_.empty() && more_may_come) return std::nullopt;
  const auto open = std::find_if(open_.begin(), open_.end(), [](const Open& one) { return one.written == one.used; });
  if (open == open_.end()) return std::nullopt;
  return take(open);
}

std::optional<Step> BatchQueue::next(Urgency urgency) {
  if (urgency == Urgency::Finish && !finished_ && (closed_ || cancelled()) && is_drained())
    return Step{.urgency = urgency};
  if (urgency == Urgency::Deliver && !full_.empty()) {
    // Submitting costs next to nothing and gives the device something to do, so that it goes before handing out.
    Step step{.urgency = urgency, .batch = full_.front()};
    full_.pop_front();
    under_way_.push_back(step.batch);
    return step;
  }
  if (urgency == Urgency::Deliver && !back_.empty()) {
    Step step{.urgency = urgency, .batch = back_.front(), .is_back = true};
    back_.pop_front();
    return step;
  }
  if (urgency == Urgency::Deliver) return next_overdue();
  return urgency == Urgency::Flush ? next_flush() : std::nullopt;
}

void BatchQueue::submit(const std::shared_ptr<Batch>& batch) {
  // The queue is in the pool for as long as a batch is under way. The device's thread must not be the last owner of
  // anything of ours: it could end the device, and wait for itself.
  const auto back = [this, weak = pool_pointer(), raw = batch.get()] {
    const auto pool = weak.lock();
    if (!pool) return;
    pool->change([&] {
      const auto it =
          std::find_if(under_way_.begin(), under_way_.end(), [&](const auto& one) { return one.get() == raw; });
      back_.splice(back_.end(), under_way_, it);
    });
  };
  // Without memory none of its rows was written: the steps that should have done so have failed.
  if (cancelled() || !batch->memory) {
    batch->failure = std::make_exception_ptr(Error(Code::CANCELLED, Stage::Infer, "the batch was given up"));
    return back();
  }
  batch->used = 0;
  for (const Segment& segment : batch->segments)
    batch->used = std::max(batch->used, segment.first_row + segment.positions.size());
  if (!runner_->traits().clears_unused)
    std::memset(batch->row(batch->used), 0,
                static_cast<std::size_t>(batch->rows - batch->used) * batch->spec->row_bytes());
  runner_->submit(*batch, token(), back);
}

void BatchQueue::run(Worker& /*worker*/, Step& step) {
  if (step.urgency == Urgency::Finish) return;
  if (!step.is_back) return submit(step.batch);
  const std::int64_t used = std::max<std::int64_t>(step.batch->used, 1);
  for (const Segment& segment : step.batch->segments) {
    const std::int64_t rows = segment.positions.size();
    segment.owner->told(rows, step.batch->device_ns * rows / used, step.batch->notes);
    if (!step.batch->decodes.empty()) tell_decodes(*step.batch, segment);
    if (step.batch->failure)
      segment.owner->lose_rows(segment.positions, step.batch->failure);
    else
      segment.owner->take_rows(segment.positions, step.batch->outputs, segment.first_row, step.batch->rows);
  }
}

void BatchQueue::ended(Step& step, bool /*well*/) {
  if (step.urgency == Urgency::Finish) finished_ = true;
  if (!step.is_back) return;
  for (const Segment& segment : step.batch->segments) segment.owner->rows_back(segment.positions);
  batches_->give_back(std::move(step.batch));
}

}  // namespace microtome::engine
