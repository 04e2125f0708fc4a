// What goes wrong on a GPU: each fault has its own code, concerns the slides that are on the device and no others, and
// leaves nothing behind (the fake driver counts what lives).
#include "test/check.h"
#include "test/support/gpu_scoring.h"

using namespace microtome;
using namespace microtome::engine;
using namespace microtome::test;

namespace {

bool has(const std::vector<std::string>& lines, const std::string& line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

}  // namespace

TEST(too_little_memory_halves_the_batch_and_says_so) {
  const GpuScene scene;
  scene.graphs->most_rows = 5;
  {
    const auto engine = scene.engine(scene.runner(16), 2);
    auto first = start_scoring(*engine, coloured_slide(1, 6), means_request());
    const auto result = result_of(first);
    CHECK_EQ(wrong_tiles(result, 1, 6), 0);
    CHECK(has(result.warnings, "GPU 0 \"Fake GPU\" had too little memory for batches of 16 tiles: it went on with 8"));
    CHECK(has(result.warnings, "GPU 0 \"Fake GPU\" had too little memory for batches of 8 tiles: it went on with 4"));
    // Its batches have the smaller size from the beginning.
    auto second = start_scoring(*engine, coloured_slide(2, 6), means_request());
    const auto later = result_of(second);
    CHECK_EQ(wrong_tiles(later, 2, 6), 0);
    CHECK(later.warnings.empty());
  }
  CHECK_EQ(scene.graphs->loads.load(), 3);
}

TEST(memory_that_runs_out_in_the_middle_halves_too) {
  const GpuScene scene;
  const auto engine = scene.engine(scene.runner(8), 3);
  auto before = start_scoring(*engine, coloured_slide(1, 5), means_request());
  CHECK_EQ(wrong_tiles(result_of(before), 1, 5), 0);
  scene.graphs->most_rows = 7;
  std::vector<Scoring> running;
  for (int seed = 0; seed < 4; ++seed)
    running.push_back(start_scoring(*engine, coloured_slide(seed, 7), means_request()));
  int told = 0;
  for (int seed = 0; seed < 4; ++seed) {
    const auto result = result_of(running[static_cast<std::size_t>(seed)]);
    CHECK_EQ(wrong_tiles(result, seed, 7), 0);
    told += !result.warnings.empty();
  }
  CHECK(told > 0);
}

// The driver itself has no memory, at each allocation in turn: either the slide is scored with smaller batches, or it
// fails by name, and the one after it is scored.
TEST(each_allocation_may_fail) {
  int failed = 0;
  int halved = 0;
  for (int fails = 1; fails <= 12; ++fails) {
    const GpuScene scene;
    const auto engine = scene.engine(scene.runner(8), 2);
    scene.fake.set({.allocation_fails = fails});
    auto first = start_scoring(*engine, coloured_slide(1, 4), means_request());
    if (const auto outcome = first.outcome.get(); const auto* const result = std::get_if<ScoreResult>(&outcome)) {
      CHECK_EQ(wrong_tiles(*result, 1, 4), 0);
      halved += !result->warnings.empty();
    } else {
      ++failed;
    }
    auto second = start_scoring(*engine, coloured_slide(2, 4), means_request());
    CHECK_EQ(wrong_tiles(result_of(second), 2, 4), 0);
  }
  CHECK(halved > 0);
  CHECK_EQ(failed, 0);
}

TEST(pinned_memory_that_is_not_there_is_named) {
  const GpuScene scene;
  const auto engine = scene.engine(scene.runner(8), 1);
  scene.fake.set({.pinned_fails = 1});
  auto first = start_scoring(*engine, coloured_slide(1, 4), means_request());
  CHECK(failure_of(first) == Code::OUT_OF_MEMORY);
  auto second = start_scoring(*engine, coloured_slide(2, 4), means_request());
  CHECK_EQ(wrong_tiles(result_of(second), 2, 4), 0);
}

TEST(a_single_row_that_does_not_fit_is_refused) {
  const GpuScene scene;
  scene.graphs->most_rows = 0;
  const auto engine = scene.engine(scene.runner(4), 1);
  auto scoring = start_scoring(*engine, coloured_slide(1, 3), means_request());
  try {
    (void)result_of(scoring);
    CHECK(!"scored");
  } catch (const Error& error) {
    CHECK(error.code() == Code::OUT_OF_MEMORY);
    CHECK_EQ(error.found(), "GPU 0 \"Fake GPU\" has too little memory for a batch of 1 tiles");
  }
  scene.graphs->most_rows = 9;
  auto second = start_scoring(*engine, coloured_slide(2, 4), means_request());
  CHECK_EQ(wrong_tiles(result_of(second), 2, 4), 0);
}

TEST(a_batch_that_the_model_fixes_is_not_halved) {
  const GpuScene scene;
  scene.graphs->fixed_rows = 4;
  scene.graphs->most_rows = 3;
  const auto engine = scene.engine(scene.runner(4), 1);
  auto scoring = start_scoring(*engine, coloured_slide(1, 3), means_request());
  CHECK(failure_of(scoring) == Code::OUT_OF_MEMORY);
}

TEST(a_graph_that_cannot_be_loaded_again_ends_the_slide_and_comes_back) {
  const GpuScene scene;
  scene.graphs->most_rows = 7;
  const auto engine = scene.engine(scene.runner(8), 1);
  scene.graphs->load_fails = 1;
  auto first = start_scoring(*engine, coloured_slide(1, 3), means_request());
  CHECK(failure_of(first) == Code::MODEL_INVALID);
  auto second = start_scoring(*engine, coloured_slide(2, 4), means_request());
  CHECK_EQ(wrong_tiles(result_of(second), 2, 4), 0);
}

TEST(a_run_that_fails_ends_its_slides_only) {
  const GpuScene scene;
  const auto engine = scene.engine(scene.runner(8), 2);
  scene.graphs->run_fails = 2;
  auto first = start_scoring(*engine, coloured_slide(1, 6), means_request());
  CHECK(failure_of(first) == Code::MODEL_INVALID);
  auto second = start_scoring(*engine, coloured_slide(2, 6), means_request());
  CHECK_EQ(wrong_tiles(result_of(second), 2, 6), 0);
}

TEST(a_launch_that_fails_ends_its_slides_only) {
  const GpuScene scene;
  const auto engine = scene.engine(scene.runner(8), 2);
  scene.fake.set({.launch_fails = 2, .launch_status = 701});
  auto first = start_scoring(*engine, coloured_slide(1, 6), means_request());
  CHECK(failure_of(first) == Code::INTERNAL);
  auto second = start_scoring(*engine, coloured_slide(2, 6), means_request());
  CHECK_EQ(wrong_tiles(result_of(second), 2, 6), 0);
}

TEST(kernels_that_the_driver_refuses_are_named_before_the_first_slide) {
  const GpuScene scene;
  scene.fake.set({.module_status = 222, .module_log = "Unsupported .version"});
  CHECK_THROWS(DEVICE_UNAVAILABLE, (void)scene.runner(8));
  scene.fake.set({});
  scene.graphs->load_fails = 1;
  CHECK_THROWS(MODEL_INVALID, (void)scene.runner(8));
  CancelToken cancelled;
  cancelled.cancel();
  CHECK_THROWS(CANCELLED, (void)DeviceRunner(gpu::Context::retain(scene.fake.open(), 0), fake_graphs(scene.graphs),
                                             {.rows = 4, .cancel = &cancelled}));
}

// At each piece of work in turn. What was scored before stays; nothing hangs, and the engine closes.
TEST(a_device_that_is_lost_fails_its_slides_by_name) {
  for (int lost_at = 1; lost_at <= 20; ++lost_at) {
    const GpuScene scene;
    const auto engine = scene.engine(scene.runner(8), 2);
    auto before = start_scoring(*engine, coloured_slide(0, 3), means_request());
    CHECK_EQ(wrong_tiles(result_of(before), 0, 3), 0);
    scene.fake.set({.lost_device = 0, .lost_at = lost_at, .lost_status = 719});
    auto first = start_scoring(*engine, coloured_slide(1, 9), means_request());
    auto second = start_scoring(*engine, coloured_slide(2, 9), means_request());
    CHECK(failure_of(first) == Code::DEVICE_LOST);
    CHECK(failure_of(second) == Code::DEVICE_LOST);
    auto after = start_scoring(*engine, coloured_slide(3, 3), means_request());
    CHECK(failure_of(after) == Code::DEVICE_LOST);
    engine->close();
  }
}

// Those whose graph runs on the CPU, or on another device.
TEST(a_lost_device_concerns_no_slide_of_another_runner) {
  const GpuScene scene;
  scene.fake.set({.device_count = 2, .lost_device = 0, .lost_at = 6, .lost_status = 700});
  const auto pool = WorkerPool::create(2);
  Engine lost(pool, only(scene.runner(8, 0)), {.threads = 2});
  Engine well(pool, only(scene.runner(8, 1)), {.threads = 2});
  std::vector<Scoring> on_lost, on_well;
  for (int seed = 0; seed < 4; ++seed) {
    on_lost.push_back(start_scoring(lost, coloured_slide(seed, 7), means_request()));
    on_well.push_back(start_scoring(well, coloured_slide(seed, 7), means_request()));
  }
  int failed = 0;
  for (int seed = 0; seed < 4; ++seed) {
    CHECK_EQ(wrong_tiles(result_of(on_well[static_cast<std::size_t>(seed)]), seed, 7), 0);
    failed += failure_of(on_lost[static_cast<std::size_t>(seed)]) == Code::DEVICE_LOST;
  }
  CHECK(failed > 0);
}

TEST(closing_ends_what_a_gpu_has) {
  for (int round = 0; round < 10; ++round) {
    const GpuScene scene;
    const auto engine = scene.engine(scene.runner(4), 3);
    std::vector<Scoring> running;
    for (int seed = 0; seed < 5; ++seed)
      running.push_back(start_scoring(*engine, coloured_slide(seed, 6), means_request()));
    engine->cancel(running[2].job);
    engine->close();
    for (std::size_t seed = 0; seed < running.size(); ++seed) {
      auto outcome = running[seed].outcome.get();
      if (const auto* const result = std::get_if<ScoreResult>(&outcome)) {
        CHECK_EQ(wrong_tiles(*result, static_cast<int>(seed), 6), 0);
        continue;
      }
      try {
        std::rethrow_exception(std::get<std::exception_ptr>(outcome));
      } catch (const Error& error) {
        CHECK(error.code() == Code::CANCELLED);
      }
    }
    auto after = start_scoring(*engine, coloured_slide(1, 2), means_request());
    CHECK(failure_of(after) == Code::CANCELLED);
  }
}

// A build under way takes minutes on a GPU: closing ends it.
TEST(closing_ends_a_build_under_way) {
  const GpuScene scene;
  scene.graphs->tuning_lasts = true;
  const auto engine = scene.engine(scene.runner(4), 2);
  auto scoring = start_scoring(*engine, coloured_slide(1, 6), means_request());
  scene.graphs->tuning_begun.get_future().wait();
  engine->close();
  CHECK(failure_of(scoring) == Code::CANCELLED);
}

TEST(a_batch_after_one_whose_outputs_were_refused_is_scored) {
  const GpuScene scene;
  scene.graphs->bind_fails = 1;
  const auto engine = scene.engine(scene.runner(8), 2);
  auto first = start_scoring(*engine, coloured_slide(1, 2), means_request());
  CHECK(failure_of(first) == Code::MODEL_MISMATCH);
  auto second = start_scoring(*engine, coloured_slide(2, 4), means_request());
  CHECK_EQ(wrong_tiles(result_of(second), 2, 4), 0);
}

// A graph that declares its tiles runs before the first slide: what its device lacks is known by then.
TEST(a_graph_that_cannot_run_is_refused_when_it_is_loaded) {
  const GpuScene scene;
  scene.graphs->side_px = kScoredTilePx;
  scene.graphs->tuning_fails = 1;
  CHECK_THROWS(DEVICE_UNAVAILABLE, (void)scene.runner(8));
  scene.graphs->most_rows = 0;
  CHECK_THROWS(OUT_OF_MEMORY, (void)scene.runner(8));
  scene.graphs->most_rows = 3;
  const auto runner = scene.runner(16);
  CHECK_EQ(runner->rows(), 2);
  scene.graphs->fixed_rows = 16;
  CHECK_THROWS(OUT_OF_MEMORY, (void)scene.runner(16));
}

TEST(a_graph_that_fixes_too_many_rows_is_refused) {
  const GpuScene scene;
  scene.graphs->fixed_rows = std::int64_t{1} << 40;
  CHECK_THROWS(LIMIT_EXCEEDED, (void)scene.runner(8));
  scene.graphs->fixed_rows = kMostRows + 1;
  CHECK_THROWS(LIMIT_EXCEEDED, (void)scene.runner(8));
}

// The load of a smaller graph finds too little memory as well.
TEST(it_is_halved_until_the_graph_can_be_loaded) {
  const GpuScene scene;
  scene.graphs->most_rows = 8;
  scene.graphs->load_lacks = 2;
  const auto engine = scene.engine(scene.runner(16), 2);
  auto scoring = start_scoring(*engine, coloured_slide(1, 6), means_request());
  const auto result = result_of(scoring);
  CHECK_EQ(wrong_tiles(result, 1, 6), 0);
  CHECK(has(result.warnings, "GPU 0 \"Fake GPU\" had too little memory for batches of 16 tiles: it went on with 2"));
}

// It does not come back.
TEST(what_a_run_lacks_is_lacking_for_good) {
  const GpuScene scene;
  scene.graphs->tuning_fails = 1;
  const auto engine = scene.engine(scene.runner(8), 2);
  auto first = start_scoring(*engine, coloured_slide(1, 2), means_request());
  CHECK(failure_of(first) == Code::DEVICE_UNAVAILABLE);
  auto second = start_scoring(*engine, coloured_slide(1, 2), means_request());
  CHECK(failure_of(second) == Code::DEVICE_UNAVAILABLE);
}

TEST_MAIN
