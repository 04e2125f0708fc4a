// The scheduler with runners that need no runtime: what a batch holds, what is refused, and that nobody waits for ever.
// A row's only value is its tile's colour.
#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <future>
#include <thread>

#include "engine/engine.h"
#include "test/check.h"
#include "test/support/fake_slide.h"
#include "test/support/heap_memory.h"
#include "test/support/only_runner.h"

using namespace microtome;
using namespace microtome::engine;

namespace {

constexpr std::int64_t kTilePx = 32;

struct Shape {
  int in_flight = 0;
  std::int64_t fixed_rows = 0;  // 0: as wanted
  bool has_memory = true;
};

class ColourRunner final : public Runner {
 public:
  explicit ColourRunner(Shape shape, std::atomic<int>* runs = nullptr) : shape_(shape), runs_(runs) {}

  [[nodiscard]] Traits traits() const noexcept override {
    return {.memory = MemoryKind::Host, .in_flight = shape_.in_flight, .spans_jobs = shape_.in_flight > 0};
  }
  [[nodiscard]] std::int64_t rows_of_a_batch(std::int64_t wanted, std::size_t /*row_bytes*/) const noexcept override {
    return shape_.fixed_rows > 0 ? shape_.fixed_rows : wanted;
  }
  [[nodiscard]] bool pads() const noexcept override { return shape_.fixed_rows > 0; }
  [[nodiscard]] std::int64_t columns_of(const std::string& /*output*/) const noexcept override { return 1; }
  [[nodiscard]] std::unique_ptr<BatchMemory> make_memory(std::size_t bytes) override {
    if (!shape_.has_memory) throw Error(Code::OUT_OF_MEMORY, Stage::Preprocess, "the device has no memory");
    return std::make_unique<test::HeapMemory>(bytes);
  }
  void submit(Batch& batch, CancelToken& /*cancel*/, Done done) noexcept override {
    batch.outputs.assign(1, {});
    for (std::int64_t i = 0; i < batch.rows; ++i) {
      float colour = 0;
      std::memcpy(&colour, batch.row(i), sizeof colour);
      batch.outputs[0].push_back(static_cast<double>(colour));
    }
    if (runs_ != nullptr) ++*runs_;
    done();
  }

 private:
  const Shape shape_;
  std::atomic<int>* const runs_;
};

std::uint8_t colour_of(std::int64_t tile) { return static_cast<std::uint8_t>(1 + tile % 250); }

std::shared_ptr<test::FakeSlide> make_slide(std::int64_t across, std::int64_t down) {
  auto slide = std::make_shared<test::FakeSlide>();
  slide->add_level(across * kTilePx, down * kTilePx, kTilePx);
  for (std::int64_t tile = 0; tile < across * down; ++tile)
    slide->set_tile(0, tile % across, tile / across,
                    std::vector<std::uint8_t>(static_cast<std::size_t>(3 * kTilePx * kTilePx), colour_of(tile)));
  return slide;
}

ScoreRequest make_request(std::int64_t batch_size) {
  ScoreRequest request;
  GridRequest grid;
  grid.level = 0;
  grid.mask = Everywhere{};
  grid.grid.size_px = kTilePx;
  grid.grid.stride_px = kTilePx;
  grid.grid.keep = tiles::KeepRule::All;
  request.tiles.push_back(std::move(grid));
  EncoderRequest encoder{.name = "encoder", .outputs = {{.name = "colour"}}};
  encoder.format.size_px = kTilePx;
  encoder.format.scale = 1;
  request.encoders.push_back(std::move(encoder));
  request.heads = {{.name = "colour", .how = SimpleHead{}}};
  request.slide_outputs = {{.name = "colour", .of = {{}}, .calibration = {}, .clip = {}}};
  request.batch_size = batch_size;
  request.reproducible = false;
  request.keep_tiles = true;
  return request;
}

std::future<ScoreOutcome> start(
    Engine& engine, std::shared_ptr<const slide::Slide> slide, ScoreRequest request,
    std::function<void(const Progress&)> progress = [](const Progress&) {}, std::function<void()> before_end = {}) {
  auto promise = std::make_shared<std::promise<ScoreOutcome>>();
  auto outcome = promise->get_future();
  engine.score(std::move(slide), std::move(request),
               {.progress = std::move(progress), .done = [promise, before_end](ScoreOutcome result) {
                  if (before_end) before_end();
                  promise->set_value(std::move(result));
                }});
  return outcome;
}

std::unique_ptr<Engine> make_engine(const std::shared_ptr<WorkerPool>& pool, int threads, Shape shape,
                                    std::int64_t memory_bytes = 1 << 30, std::atomic<int>* runs = nullptr) {
  return std::make_unique<Engine>(pool, test::only(std::make_unique<ColourRunner>(shape, runs)),
                                  EngineOptions{.threads = threads, .memory_bytes = memory_bytes});
}

bool is_scored(const ScoreOutcome& outcome) { return std::holds_alternative<ScoreResult>(outcome); }

int wrong_values(const ScoreOutcome& outcome) {
  const auto& values = std::get<ScoreResult>(outcome).tables[0].outputs[0].values;
  int wrong = 0;
  for (std::size_t i = 0; i < values.size(); ++i)
    wrong += values[i] != static_cast<double>(colour_of(static_cast<std::int64_t>(i)));
  return wrong;
}

// The least memory that one slide can be scored in.
std::int64_t least_memory(Shape shape, std::int64_t across, std::int64_t down, std::int64_t batch_size) {
  std::int64_t too_little = 0, enough = 64 << 20;
  while (enough - too_little > 1) {
    const std::int64_t tried = (enough + too_little) / 2;
    const auto pool = WorkerPool::create(1);
    const auto engine = make_engine(pool, 1, shape, tried);
    const bool fits = is_scored(start(*engine, make_slide(across, down), make_request(batch_size)).get());
    (fits ? enough : too_little) = tried;
  }
  return enough;
}

}  // namespace

