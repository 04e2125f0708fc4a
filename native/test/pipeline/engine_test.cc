// The scheduler with real steps: slides made of uncompressed tiles, a graph that gives the mean of each channel, many
// jobs at once, failures, cancelling and closing. Needs ONNX Runtime (MICROTOME_ORT_LIBRARY).
#include "pipeline/engine.h"

#include <functional>
#include <future>
#include <random>
#include <thread>

#include "test/check.h"
#include "test/support/fake_slide.h"
#include "test/support/models.h"

using namespace microtome;
using namespace microtome::pipeline;

namespace {

constexpr std::int64_t kTilePx = 32;

const test::TemporaryFolder& folder() {
  static const test::TemporaryFolder one;
  return one;
}

bool skipped(const char* name) {
  if (!test::ort_library().empty()) return false;
  std::printf("skipped: %s\n", name);
  return true;
}

// Every tile has one colour; tile (column, row) of slide `seed` is known to colour_of.
std::uint8_t colour_of(int seed, std::int64_t column, std::int64_t row, int channel) {
  return static_cast<std::uint8_t>((seed * 53 + column * 17 + row * 29 + channel * 71) % 256);
}

std::shared_ptr<test::FakeSlide> make_slide(int seed, std::int64_t side_tiles) {
  auto slide = std::make_shared<test::FakeSlide>();
  slide->add_level(side_tiles * kTilePx, side_tiles * kTilePx, kTilePx);
  for (std::int64_t row = 0; row < side_tiles; ++row)
    for (std::int64_t column = 0; column < side_tiles; ++column) {
      std::vector<std::uint8_t> bytes(static_cast<std::size_t>(3 * kTilePx * kTilePx));
      for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = colour_of(seed, column, row, static_cast<int>(i % 3));
      slide->set_tile(0, column, row, bytes);
    }
  return slide;
}

ScoreRequest make_request(std::int64_t batch_size) {
  ScoreRequest request;
  request.grid.level = 0;
  request.grid.mask = Everywhere{};
  request.grid.grid.size_px = kTilePx;
  request.grid.grid.stride_px = kTilePx;
  request.grid.grid.keep = tiles::KeepRule::All;
  request.preprocess.size_px = kTilePx;
  request.preprocess.scale = 1;
  request.outputs = {{.name = "means", .activation = aggregate::Activation::None}};
  request.heads = {{.name = "red", .output = 0, .column = 0, .head = {}}};
  request.batch_size = batch_size;
  request.keep_tiles = true;
  return request;
}

struct Pending {
  std::shared_ptr<ScoreJob> job;
  std::future<ScoreOutcome> outcome;
};

Pending start(
    Engine& engine, std::shared_ptr<const slide::Slide> slide, ScoreRequest request,
    std::function<void(const Progress&)> progress = [](const Progress&) {}) {
  auto promise = std::make_shared<std::promise<ScoreOutcome>>();
  Pending pending;
  pending.outcome = promise->get_future();
  pending.job = engine.score(std::move(slide), std::move(request),
                             {.progress = std::move(progress),
                              .done = [promise](ScoreOutcome outcome) { promise->set_value(std::move(outcome)); }});
  return pending;
}

Code code_of(const ScoreOutcome& outcome) {
  try {
    std::rethrow_exception(std::get<std::exception_ptr>(outcome));
  } catch (const Error& error) {
    return error.code();
  }
}

std::unique_ptr<Engine> make_engine(int threads) {
  infer::set_runtime_path(test::ort_library());
  const auto path = folder().write("means.onnx", test::models::channel_means("n", kTilePx));
  return std::make_unique<Engine>(EngineOptions{.model_path = path, .threads = threads});
}

int wrong_values(const ScoreResult& result, int seed, std::int64_t side_tiles) {
  int wrong = 0;
  for (std::int64_t i = 0; i < side_tiles * side_tiles; ++i)
    for (int c = 0; c < 3; ++c) {
      const double want = colour_of(seed, i % side_tiles, i / side_tiles, c);
      wrong += std::abs(result.outputs[0].values[static_cast<std::size_t>(3 * i + c)] - want) > 1e-3;
    }
  return wrong;
}

}  // namespace

