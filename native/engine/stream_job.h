// The planned tiles of a slide as batches of RGB pixels or of model input, for callers that bring their own model: a
// job without a runner. Workers fill a few batches ahead; while the caller is busy they do something else. Batches are
// given out in order.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "core/buffer_pool.h"
#include "engine/job.h"
#include "engine/needs.h"
#include "engine/prepare.h"
#include "engine/slide_tiles.h"
#include "preprocess/preprocess.h"
#include "slide/slide.h"

namespace microtome::engine {

struct StreamOptions {
  std::int64_t batch_size = 16;
  int threads = 0;                                 // workers at once; 0: all
  std::int64_t memory_bytes = 1ll << 30;           // the batches that the caller holds not counted
  std::optional<preprocess::TensorFormat> tensor;  // absent: RGB bytes. Its size must be the grid's.
};

// The crew of one stream.
[[nodiscard]] std::shared_ptr<Crew> stream_crew(const StreamOptions& options);

struct TileBatch {
  // tiles * (3 * size_px^2 samples); goes back to the stream's pool with its last owner.
  std::shared_ptr<LargeBytes> data;
  std::size_t bytes = 0;  // of `data` that hold tiles
  std::vector<double> x;  // pixels of the level
  std::vector<double> y;
  double level0_per_px_x = 1;  // level-0 pixels per pixel of the level
  double level0_per_px_y = 1;
  std::int64_t bad_tiles = 0;  // stored tiles below these tiles that are bad or missing
  std::int64_t size_px = 0;
  std::int64_t footprint_px = 0;  // side of what a tile shows, in pixels of the level
  std::int64_t first_tile = 0;    // tiles of the batches before
  std::int64_t total_tiles = 0;   // of all batches
  int level = 0;
};

class StreamJob final : public Job {
 public:
  using Outcome = std::variant<std::optional<TileBatch>, std::exception_ptr>;  // no batch: the end
  using Receiver = std::function<void(Outcome)>;                               // must not throw

  StreamJob(std::shared_ptr<const slide::Slide> slide, GridRequest request, const StreamOptions& options,
            std::shared_ptr<Crew> crew);

  // `receiver` gets the next batch: at once, or later from a worker. After a cancellation: CANCELLED. Any thread, once
  // the job is in a pool.
  void next_batch(Receiver receiver);

  std::optional<Step> next(Urgency urgency) override;
  void run(Worker& worker, Step& step) override;
  void ended(Step& step, bool well) override;
  void tell() override;
  [[nodiscard]] bool is_over() const override { return phase_ == Phase::Over; }
  [[nodiscard]] Stage short_of() const override { return phase_ == Phase::Running ? Stage::Decode : Stage::Tissue; }

 private:
  enum class Phase : std::uint8_t { Queued, Preparing, Running, Finishing, Over };
  struct Delivery {
    Receiver receiver;
    Outcome outcome;
  };

  void prepare(Worker& worker);
  void fill(Worker& worker, Step& step);
  void fill_rows(Worker& worker, Range range, std::uint8_t* out);
  [[nodiscard]] std::vector<Delivery> take_deliveries();

  std::shared_ptr<const slide::Slide> slide_;  // let go of when the job is over
  const GridRequest request_;
  const StreamOptions options_;
  std::optional<Preparation> preparation_;
  PlanningNeeds planning_;
  MemoryBudget::Reservation reserved_;
  MemoryBudget::Reservation cache_reserved_;  // beyond what is needed
  std::unique_ptr<SlideTiles> source_;
  std::unique_ptr<BufferPool> buffers_;
  std::size_t tile_bytes_ = 0;
  std::int64_t batches_ = 0;
  std::int64_t window_ = 1;  // batches decoded or being decoded, and not yet given out

  // [pool]
  Phase phase_ = Phase::Queued;
  int active_steps_ = 0;
  std::int64_t next_to_fill_ = 0;
  std::int64_t next_to_give_ = 0;
  std::map<std::int64_t, TileBatch> ready_;
  std::deque<Receiver> receivers_;
};

}  // namespace microtome::engine
