// A slide whose bytes come later: no worker waits for them, and the result is that of the file. The source answers when
// the test says so, so that nothing here depends on time. Needs ONNX Runtime (MICROTOME_ORT_LIBRARY).
#include <atomic>
#include <future>
#include <map>
#include <thread>

#include "engine/claims.h"
#include "engine/engine.h"
#include "engine/model_runner.h"
#include "engine/stream_job.h"
#include "slide/paged_source.h"
#include "test/check.h"
#include "test/support/heap_memory.h"
#include "test/support/late_slide.h"
#include "test/support/only_runner.h"
#include "test/support/scored_slides.h"

using namespace microtome;
using namespace microtome::engine;
using namespace microtome::test;

namespace {

bool skipped(const char* name) {
  if (!ort_library().empty()) return false;
  std::printf("skipped: %s\n", name);
  return true;
}

std::unique_ptr<Engine> make_engine(const std::shared_ptr<WorkerPool>& pool, int threads) {
  static const TemporaryFolder folder;
  infer::set_runtime_path(ort_library());
  const auto path = folder.write("means.onnx", models::channel_means("n", kScoredTilePx));
  auto runner = std::make_unique<ModelRunner>(infer::Model::load(path, {.device = "cpu", .log = {}}));
  return std::make_unique<Engine>(pool, test::only(std::move(runner)), EngineOptions{.threads = threads});
}

double score_of(ScoreOutcome outcome) { return std::get<ScoreResult>(outcome).slide_outputs[0].value; }

Code code_of(const ScoreOutcome& outcome) {
  try {
    std::rethrow_exception(std::get<std::exception_ptr>(outcome));
  } catch (const Error& error) {
    return error.code();
  }
}

constexpr std::int64_t kSide = 12;
// Of a slide with more tiles than are asked for ahead.
constexpr std::int64_t kLargeSide = 40;

// Runs the tiles of one claim, and nothing more before the test says so.
class HeldRunner final : public Runner {
 public:
  explicit HeldRunner(std::shared_future<void> go) : go_(std::move(go)) {}

  [[nodiscard]] Traits traits() const noexcept override { return {}; }
  [[nodiscard]] std::int64_t rows_of_a_batch(std::int64_t wanted, std::size_t /*row_bytes*/) const noexcept override {
    return wanted;
  }
  [[nodiscard]] bool pads() const noexcept override { return false; }
  [[nodiscard]] std::int64_t columns_of(const std::string& /*output*/) const noexcept override { return 1; }
  [[nodiscard]] std::unique_ptr<BatchMemory> make_memory(std::size_t bytes) override {
    return std::make_unique<HeapMemory>(bytes);
  }
  void submit(Batch& batch, CancelToken& /*cancel*/, Done done) noexcept override {
    rows_ += batch.rows;
    if (rows_ > kClaimTiles) go_.wait();
    batch.outputs.assign(1, std::vector<double>(static_cast<std::size_t>(batch.rows), 0.5));
    done();
  }

 private:
  const std::shared_future<void> go_;
  std::atomic<std::int64_t> rows_ = 0;
};

}  // namespace

TEST(no_worker_waits_for_bytes) {
  if (skipped(__func__)) return;
  const auto engine = make_engine(WorkerPool::create(1), 1);
  const double expected = score_of(start_scoring(*engine, coloured_slide(1, kSide), means_request()).outcome.get());
  const auto late = std::make_shared<LateSlide>(1, kSide);
  auto waiting = start_scoring(*engine, late, means_request());
  late->bytes().wait_for_questions(1);
  // The only worker scores other slides while nothing is answered.
  for (int seed = 2; seed < 6; ++seed)
    CHECK(std::holds_alternative<ScoreResult>(
        start_scoring(*engine, coloured_slide(seed, 5), means_request()).outcome.get()));
  CHECK(waiting.outcome.wait_for(std::chrono::seconds(0)) == std::future_status::timeout);
  late->bytes().answer_all();
  CHECK_EQ(score_of(waiting.outcome.get()), expected);
}

TEST(a_slide_that_waits_for_its_overview_keeps_no_other_from_planning) {
  if (skipped(__func__)) return;
  const auto engine = make_engine(WorkerPool::create(1), 1);
  ScoreRequest by_tissue = means_request();
  by_tissue.tiles[0].mask = tissue::TissueOptions{};
  by_tissue.tiles[0].grid.keep = tiles::KeepRule::Fraction;
  by_tissue.tiles[0].grid.min_tissue_fraction = 0;
  const double expected = score_of(start_scoring(*engine, coloured_slide(1, kSide), by_tissue).outcome.get());
  const auto late = std::make_shared<LateSlide>(1, kSide);
  auto waiting = start_scoring(*engine, late, by_tissue);
  late->bytes().wait_for_questions(1);
  for (int seed = 2; seed < 6; ++seed)
    CHECK(
        std::holds_alternative<ScoreResult>(start_scoring(*engine, coloured_slide(seed, 5), by_tissue).outcome.get()));
  late->bytes().answer_all();
  CHECK_EQ(score_of(waiting.outcome.get()), expected);
}