// A graph's batch of 5 does not divide the 32 tiles of a claim. Only the last run is short.
TEST(runs_are_whole_whatever_is_claimed) {
  for (const std::int64_t rows : {5, 24, 64}) {
    std::atomic<int> runs{0};
    const auto pool = WorkerPool::create(2);
    const auto engine = make_engine(pool, 2, {.fixed_rows = rows}, 1 << 30, &runs);
    const auto outcome = start(*engine, make_slide(40, 25), make_request(4)).get();
    CHECK_EQ(wrong_values(outcome), 0);
    CHECK_EQ(runs.load(), static_cast<int>((1000 + rows - 1) / rows));
  }
}

// While a slide is being finished it has its memory still: the next one waits for it, and is not refused.
TEST(a_slide_waits_for_the_memory_of_one_that_is_being_finished) {
  const std::int64_t memory = least_memory({}, 6, 6, 4);
  const auto pool = WorkerPool::create(2);
  const auto engine = make_engine(pool, 2, {}, memory);
  const auto other = make_engine(pool, 2, {});
  std::future<ScoreOutcome> second;
  // The other worker has asked for the second slide's first step before it is done with the third slide.
  const auto first = start(
      *engine, make_slide(6, 6), make_request(4), [](const Progress&) {},
      [&] {
        second = start(*engine, make_slide(6, 6), make_request(4));
        CHECK(is_scored(start(*other, make_slide(3, 3), make_request(4)).get()));
      });
  first.wait();
  CHECK(is_scored(second.get()));
}

// Slides that share a batch may want batches of different sizes.
TEST(a_shared_batch_keeps_the_rows_that_are_in_it) {
  const auto pool = WorkerPool::create(1);
  const auto engine = make_engine(pool, 1, {.in_flight = 2});
  std::promise<void> gate;  // no tile is worked on before both slides are there
  const auto opened = gate.get_future().share();
  auto small = start(*engine, make_slide(3, 2), make_request(4), [opened](const Progress&) { opened.wait(); });
  auto large = start(*engine, make_slide(8, 5), make_request(32));
  gate.set_value();
  CHECK_EQ(wrong_values(small.get()), 0);
  CHECK_EQ(wrong_values(large.get()), 0);
}

TEST(a_device_without_memory_fails_the_slide) {
  const auto pool = WorkerPool::create(2);
  const auto engine = make_engine(pool, 2, {.in_flight = 2, .has_memory = false});
  const auto outcome = start(*engine, make_slide(6, 6), make_request(4)).get();
  CHECK(!is_scored(outcome));
  try {
    std::rethrow_exception(std::get<std::exception_ptr>(outcome));
  } catch (const Error& error) {
    CHECK(error.code() == Code::OUT_OF_MEMORY);
  }
}

// The plan of a slide that waits must not take the memory of the batch that the slide before it needs.
TEST(a_slide_that_waits_leaves_a_batch_to_those_that_run) {
  constexpr Shape kShape{.in_flight = 1};
  const std::int64_t memory = least_memory(kShape, 6, 6, 16);
  const auto pool = WorkerPool::create(1);
  const auto engine = make_engine(pool, 1, kShape, memory);
  std::promise<void> gate;
  const auto opened = gate.get_future().share();
  auto first = start(*engine, make_slide(6, 6), make_request(16), [opened](const Progress&) { opened.wait(); });
  auto second = start(*engine, make_slide(2, 2), make_request(16));
  gate.set_value();
  // Long enough for any machine; only a test that fails takes it.
  CHECK(first.wait_for(std::chrono::minutes(1)) == std::future_status::ready);
  CHECK(second.wait_for(std::chrono::minutes(1)) == std::future_status::ready);
  engine->close();
  CHECK(is_scored(first.get()));
  CHECK(is_scored(second.get()));
}

// Ending workers that are no longer wanted takes until their steps are over. Nobody else waits for that.
TEST(a_job_is_added_while_workers_end) {
  const auto pool = WorkerPool::create(1);
  auto lease = pool->lease(3);
  std::promise<void> gate;
  const auto opened = gate.get_future().share();
  std::vector<std::unique_ptr<Engine>> engines;
  std::vector<std::future<ScoreOutcome>> outcomes;
  std::atomic<int> held{0};
  for (int i = 0; i < 3; ++i) {
    engines.push_back(make_engine(pool, 1, {}));
    outcomes.push_back(start(*engines.back(), make_slide(2, 2), make_request(4),
                             [&held, opened, first = std::make_shared<std::atomic<bool>>(true)](const Progress&) {
                               if (first->exchange(false)) ++held;
                               opened.wait();
                             }));
  }
  while (held < 3) std::this_thread::yield();
  auto released = std::async(std::launch::async, [&] { lease.release(); });
  auto added = std::async(std::launch::async, [&] {
    for (int i = 0; i < 50; ++i) {
      outcomes.push_back(start(*engines[0], make_slide(2, 2), make_request(4)));
      std::this_thread::yield();
    }
  });
  // Long enough for any machine; only a test that fails takes it.
  CHECK(added.wait_for(std::chrono::minutes(1)) == std::future_status::ready);
  gate.set_value();
  released.get();
  added.get();
  for (auto& outcome : outcomes) CHECK(is_scored(outcome.get()));
}

TEST_MAIN
