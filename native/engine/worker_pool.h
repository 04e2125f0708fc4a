// The one pool of workers of an environment. Jobs of all scorers and streams are in it, and take turns; each worker
// takes the most urgent step that there is (Urgency, in its order), so that the cores are never divided between
// decoding and inference in advance. All decisions are made under one mutex; all steps run outside it. A step that
// needs bytes which have not come leaves its worker at once and is run again when they are here.
#pragma once

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "core/worker_threads.h"
#include "engine/job.h"

namespace microtome::engine {

class WorkerPool : public std::enable_shared_from_this<WorkerPool> {
  struct Key {};  // only create() has one

 public:
  // `base_threads` workers live from the first job or lease until stop(). Who drops the last copy of what comes back
  // stops the pool, on his thread, which must be no worker's. A worker that asks its job for the pool at that moment is
  // no owner in this sense: a thread cannot wait for itself.
  [[nodiscard]] static std::shared_ptr<WorkerPool> create(int base_threads);
  WorkerPool(Key /*key*/, int base_threads) noexcept : base_threads_(base_threads) {}
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // While it lives there are at least so many workers. Released on any thread but a worker's: it waits until those that
  // nobody wants any more have ended.
  class Lease {
   public:
    Lease() = default;
    ~Lease() { release(); }
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&& other) noexcept;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    void release() noexcept;

   private:
    friend class WorkerPool;
    Lease(std::shared_ptr<WorkerPool> pool, int threads) noexcept : pool_(std::move(pool)), threads_(threads) {}

    std::shared_ptr<WorkerPool> pool_;
    int threads_ = 0;
  };
  // Throws LIMIT_EXCEEDED, with nothing changed, where the system does not allow so many threads.
  [[nodiscard]] Lease lease(int threads);

  // Returns at once. After stop() the job is cancelled, and finished on this thread.
  void add(std::shared_ptr<Job> job);
  void cancel(Job& job);
  // Cancels every job, waits for them, joins the workers. Idempotent; any thread but a worker's.
  void stop();

  // Runs `change` under the mutex and lets the workers look again: for what reaches a job from outside.
  template <typename Change>
  auto change(const Change& change) {
    std::scoped_lock lock(mutex_);
    changed_.notify_all();
    return change();
  }

 private:
  struct Member {
    bool ends = false;  // nobody wants it any more; under mutex_
    WorkerThreads thread;
  };
  using Members = std::vector<std::unique_ptr<Member>>;

  void ensure(int threads);
  void start_workers(int threads);
  [[nodiscard]] Members take_workers(int left);
  void work(const Member& self) noexcept;
  std::optional<Step> next_step();
  std::optional<Step> step_of(Urgency urgency, Job& job);
  void begin(Step& step, std::shared_ptr<Job> job, std::list<std::shared_ptr<Job>>::iterator place);
  void run(Worker& worker, Step& step);
  void wait_for_bytes(Step& step, const slide::BytesPending& pending);
  void abandon_fetches(Job& job);
  void arrive(Step step, std::exception_ptr failure, std::shared_ptr<const void> kept);
  [[nodiscard]] bool complete(Step& step, std::exception_ptr failure);
  void wait_for_work(std::unique_lock<std::mutex>& lock);

  const int base_threads_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<std::shared_ptr<Job>> jobs_;  // in turn: the first is asked first
  bool stopping_ = false;

  std::mutex threads_mutex_;  // while workers are started; taken before mutex_. Nobody waits for a step with it
  std::vector<int> leased_;
  Members threads_;
};

}  // namespace microtome::engine
