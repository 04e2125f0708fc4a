// The batches of one runner that is a device: rows of several jobs come together in one batch, a few batches are under
// way at once, and what comes back is handed to the jobs by whichever worker is free. To the pool it is a job of its
// own.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "engine/batch_pool.h"
#include "engine/job.h"
#include "engine/runner.h"

namespace microtome::engine {

class BatchQueue final : public Job {
 public:
  // A batch that is not full goes when the device has nothing to do, when nobody is left who could fill it, and, should
  // neither come, this long after its first row was given out: at the end of the step or batch that is under way then.
  // So the last tiles of a slide never wait longer for company, however busy the device is with others.
  static constexpr std::chrono::milliseconds kCompanyWait{100};
  using Now = std::function<Clock::time_point()>;

  BatchQueue(std::shared_ptr<Crew> crew, std::shared_ptr<Runner> runner, std::shared_ptr<BatchPool> batches,
             Now now = Clock::now)
      : Job(std::move(crew)), runner_(std::move(runner)), batches_(std::move(batches)), now_(std::move(now)) {}

  // [pool] Room for rows of `owner`: some rows of a batch, `positions.size()` at most, or nothing while too many
  // batches are under way or memory is short. `rows` is the size of a batch that is begun for it; one that is there has
  // the size that its first owner wanted.
  struct Place {
    std::shared_ptr<Batch> batch;
    std::int64_t first_row = 0;
    std::int64_t rows = 0;
  };
  [[nodiscard]] std::optional<Place> place(const std::shared_ptr<const RunSpec>& spec, std::int64_t rows,
                                           std::int64_t wanted, const std::shared_ptr<RowOwner>& owner,
                                           std::int64_t first_position);
  // [pool] The rows of a place are written, or will never be (they are zero then, or whatever they were).
  void filled(const std::shared_ptr<Batch>& batch, std::int64_t rows);

  // [pool] Nothing more will come: it is over when the last batch is back.
  void close() noexcept { closed_ = true; }

  std::optional<Step> next(Urgency urgency) override;
  void run(Worker& worker, Step& step) override;
  void ended(Step& step, bool well) override;
  [[nodiscard]] bool is_over() const override { return finished_; }
  [[nodiscard]] Stage short_of() const override { return Stage::Infer; }
  // Until the first batch has waited long enough for company.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> patience() const override;

 private:
  struct Open {
    std::shared_ptr<Batch> batch;
    std::int64_t used = 0;      // rows given out
    std::int64_t written = 0;   // of those
    Clock::time_point since{};  // its first row was given out
  };

  [[nodiscard]] Step take(std::vector<Open>::iterator open);
  [[nodiscard]] std::optional<Step> next_overdue();
  [[nodiscard]] std::optional<Step> next_flush();
  [[nodiscard]] bool is_drained() const noexcept;
  void submit(const std::shared_ptr<Batch>& batch);

  const std::shared_ptr<Runner> runner_;
  const std::shared_ptr<BatchPool> batches_;
  const Now now_;
  // [pool]
  std::vector<Open> open_;  // of each spec one that has room, at most
  std::deque<std::shared_ptr<Batch>> full_;
  // Lists, so that what comes back moves from one to the other without memory: a device could tell nobody of its lack.
  std::list<std::shared_ptr<Batch>> under_way_;  // given out to be submitted, and not back yet
  std::list<std::shared_ptr<Batch>> back_;
  bool closed_ = false;
  bool finished_ = false;
};

}  // namespace microtome::engine
