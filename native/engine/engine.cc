#include "engine/engine.h"

#include <utility>

#include "core/cores.h"

namespace microtome::engine {
namespace {

// Slides worked on at once; further ones wait unprepared.
constexpr int kTakenUpJobs = 4;

}  // namespace

struct Engine::RunnerGone {
  std::mutex mutex;
  std::condition_variable changed;
  bool gone = false;

  void tell() noexcept {
    std::scoped_lock lock(mutex);
    gone = true;
    changed.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return gone; });
  }
};

Engine::Engine(const std::shared_ptr<WorkerPool>& pool, std::unique_ptr<Runner> runner, const EngineOptions& options)
    : pool_(pool),
      crew_(std::make_shared<Crew>(options.threads > 0 ? options.threads : available_cores(),
                                   options.threads == 0 || options.trial, options.memory_bytes,
                                   // The queue of a device counts as one.
                                   kTakenUpJobs + (runner->traits().in_flight > 0 ? 1 : 0))),
      gone_(std::make_shared<RunnerGone>()),
      threads_(crew_->calibration.limit()),
      lease_(pool->lease(threads_)) {
  // The last owner may be a job that a worker ends: close() waits for it.
  runner_ = std::shared_ptr<Runner>(runner.release(), [gone = gone_](Runner* last) {
    std::unique_ptr<Runner>(last).reset();
    gone->tell();
  });
  batches_ = std::make_shared<BatchPool>(runner_);
  if (runner_->traits().in_flight == 0) return;
  queue_ = std::make_shared<BatchQueue>(crew_, runner_, batches_);
  pool_->add(queue_);
}

Engine::~Engine() { close(); }

std::shared_ptr<ScoreJob> Engine::score(std::shared_ptr<const slide::Slide> slide, ScoreRequest request,
                                        ScoreCallbacks callbacks) {
  std::shared_ptr<ScoreJob> job;
  {
    std::scoped_lock lock(mutex_);
    if (!closing_) {
      job = std::make_shared<ScoreJob>(
          std::move(slide), std::move(request), std::move(callbacks), crew_,
          ScoreJob::Means{.runner = runner_, .batches = batches_, .queue = queue_, .threads = threads_});
      jobs_.remove_if([](const auto& earlier) { return earlier.expired(); });
      jobs_.push_back(job);
    }
  }
  if (!job) {
    callbacks.done(std::make_exception_ptr(Error(Code::CANCELLED, Stage::Infer, "the scorer is closed")));
    return nullptr;
  }
  pool_->add(job);
  // Between the list and the pool: close() has cancelled it, and nobody would look again.
  if (job->cancelled()) pool_->cancel(*job);
  return job;
}

void Engine::cancel(const std::shared_ptr<ScoreJob>& job) { pool_->cancel(*job); }

void Engine::close() {
  std::scoped_lock once(close_mutex_);
  std::list<std::weak_ptr<ScoreJob>> jobs;
  std::shared_ptr<BatchQueue> queue;
  {
    std::scoped_lock lock(mutex_);
    closing_ = true;
    jobs.swap(jobs_);
    queue.swap(queue_);
  }
  for (const auto& weak : jobs)
    if (const auto job = weak.lock()) pool_->cancel(*job);
  if (queue) pool_->change([&] { queue->close(); });
  queue.reset();
  {
    std::scoped_lock lock(mutex_);
    batches_.reset();
    runner_.reset();
  }
  gone_->wait();
  lease_.release();
}

}  // namespace microtome::engine
