// One slide that is scored.
//
//   prepare ─► start ─► work(range) on many workers at once ─► finish
//                            ▲                          │
//                            └──── look: the tiles of a stage are through. The stopping rule goes on with more of them,
//                                  or selection says which ones the encoders of the next stage get
//
// A range is some positions of the pass, claimed by one worker. An inline runner goes through them in runs: the worker
// decodes the tiles of one run of the graph into its batch and infers them at once, while the rows are still in the
// caches. Which tiles share a run follows from the plan alone, never from who claimed what. For a device the worker
// fills its range's rows of a batch that other slides may share (batch_queue.h), and they come back later.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/bag.h"
#include "engine/batch_pool.h"
#include "engine/batch_queue.h"
#include "engine/job.h"
#include "engine/kept_outputs.h"
#include "engine/lanes.h"
#include "engine/needs.h"
#include "engine/program_stages.h"
#include "engine/row_stream.h"
#include "engine/runner.h"
#include "engine/score_request.h"
#include "engine/slide_colour.h"
#include "engine/tile_pass.h"
#include "infer/head_graph.h"
#include "slide/slide.h"

namespace microtome::engine {

class ScoreJob final : public Job, public RowOwner {
 public:
  struct Means {
    std::vector<GraphMeans> graphs;
    std::vector<std::shared_ptr<infer::HeadGraph>> heads;
    std::shared_ptr<BatchPool> batches;  // of runners that run inline
    int threads = 1;
  };

  ScoreJob(std::shared_ptr<const slide::Slide> slide, ScoreRequest request, ScoreCallbacks callbacks,
           std::shared_ptr<Crew> crew, Means means);

  std::optional<Step> next(Urgency urgency) override;
  void run(Worker& worker, Step& step) override;
  void ended(Step& step, bool well) override;
  bool may_go_on(Step& step) override;
  [[nodiscard]] bool asks_first() const noexcept override { return !local_; }
  [[nodiscard]] bool is_over() const override { return phase_ == Phase::Over; }
  [[nodiscard]] Stage short_of() const override;

  void take_rows(Range positions, OutputRows& outputs, std::int64_t first_row,
                 std::int64_t rows_in_batch) noexcept override;
  void told(std::int64_t rows, std::int64_t device_ns, const std::vector<std::string>& notes) noexcept override;
  void decoded(std::int64_t by_device, std::int64_t refused) noexcept override;
  void bad_row(std::int64_t position, const std::string& why) noexcept override;
  void lose_rows(Range positions, const std::exception_ptr& failure) noexcept override;
  void rows_back(Range positions) noexcept override;

 private:
  // Planned: waits for memory. Over: done was called.
  enum class Phase : std::uint8_t { Queued, Preparing, Planned, Starting, Running, Finishing, Over };

  std::optional<Step> next_finish();
  std::optional<Step> next_prepare();
  std::optional<Step> next_start();
  std::optional<Step> next_look();
  std::optional<Step> next_work();
  void drop_idle_batches();
  bool reserve_all();
  [[nodiscard]] BatchQueue* queue_at(std::int64_t position) const noexcept;
  bool take_batch(Step& step);
  [[nodiscard]] Range claim(std::int64_t most);
  [[nodiscard]] std::int64_t room_tiles() const;
  [[nodiscard]] std::int64_t claim_for_queue(std::int64_t room) const;
  void give_back_batch(Step& step);
  void begin_stage();
  void ended_prepare(bool well);
  void let_go(Step& step);

  // In score_steps.cc:
  void prepare(Worker& worker);
  void read_images(Worker& worker);
  void find_colours(Worker& worker);
  void forget_plan();
  void start();
  void begin_pass();
  void tell_row_plans() const;
  void work(Worker& worker, Step& step);
  [[nodiscard]] std::uint8_t* pixel_room(Worker& worker, Range run, const Lane& lane) const;
  void read_pixels(Worker& worker, Range run, const Lane& lane, std::uint8_t* pixels);
  void to_tensors(Worker& worker, std::int64_t count, const preprocess::TensorFormat& format, std::uint8_t* rows);
  void fill(Worker& worker, Range range, const Lane& lane, std::uint8_t* rows);
  void run_inline(Worker& worker, Range run, Batch& batch);
  void encode(Worker& worker, Range run, const Lane& lane, std::size_t encoder, Batch& batch);
  void encode_turned(Worker& worker, Range run, std::size_t encoder, Batch& batch);
  void infer(std::size_t encoder, std::int64_t rows, Batch& batch);
  // In score_rows.cc:
  void activate(std::size_t encoder, OutputRows& outputs, std::int64_t first_row, std::int64_t rows,
                std::int64_t rows_in_batch) const;
  void keep(std::size_t encoder, Range positions, OutputRows& outputs, std::int64_t first_row,
            std::int64_t rows_in_batch);
  void give_rows(std::size_t encoder, std::size_t output, std::span<const std::uint32_t> items,
                 std::span<const double> values);
  // In score_steps.cc:
  void look_at_score();
  void next_stage();
  void select();
  [[nodiscard]] std::vector<std::size_t> kept_places(const SelectRule& rule, const Bag& bag) const;
  void end_pass();
  void report(Stage stage, bool force);
  void finish();
  // In score_outcome.cc:
  [[nodiscard]] ScoreOutcome outcome_of();
  [[nodiscard]] ScoreResult collect();
  void require_pixels() const;
  [[nodiscard]] TileTable table_of(std::size_t input);
  [[nodiscard]] std::vector<TileOutput> outputs_of(std::size_t input);
  void keep_scored(TileTable& table) const;
  // In score_heads.cc:
  [[nodiscard]] aggregate::HeadOutputs run_heads();
  [[nodiscard]] double simple_value(const HeadRequest& head) const;
  [[nodiscard]] MemoryBudget::Reservation reserve_copies(std::int64_t bytes);
  [[nodiscard]] std::vector<std::vector<double>> graph_values(std::size_t head, const aggregate::HeadOutputs& earlier);
  [[nodiscard]] std::vector<std::string> warnings() const;

