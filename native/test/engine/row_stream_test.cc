// Rows that are given away while a slide is encoded: each once, within their window of memory, whoever is slow.
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/engine.h"
#include "test/check.h"
#include "test/support/heap_memory.h"
#include "test/support/only_runner.h"
#include "test/support/scored_slides.h"

namespace {

using namespace microtome;
using namespace microtome::engine;

constexpr std::int64_t kSide = 12;  // tiles
constexpr std::int64_t kTiles = kSide * kSide;
constexpr std::int64_t kTokens = 4;
constexpr std::int64_t kColumns = 1024;  // of a row; with the four tokens of 256 values
constexpr std::int64_t kTileBytes = kColumns * std::int64_t{sizeof(float)};
constexpr std::int64_t kLimit = 1 << 20;
constexpr std::int64_t kWindowTiles = kLimit / 8 / kTileBytes;
constexpr std::int64_t kRunTiles = 4;

// Value i of a tile is the red of its first pixel plus i.
class WideRunner final : public Runner {
 public:
  explicit WideRunner(bool is_told) : is_told_(is_told) {}
  [[nodiscard]] Traits traits() const noexcept override { return {}; }
  [[nodiscard]] std::int64_t rows_of_a_batch(std::int64_t wanted, std::size_t /*row_bytes*/) const noexcept override {
    return wanted;
  }
  [[nodiscard]] bool pads() const noexcept override { return false; }
  [[nodiscard]] std::int64_t columns_of(const std::string& /*output*/) const noexcept override {
    return is_told_ ? kColumns : 0;
  }
  [[nodiscard]] std::int64_t token_columns_of(const std::string& /*output*/) const override {
    return is_told_ || has_run_ ? kColumns / kTokens : 0;
  }
  [[nodiscard]] std::unique_ptr<BatchMemory> make_memory(std::size_t bytes) override {
    return std::make_unique<test::HeapMemory>(bytes);
  }
  void submit(Batch& batch, CancelToken& /*cancel*/, Done done) noexcept override {
    batch.outputs.assign(1, {});
    for (std::int64_t row = 0; row < batch.rows; ++row) {
      const double red = *reinterpret_cast<const float*>(batch.row(row));
      for (std::int64_t i = 0; i < kColumns; ++i) batch.outputs[0].push_back(red + static_cast<double>(i));
    }
    has_run_ = true;
    done();
  }

 private:
  const bool is_told_;
  std::atomic<bool> has_run_{false};
};

// What a job gave away. Any thread.
class Taker {
 public:
  [[nodiscard]] RowCallbacks callbacks() {
    return {.plan =
                [this](RowPlan plan) {
                  std::scoped_lock lock(mutex_);
                  plans_.push_back(std::move(plan));
                  came_before_plan_ = came_before_plan_ || !blocks_.empty();
                },
            .rows =
                [this](RowBlock block) {
                  std::scoped_lock lock(mutex_);
                  held_tiles_ += std::ssize(block.items);
                  most_held_tiles_ = std::max(most_held_tiles_, held_tiles_);
                  blocks_.push_back(std::move(block));
                  changed_.notify_all();
                }};
  }
  void wait_for_tiles(std::int64_t tiles) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return held_tiles_ >= tiles; });
  }
  // The oldest block, which counts until the caller lets go of it.
  RowBlock next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !blocks_.empty(); });
    RowBlock block = std::move(blocks_.front());
    blocks_.pop_front();
    held_tiles_ -= std::ssize(block.items);
    return block;
  }
  [[nodiscard]] const std::vector<RowPlan>& plans() const { return plans_; }
  [[nodiscard]] std::int64_t most_held_tiles() const { return most_held_tiles_; }
  [[nodiscard]] bool came_before_plan() const { return came_before_plan_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<RowPlan> plans_;
  std::deque<RowBlock> blocks_;
  std::int64_t held_tiles_ = 0;
  std::int64_t most_held_tiles_ = 0;
  bool came_before_plan_ = false;
};

ScoreRequest rows_request(aggregate::Pool pool = {}) {
  ScoreRequest request = test::means_request();
  request.keep_tiles = false;
  request.heads.clear();
  request.slide_outputs.clear();
  request.rows = {{.encoder = 0, .output = 0, .pool = pool}};
  return request;
}

struct Scene {
  Taker taker;
  std::unique_ptr<Engine> engine;
  std::shared_ptr<ScoreJob> job;
  std::future<ScoreOutcome> outcome;

  explicit Scene(int threads, bool is_told = true, std::int64_t limit = kLimit)
      : engine(std::make_unique<Engine>(WorkerPool::create(threads), test::only(std::make_unique<WideRunner>(is_told)),
                                        EngineOptions{.threads = threads, .memory_bytes = limit})) {}

  void start(ScoreRequest request) {
    auto promise = std::make_shared<std::promise<ScoreOutcome>>();
    outcome = promise->get_future();
    job = engine->score(test::coloured_slide(7, kSide), std::move(request),
                        {.progress = {},
                         .done = [promise](ScoreOutcome result) { promise->set_value(std::move(result)); },
                         .rows = taker.callbacks()});
  }
};

double red_of(std::uint32_t tile) { return test::colour_of(7, tile % kSide, tile / kSide, 0); }

