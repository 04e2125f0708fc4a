// A loaded model and the worker threads that feed it. Any number of callers may score slides on it at the same time.
//
// Scheduling: there is one pool of workers, and each takes, in this order:
//   1. a slide that has only to be finished
//   2. a slide that waits to be prepared (few, short, and everything else of that slide depends on it)
//   3. some tiles of a slide, to decode and infer them
// so the cores are never divided between decoding and inference in advance, no tensor waits for a worker, and while one
// worker decodes another infers. How many of them score at once is found by a short trial (worker_calibration.h).
// Slides take turns within each kind of work, so that tiles of several slides and of several callers are in the workers
// at the same time. All decisions are made under one mutex; all work runs outside it.
#pragma once

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/option_bounds.h"
#include "core/worker_threads.h"
#include "engine/score_job.h"
#include "engine/worker_calibration.h"
#include "infer/model.h"

namespace microtome::engine {

struct EngineOptions {
  std::string model_path;
  std::string device = "cpu";
  int threads = 0;     // 0: cores this process may use, and a trial of how many of them are worth it
  bool trial = false;  // the trial also with a number of threads given
  std::int64_t memory_bytes = option_bounds::kMemoryLimitDefault;  // beside the model
};

class Engine {
 public:
  explicit Engine(const EngineOptions& options);  // loads the model: throws as Model::load does
  ~Engine();                                      // close()
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] const infer::Model& model() const noexcept { return *model_; }
  // Workers that score at the same time: all, or what the trial found. Any thread.
  [[nodiscard]] int threads() const noexcept { return calibration_.limit(); }

  // Returns at once. The job may be cancelled from any thread through cancel(). After close(): done(CANCELLED).
  std::shared_ptr<ScoreJob> score(std::shared_ptr<const slide::Slide> slide, ScoreRequest request,
                                  ScoreCallbacks callbacks);
  void cancel(const std::shared_ptr<ScoreJob>& job);
  // Cancels what runs, waits for it, joins the workers. Idempotent; any thread but a worker.
  void close();

 private:
  enum class Kind : std::uint8_t { Finish, Prepare, Look, Work };
  struct Step {
    Kind kind;
    std::shared_ptr<ScoreJob> job;
    ScoreJob::Range range;
    Clock::time_point start{};  // of Work
    int company = 0;            // workers that scored then, this one among them
  };

  void work() noexcept;
  std::optional<Step> next_step();
  std::optional<Step> step_of(Kind kind, const std::shared_ptr<ScoreJob>& job);
  void run(Worker& worker, Step& step);
  void complete(Step& step, std::exception_ptr failure);
  void wait_for_work(std::unique_lock<std::mutex>& lock);

  std::shared_ptr<infer::Model> model_;
  const int threads_;
  const std::int64_t memory_bytes_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<std::shared_ptr<ScoreJob>> jobs_;  // in turn: the first is asked first
  bool closing_ = false;
  int scoring_ = 0;  // workers in a step of Work
  WorkerCalibration calibration_;

  std::mutex close_mutex_;
  WorkerThreads workers_;
};

}  // namespace microtome::engine