  // Positions to be scored before the next look, or in the end; changed by look() only.
  [[nodiscard]] std::int64_t limit() const noexcept { return rule_ ? rule_->limit() : pass_->size(); }
  [[nodiscard]] bool is_last_stage() const noexcept { return stage_ + 1 >= stages_.stages.size(); }

  std::shared_ptr<const slide::Slide> slide_;  // let go of when the job is over
  const ScoreRequest request_;
  ScoreCallbacks callbacks_;
  Means means_;       // until the job is over
  const bool local_;  // the slide's bytes are read, not fetched
  const ProgramStages stages_;
  std::vector<EncoderMeans> encoders_;
  const std::int64_t memory_limit_;
  const Clock::time_point start_ = Clock::now();

  PlanningNeeds planning_;
  std::optional<Preparation> preparation_;  // until it has run
  Prepared prepared_;                       // its plans move into the pass, and back
  bool is_planned_ = false;
  std::vector<decode::Region> images_;  // as they were read: the colours are changed when a head takes one
  std::optional<decode::SlideImageReader> image_reader_;  // of the one that is read
  std::optional<SlideColour> colour_;                     // where it is asked for
  std::unique_ptr<StainSampling> stain_sampling_;         // until it has run
  ScoringNeeds needs_;
  RowNeeds row_needs_;
  std::optional<StoppingRule> rule_;
  std::unique_ptr<TilePass> pass_;  // of the stage
  std::vector<Lane> lanes_;         // of the pass
  std::size_t batch_bytes_ = 0;     // of the largest run of the pass
  std::size_t stage_ = 0;
  std::vector<std::unique_ptr<KeptOutputs>> kept_;  // by encoder
  std::shared_ptr<RowStream> rows_;                 // null where no rows are given away; until the job is over
  std::vector<std::vector<Bag>> bags_;              // by stage, then input: what its encoders get; at last what is left
  std::vector<std::vector<std::int64_t>> left_;     // by input: tiles that each rule left
  std::vector<std::vector<preprocess::Quality>> quality_;  // by input; empty where nobody asks
  std::vector<std::vector<TileColumn>> tile_columns_;      // by input: what heads gave for each tile
  StoredTileCache::Counts counts_;                         // of passes that are over
  bool has_more_looks_ = false;
  bool gives_up_plan_ = false;  // of the step that runs: start() has nothing to start
  bool plans_alone_ = false;    // it gave up a plan for want of memory

  // [pool]
  Phase phase_ = Phase::Queued;
  Phase counts_as_ = Phase::Queued;     // what it was before it was finished
  std::int64_t next_ = 0;               // first position that nobody has claimed
  std::int64_t end_ = 0;                // first position that nobody may claim, yet
  bool looks_ = false;                  // at end_ the stopping rule or selection is asked
  int active_steps_ = 0;                // given out and not ended, those that wait for bytes among them
  std::int64_t rows_out_ = 0;           // positions that a device has
  std::deque<Step> leftovers_;          // ranges whose bytes are here, and whose rows found no room
  MemoryBudget::Reservation reserved_;  // for the mask and the plan, then for the plan
  MemoryBudget::Reservation reserved_more_;
  MemoryBudget::Reservation cache_reserved_;
  std::shared_ptr<Batch> own_batch_;  // the one that was reserved with the rest

  std::mutex failure_mutex_;
  std::exception_ptr rows_failure_;  // of take_rows and lose_rows, until the pool hears of it
  std::set<std::string> notes_;      // of devices

  std::atomic<std::int64_t> refused_rows_{0};  // JPEG that a device did not decode

  std::mutex progress_mutex_;
  std::atomic<std::int64_t> tiles_done_{0};
  std::int64_t tiles_total_ = 0;  // of the stages so far
  Clock::time_point last_report_{};
};

}  // namespace microtome::engine