// Each slide fits alone, and no two of them together: they take turns, whoever came first.
TEST(slides_that_do_not_fit_together_take_turns) {
  if (skipped(__func__)) return;
  static const TemporaryFolder folder;
  const auto path = folder.write("means.onnx", models::channel_means("n", kScoredTilePx));
  for (const int threads : {1, 3}) {
    auto runner = std::make_unique<ModelRunner>(infer::Model::load(path, {.device = "cpu", .log = {}}));
    Engine engine(WorkerPool::create(2), test::only(std::move(runner)), {.threads = threads, .memory_bytes = 90'000});
    std::vector<Scoring> running;
    for (int seed = 0; seed < 12; ++seed)
      running.push_back(start_scoring(engine, coloured_slide(seed, 12), means_request()));
    for (auto& one : running) CHECK(std::holds_alternative<ScoreResult>(one.outcome.get()));
    CHECK(engine.peak_memory_bytes() <= 90'000);
  }
}

TEST(the_same_whatever_the_order_of_the_answers) {
  if (skipped(__func__)) return;
  for (const int threads : {1, 3}) {
    const auto engine = make_engine(WorkerPool::create(2), threads);
    ScoreRequest unaligned = means_request();
    unaligned.tiles[0].grid.stride_px = 20;  // stored tiles are shared by several tiles
    const double expected = score_of(start_scoring(*engine, coloured_slide(1, kSide), unaligned).outcome.get());
    for (const bool backwards : {false, true}) {
      const auto late = std::make_shared<LateSlide>(1, kSide);
      auto waiting = start_scoring(*engine, late, unaligned);
      std::thread answering([&] {
        while (waiting.outcome.wait_for(std::chrono::milliseconds(1)) == std::future_status::timeout)
          late->bytes().answer_one(backwards);
      });
      answering.join();
      CHECK_EQ(score_of(waiting.outcome.get()), expected);
      CHECK_EQ(late->bytes().asked_twice(), 0);
    }
  }
}

TEST(a_source_that_fails_fails_its_slide_alone) {
  if (skipped(__func__)) return;
  const auto engine = make_engine(WorkerPool::create(2), 2);
  const auto late = std::make_shared<LateSlide>(1, kSide);
  auto waiting = start_scoring(*engine, late, means_request());
  auto other = start_scoring(*engine, coloured_slide(2, kSide), means_request());
  late->bytes().wait_for_questions(1);
  late->bytes().fail_one();
  CHECK(code_of(waiting.outcome.get()) == Code::FILE_UNREADABLE);
  CHECK(std::holds_alternative<ScoreResult>(other.outcome.get()));
}

TEST(what_follows_is_asked_for_with_it) {
  if (skipped(__func__)) return;
  const auto engine = make_engine(WorkerPool::create(1), 1);
  const double expected =
      score_of(start_scoring(*engine, coloured_slide(1, kLargeSide), means_request()).outcome.get());
  const auto late = std::make_shared<LateSlide>(1, kLargeSide);
  late->bytes().answer_all();
  CHECK_EQ(score_of(start_scoring(*engine, late, means_request()).outcome.get()), expected);
  // 1600 tiles in claims of at most 32: one question for several of them, and nothing is asked for twice.
  CHECK(late->bytes().questions() <= 8);
  CHECK(late->bytes().asked_bytes() <= late->source().size());
}

TEST(bytes_are_asked_for_before_those_that_are_here_are_worked_on) {
  std::promise<void> go;
  const auto pool = WorkerPool::create(1);
  Engine engine(pool, test::only(std::make_unique<HeldRunner>(go.get_future().share())), {.threads = 1});
  const auto late = std::make_shared<LateSlide>(1, kLargeSide);
  auto waiting = start_scoring(engine, late, means_request());
  late->bytes().wait_for_questions(2);
  CHECK(late->bytes().answer_one(false));
  // The only worker has done one claim, and the runner will hold it with the next: it asked first.
  late->bytes().wait_for_questions(2);
  go.set_value();
  late->bytes().answer_all();
  CHECK_EQ(score_of(waiting.outcome.get()), 0.5);
}

TEST(cancelling_gives_up_what_was_asked_for) {
  if (skipped(__func__)) return;
  const auto engine = make_engine(WorkerPool::create(2), 2);
  const auto late = std::make_shared<LateSlide>(1, kSide);
  auto waiting = start_scoring(*engine, late, means_request());
  late->bytes().wait_for_questions(1);
  engine->cancel(waiting.job);
  CHECK(code_of(waiting.outcome.get()) == Code::CANCELLED);
  late->bytes().wait_until_forgotten();
  auto again = start_scoring(*engine, late, means_request());
  late->bytes().wait_for_questions(1);
  engine->close();
  CHECK(code_of(again.outcome.get()) == Code::CANCELLED);
}

TEST(streams_of_tiles_wait_for_nobody) {
  const auto pool = WorkerPool::create(1);
  const auto late = std::make_shared<LateSlide>(1, 4);
  GridRequest grid;
  grid.level = 0;
  grid.mask = Everywhere{};
  grid.grid.size_px = grid.grid.stride_px = kScoredTilePx;
  grid.grid.keep = tiles::KeepRule::All;
  StreamOptions options;
  options.batch_size = 4;
  const auto read = [&](const std::shared_ptr<const slide::Slide>& slide, const std::function<void()>& meanwhile) {
    auto stream = std::make_shared<StreamJob>(slide, grid, options, stream_crew(options));
    pool->add(stream);
    std::vector<std::uint8_t> all;
    for (;;) {
      std::promise<StreamJob::Outcome> promise;
      stream->next_batch([&](StreamJob::Outcome outcome) { promise.set_value(std::move(outcome)); });
      meanwhile();
      auto outcome = promise.get_future().get();
      auto& batch = std::get<std::optional<TileBatch>>(outcome);
      if (!batch) return all;
      CHECK_EQ(batch->bad_tiles, 0);
      all.insert(all.end(), batch->data->begin(), batch->data->begin() + static_cast<std::ptrdiff_t>(batch->bytes));
    }
  };
  const auto expected = read(coloured_slide(1, 4), [] {});
  CHECK(read(late, [&] {
          // Nothing is answered yet, and the only worker reads another slide.
          CHECK(!read(coloured_slide(2, 3), [] {}).empty());
          late->bytes().answer_all();
        }) == expected);
}

TEST_MAIN
