// One slide on its way through the stages. The engine (engine.h) decides when and on which worker a step runs; the job
// knows what the steps are. A step never blocks on another step of the same job, except that a worker may wait for a
// stored tile that another worker is decoding at that moment.
//
//   prepare ─► work(range) on many workers at once ─► finish
//                  ▲                          │
//                  └──── look, where there is a stopping rule: goes on with more tiles, or ends
//
// A range is some positions of the feed, claimed by one worker. It goes through them in runs: it decodes the tiles of
// one run of the graph into its own tensor and infers them at once, while the tensor is still in the caches. Which
// tiles share a run follows from the plan alone, never from who claimed what.
// Everything marked [engine] is read and written under the engine's mutex only.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "core/aligned_bytes.h"
#include "core/cancel_token.h"
#include "core/stage_metrics.h"
#include "engine/score_request.h"
#include "engine/tile_feed.h"
#include "infer/model.h"
#include "slide/slide.h"

namespace microtome::engine {

// Tiles per run of a graph with a dynamic batch axis when the result must be reproducible. Not 1: attention kernels
// take another path there. Not large: the tensor should stay in the caches, and the last run of a slide is padded.
inline constexpr std::int64_t kReproducibleTiles = 4;

// What one worker thread owns; nothing in it is shared, all of it is used again.
struct Worker {
  TileReader reader;
  AlignedBytes tensor;  // the tiles of one run as the graph takes them
  std::vector<std::vector<double>> outputs;
  std::unique_ptr<infer::Model::RunSlot> slot;
};

class ScoreJob {
 public:
  struct Environment {
    std::shared_ptr<infer::Model> model;
    int threads = 1;
    std::int64_t tensor_bytes = 512ll << 20;  // of all workers together
    std::int64_t cache_bytes = 128ll << 20;   // decoded stored tiles of this job
  };
  struct Range {  // positions of the feed
    std::int64_t first = 0;
    std::int64_t end = 0;
  };

  ScoreJob(std::shared_ptr<const slide::Slide> slide, ScoreRequest request, ScoreCallbacks callbacks,
           Environment environment);

  // Steps; each runs on one worker without the engine's mutex. They throw; the engine records the first failure.
  void prepare(Worker& worker);
  void work(Worker& worker, Range range);
  // All tiles before end() are scored and the stopping rule is asked whether that is enough.
  void look();
  // The last step: aggregates, or reports `failure`; calls callbacks.done. Does not throw.
  void finish(std::exception_ptr failure);

  void cancel() { cancel_.cancel(); }
  [[nodiscard]] bool cancelled() const noexcept { return cancel_.cancelled(); }
  [[nodiscard]] StageMetrics& metrics() noexcept { return metrics_; }

  // After prepare():
  // Positions to be scored before the next look, or in the end; changed by look() only.
  [[nodiscard]] std::int64_t end() const noexcept { return rule_ ? rule_->limit() : tile_count_; }
  [[nodiscard]] bool has_more_looks() const noexcept { return has_more_looks_; }
  [[nodiscard]] int max_workers() const noexcept { return max_workers_; }  // whose tensors fit into memory

  // [engine]
  enum class Phase : std::uint8_t { Queued, Preparing, Running, Finishing };
  struct Schedule {
    Phase phase = Phase::Queued;
    std::int64_t next = 0;  // first position that nobody has claimed
    std::int64_t end = 0;   // first position that nobody may claim, yet
    bool looks = false;     // at `end` the stopping rule is asked
    int active_steps = 0;   // workers inside a step of this job
    std::exception_ptr failure;
  };
  Schedule schedule;
  // Takes the next positions to work on: whole runs, fewer towards the end so that all workers end together, one where
  // `one_run`. Empty when all are claimed. [engine]
  [[nodiscard]] Range claim(bool one_run);

 private:
  // The rows of one graph output, in plan order. Sized by the first run that knows the row's length.
  struct Output {
    std::int64_t columns = 0;
    std::vector<double> values;
  };

  void decode(Worker& worker, Range run);
  void infer(Worker& worker, Range run);
  void keep(std::size_t output, Range run, std::vector<double>& rows);
  void report(Stage stage, bool force);
  void size_runs();
  [[nodiscard]] ScoreResult collect();
  [[nodiscard]] double value_of(const HeadRequest& head, std::size_t tile) const;
  [[nodiscard]] double head_value(const HeadRequest& head) const;
  void check_column(const HeadRequest& head) const;
  void keep_scored(ScoreResult& result);
  [[nodiscard]] std::vector<std::string> warnings() const;

  const std::shared_ptr<const slide::Slide> slide_;
  const ScoreRequest request_;
  const ScoreCallbacks callbacks_;
  const Environment environment_;
  CancelToken cancel_;
  StageMetrics metrics_;
  const Clock::time_point start_ = Clock::now();

  Prepared prepared_;  // its plan moves into the feed
  std::optional<StoppingRule> rule_;
  bool has_more_looks_ = false;
  std::unique_ptr<TileFeed> feed_;
  std::vector<std::string> output_names_;
  std::int64_t tile_count_ = 0;  // planned
  std::int64_t run_tiles_ = 1;   // as the graph sees them; the last run of a slide may be padded up to it
  bool pads_ = true;             // false: the last run is as short as it is
  int max_workers_ = 1;

  std::mutex outputs_mutex_;  // while an output is sized
  std::vector<Output> outputs_;

  std::mutex progress_mutex_;
  std::atomic<std::int64_t> tiles_done_{0};
  Clock::time_point last_report_{};
};

}  // namespace microtome::engine