TEST(every_tile_of_every_slide_comes_back_in_its_place) {
  if (skipped("every_tile_of_every_slide_comes_back_in_its_place")) return;
  for (const int threads : {1, 2, 5}) {
    const auto engine = make_engine(threads);
    std::vector<Pending> jobs;
    for (int seed = 0; seed < 12; ++seed)
      jobs.push_back(start(*engine, make_slide(seed, 3 + seed % 5), make_request(1 + seed)));
    for (int seed = 0; seed < 12; ++seed) {
      const auto outcome = jobs[static_cast<std::size_t>(seed)].outcome.get();
      CHECK(std::holds_alternative<ScoreResult>(outcome));
      const auto& result = std::get<ScoreResult>(outcome);
      const std::int64_t side = 3 + seed % 5;
      CHECK_EQ(result.tile_count, side * side);
      CHECK_EQ(result.stored.decoded, side * side);
      CHECK_EQ(wrong_values(result, seed, side), 0);
    }
  }
}

TEST(a_failing_slide_fails_alone) {
  if (skipped("a_failing_slide_fails_alone")) return;
  const auto engine = make_engine(3);
  const auto damaged = make_slide(1, 6);
  damaged->set_tile(0, 4, 4, std::vector<std::uint8_t>(9, 0));
  auto bad = start(*engine, damaged, make_request(4));
  auto good = start(*engine, make_slide(2, 6), make_request(4));
  const auto failed = bad.outcome.get();
  CHECK(std::holds_alternative<std::exception_ptr>(failed));
  const Code code = code_of(failed);
  CHECK(code == Code::CORRUPT_TILE || code == Code::TRUNCATED);
  const auto outcome = good.outcome.get();
  CHECK(std::holds_alternative<ScoreResult>(outcome));
  CHECK_EQ(wrong_values(std::get<ScoreResult>(outcome), 2, 6), 0);
}

TEST(jobs_are_cancelled_at_any_moment_and_the_engine_goes_on) {
  if (skipped("jobs_are_cancelled_at_any_moment_and_the_engine_goes_on")) return;
  const auto engine = make_engine(2);
  std::mt19937 random(3);
  for (int round = 0; round < 20; ++round) {
    auto job = start(*engine, make_slide(round, 12), make_request(2));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 4000));
    engine->cancel(job.job);
    const auto outcome = job.outcome.get();
    if (std::holds_alternative<std::exception_ptr>(outcome))
      CHECK(code_of(outcome) == Code::CANCELLED);
    else
      CHECK_EQ(wrong_values(std::get<ScoreResult>(outcome), round, 12), 0);
  }
  const auto last = start(*engine, make_slide(7, 4), make_request(3)).outcome.get();
  CHECK(std::holds_alternative<ScoreResult>(last));
}

TEST(closing_ends_what_runs_and_what_waits) {
  if (skipped("closing_ends_what_runs_and_what_waits")) return;
  const auto engine = make_engine(2);
  std::promise<void> gate;  // holds the workers in their first step until every job has been told to stop
  const auto opened = gate.get_future().share();
  std::vector<Pending> jobs;
  for (int seed = 0; seed < 10; ++seed)
    jobs.push_back(start(*engine, make_slide(seed, 5), make_request(1), [opened](const Progress&) { opened.wait(); }));
  std::thread closer([&] { engine->close(); });
  for (const auto& job : jobs)
    while (!job.job->cancelled()) std::this_thread::yield();
  gate.set_value();
  closer.join();
  for (auto& job : jobs) CHECK(code_of(job.outcome.get()) == Code::CANCELLED);
  CHECK(code_of(start(*engine, make_slide(1, 2), make_request(1)).outcome.get()) == Code::CANCELLED);
}

TEST_MAIN
