// Some images, or rows of tensors, that are scored one by one: a batch of a caller, of any length.
//
//   prepare ─► work(range) on many workers at once ─► finish
//
// A range is some images of the batch, claimed by one worker. An inline runner goes through them in runs, as a slide's
// tiles; which images share a run follows from the batch alone. For a device the worker fills rows of a batch that
// other jobs may share. What is kept of an image are its values alone, so that no number of images holds more than a
// few of them in memory.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "engine/image_list.h"
#include "engine/image_source.h"
#include "engine/job.h"
#include "engine/lanes.h"

namespace microtome::engine {

class ImageJob final : public Job, public RowOwner {
 public:
  struct Means {
    GraphMeans graph;
    std::shared_ptr<BatchPool> batches;  // of runners that run inline
    std::shared_ptr<LargeImageRoom> room;
    int threads = 1;
  };

  ImageJob(ImageRequest request, ImagesDone done, std::shared_ptr<Crew> crew, Means means);

  std::optional<Step> next(Urgency urgency) override;
  void run(Worker& worker, Step& step) override;
  void ended(Step& step, bool well) override;
  [[nodiscard]] bool is_over() const override { return phase_ == Phase::Over; }
  [[nodiscard]] Stage short_of() const override;

  void take_rows(Range positions, OutputRows& outputs, std::int64_t first_row,
                 std::int64_t rows_in_batch) noexcept override;
  void told(std::int64_t rows, std::int64_t device_ns, const std::vector<std::string>& notes) noexcept override;
  void decoded(std::int64_t /*by_device*/, std::int64_t /*refused*/) noexcept override {}
  void bad_row(std::int64_t position, const std::string& why) noexcept override;
  void lose_rows(Range positions, const std::exception_ptr& failure) noexcept override;
  void rows_back(Range positions) noexcept override;

 private:
  enum class Phase : std::uint8_t { Queued, Preparing, Running, Finishing, Over };

  std::optional<Step> next_finish();
  std::optional<Step> next_prepare();
  std::optional<Step> next_work();
  [[nodiscard]] bool reserve_all();
  [[nodiscard]] bool take_batch(Step& step);
  void give_back_batch(Step& step);
  [[nodiscard]] std::int64_t claim_size();
  void let_go(Step& step);

  void prepare();
  void work(Worker& worker, const Step& step);
  void fill(Worker& worker, Range range, std::uint8_t* rows);
  void run_inline(Worker& worker, Range run, Batch& batch);
  void keep(Range positions, OutputRows& outputs, std::int64_t first_row, std::int64_t rows_in_batch);
  void keep_one(std::int64_t position, const std::vector<std::span<double>>& row);
  void make_rows(const std::vector<std::size_t>& columns);
  void finish();
  [[nodiscard]] ImageOutcome outcome_of();

  const ImageRequest request_;
  ImagesDone done_;
  Means means_;  // until the job is over
  const std::int64_t size_;
  std::shared_ptr<const RunSpec> spec_;
  std::int64_t rows_ = 1;  // of a run
  bool pads_ = true;       // false: the last run is as short as it is
  std::int64_t kept_bytes_ = 0;
  std::int64_t batch_bytes_ = 0;  // of a run and of the worker that makes it; of a device: of a batch
  std::unique_ptr<ImageSource> source_;
  std::vector<ImageRows::Output> outputs_;
  std::mutex rows_mutex_;
  std::vector<ImageRows::Row> kept_rows_;  // [rows_mutex_] made once; then each row is written by the thread that has it

  // [pool]
  Phase phase_ = Phase::Queued;
  Phase counts_as_ = Phase::Queued;  // what it was before it was finished
  std::int64_t next_ = 0;            // first image that nobody has claimed
  int active_steps_ = 0;             // given out and not ended
  std::int64_t rows_out_ = 0;        // images that a device has
  MemoryBudget::Reservation reserved_;
  std::shared_ptr<Batch> own_batch_;  // the one that was reserved with the rest

  std::mutex failure_mutex_;
  std::exception_ptr rows_failure_;  // of take_rows and lose_rows, until the pool hears of it
};

}  // namespace microtome::engine
