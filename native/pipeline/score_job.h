// One slide on its way through the stages. The engine (engine.h) decides when and on which worker a step runs; the job
// knows what the steps are. A step never blocks on another step of the same job, except that a worker may wait for a
// stored tile that another worker is decoding at that moment.
//
//   prepare ─► decode(unit 0..n) ─► infer(unit) ─► finish
//
// A unit is `batch_size` tiles, in plan order. At most max_in_flight units hold tensors at once (back-pressure).
// Everything marked [engine] is read and written under the engine's mutex only.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "core/aligned_bytes.h"
#include "core/cancel_token.h"
#include "core/stage_metrics.h"
#include "infer/model.h"
#include "pipeline/score_request.h"
#include "pipeline/stored_tile_cache.h"
#include "pipeline/tile_assembler.h"
#include "slide/slide.h"

namespace microtome::pipeline {

// Tiles per run of a graph with a dynamic batch axis when the result must be reproducible. Not 1: attention kernels
// take another path there. Not large: the last run of every slide is padded.
inline constexpr std::int64_t kReproducibleTiles = 4;

// What one worker thread owns; nothing in it is shared.
struct Worker {
  decode::TileDecoder decoder;
  TileAssembler assembler;
  RgbImage tile;  // one model tile
  std::unique_ptr<infer::Model::RunSlot> slot;
};

class ScoreJob {
 public:
  struct Environment {
    std::shared_ptr<infer::Model> model;
    int threads = 1;
    std::int64_t memory_bytes = 1ll << 30;  // this job's share
  };
  struct Unit {
    std::int64_t index = 0;
    std::int64_t tiles = 0;         // real ones
    std::int64_t padded_tiles = 0;  // as the graph sees them
    AlignedBytes tensor;
  };

  ScoreJob(std::shared_ptr<const slide::Slide> slide, ScoreRequest request, ScoreCallbacks callbacks,
           Environment environment);

  // Steps; each runs on one worker without the engine's mutex. They throw; the engine records the first failure.
  void prepare(Worker& worker);
  void decode(Worker& worker, Unit& unit);
  void infer(Worker& worker, Unit& unit);
  // The last step: aggregates, or reports `failure`; calls callbacks.done. Does not throw.
  void finish(std::exception_ptr failure);

  void cancel() { cancel_.cancel(); }
  [[nodiscard]] bool cancelled() const noexcept { return cancel_.cancelled(); }
  [[nodiscard]] StageMetrics& metrics() noexcept { return metrics_; }

  // After prepare():
  [[nodiscard]] std::int64_t unit_count() const noexcept { return unit_count_; }
  [[nodiscard]] int max_in_flight() const noexcept { return max_in_flight_; }
  [[nodiscard]] Unit make_unit(std::int64_t index) const;

  // [engine]
  enum class Phase : std::uint8_t { Queued, Preparing, Running, Finishing };
  struct Schedule {
    Phase phase = Phase::Queued;
    std::int64_t next_unit = 0;
    std::int64_t units_done = 0;
    int in_flight = 0;     // units that hold a tensor
    int active_steps = 0;  // workers inside a step of this job
    std::deque<Unit> ready;
    std::vector<AlignedBytes> free_tensors;
    std::exception_ptr failure;
  };
  Schedule schedule;

 private:
  void report(Stage stage, bool force);
  void check_memory() const;
  [[nodiscard]] ScoreResult collect();
  [[nodiscard]] std::vector<std::string> warnings() const;
  [[nodiscard]] TileOutput collect_output(std::size_t output);

  const std::shared_ptr<const slide::Slide> slide_;
  const ScoreRequest request_;
  const ScoreCallbacks callbacks_;
  const Environment environment_;
  CancelToken cancel_;
  StageMetrics metrics_;
  const Clock::time_point start_ = Clock::now();

  Prepared prepared_;
  std::unique_ptr<StoredTileCache> cache_;
  std::vector<std::string> output_names_;
  std::int64_t run_tiles_ = 1;   // tiles per run of the graph; 0: as many as the unit has
  std::int64_t unit_tiles_ = 1;  // tiles per unit, a multiple of run_tiles_
  std::int64_t unit_count_ = 0;
  int max_in_flight_ = 1;
  std::vector<std::vector<std::vector<double>>> unit_outputs_;  // [unit][output]; each unit's slot has one writer

  std::mutex progress_mutex_;
  std::int64_t tiles_done_ = 0;
  std::int64_t tiles_total_ = 0;  // known after prepare()
  Clock::time_point last_report_{};
};

}  // namespace microtome::pipeline
