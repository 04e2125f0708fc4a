// A GPU as a runner, on the fake driver with a graph that feigns: pixels go through pinned memory, our kernel and the
// graph, and each tile gets its own values, whatever shares its batch.
#include <set>

#include "test/check.h"
#include "test/support/gpu_scoring.h"
#include "test/support/quiet_clock.h"

using namespace microtome;
using namespace microtome::engine;
using namespace microtome::test;

namespace {

std::int64_t side_of(int seed) { return 5 + seed % 4; }

}  // namespace

TEST(each_tile_gets_its_values) {
  for (const int threads : {1, 2, 5}) {
    const GpuScene scene;
    {
      const auto engine = scene.engine(scene.runner(8), threads);
      std::vector<Scoring> running;
      for (int seed = 0; seed < 6; ++seed)
        running.push_back(start_scoring(*engine, coloured_slide(seed, side_of(seed)), means_request()));
      for (int seed = 0; seed < 6; ++seed) {
        const auto result = result_of(running[static_cast<std::size_t>(seed)]);
        CHECK_EQ(wrong_tiles(result, seed, side_of(seed)), 0);
        CHECK(result.warnings.empty());
      }
    }
    CHECK_EQ(scene.graphs->loads.load(), 1);
    CHECK_EQ(scene.graphs->tunings.load(), 1);
  }
}

// No byte of pixels is copied that belongs to no tile.
TEST(only_rows_that_are_used_are_copied) {
  const GpuScene scene;
  {
    const auto engine = scene.engine(scene.runner(64), 2);
    auto scoring = start_scoring(*engine, coloured_slide(1, 3), means_request());
    CHECK_EQ(wrong_tiles(result_of(scoring), 1, 3), 0);
  }
  const std::int64_t table = 3 * 256 * 4;
  CHECK_EQ(scene.fake.counts().bytes_in, 9 * 3 * kScoredTilePx * kScoredTilePx + table);
}

TEST(tiles_that_are_looked_at_become_pixels_too) {
  const GpuScene scene;
  const auto engine = scene.engine(scene.runner(8), 2);
  ScoreRequest request = means_request();
  SelectRule rule{.kind = SelectRule::Kind::Quality, .by = {}, .min = {}, .max = {}, .thresholds = {}};
  rule.measure = &preprocess::Quality::sharpness;
  rule.max = 1e9;
  request.select = {rule};
  auto scoring = start_scoring(*engine, coloured_slide(2, 6), request);
  const auto result = result_of(scoring);
  CHECK_EQ(wrong_tiles(result, 2, 6), 0);
  CHECK_EQ(std::ssize(result.tables[0].quality), 36);
}

TEST(two_formats_share_a_graph) {
  const GpuScene scene;
  const auto engine = scene.engine(scene.runner(8), 3);
  ScoreRequest other = means_request();
  other.encoders[0].format.order = preprocess::ChannelOrder::Bgr;
  other.heads[0].how = SimpleHead{.of = {.encoder = 0, .output = 0, .column = 2}, .head = {}};
  auto first = start_scoring(*engine, coloured_slide(0, 7), means_request());
  auto second = start_scoring(*engine, coloured_slide(0, 7), other);
  CHECK_EQ(wrong_tiles(result_of(first), 0, 7), 0);
  const auto turned = result_of(second);
  const auto& values = turned.tables[0].outputs[0].values;
  int wrong = 0;
  for (std::int64_t tile = 0; tile < 49; ++tile)
    for (int channel = 0; channel < 3; ++channel)
      wrong += values[static_cast<std::size_t>(3 * tile + channel)] != colour_of(0, tile % 7, tile / 7, 2 - channel);
  CHECK_EQ(wrong, 0);
}

TEST(a_gpu_takes_pixels_whatever_its_tensors_are) {
  const GpuScene scene;
  const auto runner = scene.runner(4);
  CHECK(runner->traits().rows == RowKind::Pixels);
  CHECK(runner->traits().memory == MemoryKind::Pinned);
  CHECK(runner->traits().in_flight >= 3);
  CHECK_EQ(runner->rows_of_a_batch(1, 1), 4);
  RunSpec spec{.format = {}, .outputs = {}, .rows = RowKind::Pixels};
  spec.format.size_px = 10;
  spec.format.type = preprocess::ElementType::Float16;
  CHECK_EQ(spec.row_bytes(), 300u);
  spec.rows = RowKind::Tensor;
  CHECK_EQ(spec.row_bytes(), 600u);
}

