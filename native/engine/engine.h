// What one scorer has: the graphs of a model, those of encoders as runners, a memory budget, a share of the workers.
// Any number of callers may score slides on it at the same time.
#pragma once

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/option_bounds.h"
#include "engine/batch_pool.h"
#include "engine/batch_queue.h"
#include "engine/crew.h"
#include "engine/image_job.h"
#include "engine/runner.h"
#include "engine/score_job.h"
#include "engine/worker_pool.h"

namespace microtome::engine {

struct EngineOptions {
  int threads = 0;     // 0: cores this process may use, and a trial of how many of them are worth it
  bool trial = false;  // the trial also with a number of threads given
  std::int64_t memory_bytes = option_bounds::kMemoryLimitDefault;  // not counting the model
  BatchQueue::Now now = Clock::now;                                // the time by which batches wait for company
};

class Engine {
 public:
  // Throws LIMIT_EXCEEDED where the system does not allow so many threads.
  Engine(const std::shared_ptr<WorkerPool>& pool, std::vector<std::unique_ptr<Runner>> runners,
         const EngineOptions& options, std::vector<std::shared_ptr<infer::HeadGraph>> heads = {});
  ~Engine();  // close()
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Workers that score at the same time: all, or what the trial found. Any thread.
  [[nodiscard]] int threads() const noexcept { return crew_->calibration.limit(); }
  // Largest sum of what was reserved at a time. Any thread.
  [[nodiscard]] std::int64_t peak_memory_bytes() const noexcept { return crew_->memory.peak(); }

  // Returns at once. After close(): done(CANCELLED). Throws INVALID_OPTION for a request that is no program of the
  // engine's graphs, and LIMIT_EXCEEDED where the first workers cannot be started;
  // done is not called then.
  std::shared_ptr<ScoreJob> score(std::shared_ptr<const slide::Slide> slide, ScoreRequest request,
                                  ScoreCallbacks callbacks);
  // The same for images that are no slides. Throws LIMIT_EXCEEDED also where the memory limit has no room for a large
  // one.
  std::shared_ptr<ImageJob> score_images(ImageRequest request, ImagesDone done);
  void cancel(const std::shared_ptr<Job>& job);
  // Cancels what runs, waits for it, frees the model. Idempotent; any thread but a worker's or a callback's.
  void close();

 private:
  void remember(const std::shared_ptr<Job>& job);
  void start(const std::shared_ptr<Job>& job);

  // Told when the last owner has let go of the runners.
  struct RunnersGone;

  const std::shared_ptr<WorkerPool> pool_;
  const std::shared_ptr<Crew> crew_;
  const std::shared_ptr<RunnersGone> gone_;
  const int threads_;

  std::mutex mutex_;
  bool closing_ = false;
  std::list<std::weak_ptr<Job>> jobs_;
  std::vector<GraphMeans> graphs_;
  std::vector<std::shared_ptr<infer::HeadGraph>> heads_;
  std::shared_ptr<BatchPool> batches_;    // of the runners that run inline
  std::shared_ptr<LargeImageRoom> room_;  // once images were asked for

  std::mutex close_mutex_;
  WorkerPool::Lease lease_;
};

}  // namespace microtome::engine
