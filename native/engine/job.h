// One slide (or one stream of a slide's tiles, or the batches of a device) on its way through the stages. The pool
// (worker_pool.h) decides when and on which worker a step runs; the job knows what the steps are. A step never waits:
// for bytes that have not come it throws BytesPending and is run again when they are here; for a device, a consumer or
// memory it is not offered. (It may wait for a stored tile that another worker is decoding at that moment.) What is
// marked [pool] is read and written under the pool's mutex only.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

#include "core/cancel_token.h"
#include "core/stage_metrics.h"
#include "engine/batch.h"
#include "engine/crew.h"
#include "engine/range.h"
#include "engine/tile_reader.h"
#include "slide/byte_source.h"

namespace microtome::engine {

class Job;
class WorkerPool;

// What one worker thread owns; nothing in it is shared, all of it is used again.
struct Worker {
  TileReader reader;
};

// In the order in which workers look for something to do.
enum class Urgency : std::uint8_t {
  Finish,   // a job that has only to be finished
  Prepare,  // few, short, and everything else of that job depends on it
  Look,     // asks a stopping rule
  Deliver,  // rows that a device gave back
  Work,     // some items, to decode and infer them
  Flush     // a batch that nothing more will come into
};

struct Step {
  std::shared_ptr<Job> job{};  // set by the pool. First, so that it goes last: a batch has memory of the job's crew
  Urgency urgency = Urgency::Work;
  Range range{};                   // of Work: positions of the source, or numbers of batches
  std::shared_ptr<Batch> batch{};  // whose memory it works in
  std::int64_t first_row = 0;      // of the range in the batch
  bool refused = false;            // of Prepare: memory that will never be there
  bool is_back = false;            // of Deliver: the batch has run
  // Kept by the pool:
  Clock::time_point start{};
  int company = 0;                     // workers of the crew in Work when it began, itself among them; 0: not measured
  std::shared_ptr<const void> kept{};  // bytes that were fetched for it
  std::exception_ptr failure{};        // bytes that could not be had: it ends without being run
};

class Job : public std::enable_shared_from_this<Job> {
 public:
  explicit Job(std::shared_ptr<Crew> crew) : crew_(std::move(crew)) {}
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  // [pool] What may be done now; nothing where it waits. A step that is given out is run, on one worker.
  [[nodiscard]] virtual std::optional<Step> next(Urgency urgency) = 0;
  // Without the mutex. Throws; the first failure ends the job.
  virtual void run(Worker& worker, Step& step) = 0;
  // [pool] The step has ended. Not `well`: failure() says why, or why an earlier one has failed.
  virtual void ended(Step& step, bool well) = 0;
  // Without the mutex, after each step: tells those outside what has come of it. Does not throw.
  virtual void tell() {}
  // [pool] A step of this job, whose bytes are here, may be run again. False: not now.
  [[nodiscard]] virtual bool may_go_on(Step& /*step*/) { return true; }
  // [pool] True: a new step of Work begins by asking for bytes, so it comes before steps whose bytes are here. next()
  // limits how many such steps are under way.
  [[nodiscard]] virtual bool asks_first() const noexcept { return false; }
  // [pool] Nothing more will happen: the pool lets go of it.
  [[nodiscard]] virtual bool is_over() const = 0;
  // [pool] How long a worker without work sleeps at most before it asks again; nothing: until something changes.
  [[nodiscard]] virtual std::optional<std::chrono::nanoseconds> patience() const { return std::nullopt; }
  // [pool] The stage that a worker without work waits for.
  [[nodiscard]] virtual Stage short_of() const = 0;

  [[nodiscard]] bool cancelled() const noexcept { return cancel_.cancelled(); }
  [[nodiscard]] StageMetrics& metrics() noexcept { return metrics_; }

 protected:
  [[nodiscard]] Crew& crew() noexcept { return *crew_; }
  [[nodiscard]] const std::shared_ptr<Crew>& crew_pointer() const noexcept { return crew_; }
  [[nodiscard]] const CancelToken& token() const noexcept { return cancel_; }
  [[nodiscard]] CancelToken& token() noexcept { return cancel_; }
  // [pool] The first failure of a step.
  [[nodiscard]] const std::exception_ptr& failure() const noexcept { return failure_; }
  void fail(std::exception_ptr failure) noexcept {
    if (!failure_) failure_ = std::move(failure);
  }
  // [pool] No new step but the last is wanted.
  [[nodiscard]] bool is_stopped() const noexcept { return failure_ || cancelled(); }
  // [pool] Steps that wait for bytes, or have them and were not run again yet.
  [[nodiscard]] int waiting_steps() const noexcept { return waiting_ + static_cast<int>(arrived_.size()); }
  // The pool that the job was added to; null before, and when the pool is gone.
  [[nodiscard]] std::shared_ptr<WorkerPool> pool() const noexcept { return pool_.lock(); }
  [[nodiscard]] const std::weak_ptr<WorkerPool>& pool_pointer() const noexcept { return pool_; }

 private:
  friend class WorkerPool;

  const std::shared_ptr<Crew> crew_;
  CancelToken cancel_;
  StageMetrics metrics_;
  // [pool]
  bool taken_up_ = false;
  int waiting_ = 0;
  std::vector<std::shared_ptr<slide::Fetch>> fetches_;
  std::deque<Step> arrived_;
  std::exception_ptr failure_;
  std::weak_ptr<WorkerPool> pool_;  // a job must not be the pool's last owner: it may end on a worker
};

}  // namespace microtome::engine