// Batches of large tiles have fewer rows, and the graph is loaded for so many.
TEST(large_tiles_make_small_batches) {
  const GpuScene scene;
  constexpr std::size_t kRow = 3 * kScoredTilePx * kScoredTilePx;
  auto runner =
      std::make_unique<DeviceRunner>(gpu::Context::retain(scene.fake.open(), 0), fake_graphs(scene.graphs),
                                     DeviceRunner::Options{.rows = 16, .cancel = nullptr, .batch_bytes = 5 * kRow});
  CHECK_EQ(runner->rows_of_a_batch(100, kRow), 4);
  CHECK_EQ(runner->rows_of_a_batch(100, kRow / 8), 16);
  CHECK_EQ(runner->rows_of_a_batch(100, 100 * kRow), 1);
  const DeviceRunner& ran = *runner;
  const auto engine = scene.engine(std::move(runner), 2);
  auto scoring = start_scoring(*engine, coloured_slide(1, 6), means_request());
  const auto result = result_of(scoring);
  CHECK_EQ(wrong_tiles(result, 1, 6), 0);
  CHECK(result.warnings.empty());
  CHECK_EQ(ran.rows(), 4);
  CHECK_EQ(scene.graphs->loads.load(), 2);
}

TEST(outputs_are_asked_for_by_name_and_length) {
  const GpuScene scene;
  scene.graphs->row_shape = {5, 7};
  const auto runner = scene.runner(4);
  CHECK_EQ(runner->columns_of("means"), 35);
  CHECK_EQ(runner->token_columns_of("means"), 7);
  CHECK_EQ(runner->columns_of("other"), 0);
  const auto engine = scene.engine(scene.runner(4), 1);
  ScoreRequest request = means_request();
  request.encoders[0].outputs = {{.name = "other"}};
  auto scoring = start_scoring(*engine, coloured_slide(1, 2), request);
  CHECK(failure_of(scoring) == Code::MODEL_MISMATCH);
}

TEST(an_output_that_is_not_a_row_per_tile_is_refused) {
  const GpuScene scene;
  scene.graphs->row_shape = {0};
  const auto engine = scene.engine(scene.runner(4), 1);
  auto scoring = start_scoring(*engine, coloured_slide(1, 2), means_request());
  CHECK(failure_of(scoring) == Code::OUTPUT_SHAPE);
}

TEST(the_time_on_the_device_is_in_the_result) {
  const GpuScene scene;
  scene.graphs->ns_per_run = 3'000'000;
  scene.fake.start_clock({});
  const QuietClock clock(scene.fake);
  const auto engine = scene.engine(scene.runner(8), 2);
  auto scoring = start_scoring(*engine, coloured_slide(3, 4), means_request());
  const auto result = result_of(scoring);
  int seen = 0;
  for (const StageTimes& times : result.times) {
    if (times.stage != Stage::Infer) continue;
    ++seen;
    CHECK_EQ(times.items, 16);
    CHECK(times.busy_ms >= 6);  // two runs
  }
  CHECK_EQ(seen, 1);
}

TEST(a_gpu_has_rows_that_keep_it_busy) {
  gpu::DeviceFacts device;
  device.memory_bytes = std::int64_t{11} << 30;
  device.compute_major = 3;
  CHECK_EQ(usual_rows(device), 64);
  device.compute_major = 7;
  CHECK_EQ(usual_rows(device), 128);
  device.compute_major = 9;
  CHECK_EQ(usual_rows(device), 256);
  device.memory_bytes = std::int64_t{4} << 30;
  CHECK_EQ(usual_rows(device), 32);
}

TEST(a_graph_that_fixes_its_batch_keeps_it) {
  const GpuScene scene;
  scene.graphs->fixed_rows = 5;
  const auto engine = scene.engine(scene.runner(64), 2);
  auto scoring = start_scoring(*engine, coloured_slide(3, 4), means_request());
  CHECK_EQ(wrong_tiles(result_of(scoring), 3, 4), 0);
  CHECK_EQ(scene.graphs->runs.load(), 4);
}

TEST_MAIN