TEST(each_row_comes_once_whatever_the_threads) {
  for (const bool is_told : {true, false})
    for (const int threads : {1, 2, 4}) {
      Scene scene(threads, is_told);
      scene.start(rows_request());
      std::map<std::uint32_t, int> seen;
      int wrong = 0;
      while (std::ssize(seen) < kTiles) {
        const RowBlock block = scene.taker.next();
        CHECK_EQ(block.columns, kColumns);
        CHECK_EQ(block.tokens, kTokens);
        for (std::size_t i = 0; i < block.items.size(); ++i) {
          ++seen[block.items[i]];
          for (std::int64_t column = 0; column < kColumns; ++column)
            wrong += (*block.values)[i * kColumns + static_cast<std::size_t>(column)] !=
                     static_cast<float>(red_of(block.items[i]) + static_cast<double>(column));
        }
      }
      const ScoreOutcome outcome = scene.outcome.get();
      CHECK(std::holds_alternative<ScoreResult>(outcome));
      CHECK_EQ(wrong, 0);
      for (const auto& [tile, times] : seen) CHECK_EQ(times, 1);
      CHECK(!scene.taker.came_before_plan());
      CHECK_EQ(std::ssize(scene.taker.plans()), 1);
      CHECK_EQ(scene.taker.plans()[0].tiles, kTiles);
      CHECK_EQ(scene.taker.plans()[0].x[13], static_cast<double>(test::kScoredTilePx));
      CHECK_EQ(scene.taker.plans()[0].y[13], static_cast<double>(test::kScoredTilePx));
      CHECK(scene.engine->peak_memory_bytes() <= kLimit);
    }
}

TEST(rows_are_pooled_before_they_leave) {
  for (const auto kind : {aggregate::Pool::Kind::First, aggregate::Pool::Kind::Mean}) {
    Scene scene(2, false);
    scene.start(rows_request({.kind = kind, .skip = 1}));
    // Mean of the tokens 1, 2 and 3: value i of token 2.
    const double offset = kind == aggregate::Pool::Kind::First ? 0 : 2 * kColumns / kTokens;
    std::int64_t tiles = 0;
    while (tiles < kTiles) {
      const RowBlock block = scene.taker.next();
      CHECK_EQ(block.columns, kColumns / kTokens);
      CHECK_EQ(block.tokens, 1);
      for (std::size_t i = 0; i < block.items.size(); ++i)
        CHECK_EQ((*block.values)[i * kColumns / kTokens + 5], static_cast<float>(red_of(block.items[i]) + offset + 5));
      tiles += std::ssize(block.items);
    }
    CHECK(std::holds_alternative<ScoreResult>(scene.outcome.get()));
  }
}

TEST(workers_stop_at_the_window_until_rows_come_back) {
  for (const int threads : {1, 3}) {
    Scene scene(threads);
    scene.start(rows_request());
    scene.taker.wait_for_tiles(kWindowTiles - kRunTiles + 1);  // no run more fits
    for (std::int64_t tiles = 0; tiles < kTiles;) {
      // Only the oldest goes; the others stay.
      const RowBlock block = scene.taker.next();
      tiles += std::ssize(block.items);
    }
    CHECK(std::holds_alternative<ScoreResult>(scene.outcome.get()));
    // The block that next() gave counts beside those that are held.
    CHECK(scene.taker.most_held_tiles() <= kWindowTiles);
    CHECK(scene.engine->peak_memory_bytes() <= kLimit);
  }
}

// The window is as large as one run where a share of the limit is less.
TEST(one_run_always_fits) {
  constexpr std::int64_t kLittle = 126 << 10;
  static_assert(kLittle / 8 / kTileBytes < kRunTiles);
  for (const bool is_told : {true, false}) {
    Scene scene(2, is_told, kLittle);
    scene.start(rows_request());
    std::int64_t tiles = 0;
    while (tiles < kTiles) tiles += std::ssize(scene.taker.next().items);
    CHECK(std::holds_alternative<ScoreResult>(scene.outcome.get()));
    CHECK(scene.engine->peak_memory_bytes() <= kLittle);
  }
}

TEST(a_job_ends_when_it_is_cancelled_though_its_rows_are_held) {
  Scene scene(2);
  scene.start(rows_request());
  scene.taker.wait_for_tiles(kWindowTiles - kRunTiles + 1);
  scene.engine->cancel(scene.job);
  const ScoreOutcome outcome = scene.outcome.get();
  CHECK(std::holds_alternative<std::exception_ptr>(outcome));
  // The memory is the taker's, also when the engine is gone.
  scene.job.reset();
  scene.engine.reset();
  const RowBlock block = scene.taker.next();
  CHECK_EQ((*block.values)[0], static_cast<float>(red_of(block.items[0])));
}

TEST(a_job_without_rows_or_outputs_and_one_that_stops_early_are_no_programs) {
  Scene scene(1);
  ScoreRequest request = rows_request();
  request.rows[0].output = 1;
  CHECK_THROWS(INVALID_OPTION, scene.start(request));
  request = rows_request();
  request.stopping = StoppingRequest{};
  CHECK_THROWS(INVALID_OPTION, scene.start(request));
}

}  // namespace

TEST_MAIN
