// Several GPUs: batches are shared out, and those of one that is lost go to the others.
#include "test/check.h"
#include "test/support/gpu_scoring.h"

using namespace microtome;
using namespace microtome::engine;
using namespace microtome::test;

namespace {

std::unique_ptr<DeviceGroup> group_of(const GpuScene& scene, std::int64_t rows, int devices) {
  std::vector<std::unique_ptr<DeviceRunner>> members;
  for (int i = 0; i < devices; ++i) members.push_back(scene.runner(rows, i));
  return std::make_unique<DeviceGroup>(std::move(members));
}

}  // namespace

TEST(batches_are_shared_out) {
  const GpuScene scene;
  scene.fake.set({.device_count = 3});
  auto group = group_of(scene, 4, 3);
  CHECK_EQ(group->traits().in_flight, 3 * DeviceRunner::kInFlight);
  CHECK_EQ(group->rows_of_a_batch(1, 1), 4);
  CHECK_EQ(group->columns_of("means"), 3);
  CHECK_EQ(group->token_columns_of("means"), 3);
  const auto engine = scene.engine(std::move(group), 3);
  std::vector<Scoring> running;
  for (int seed = 0; seed < 6; ++seed)
    running.push_back(start_scoring(*engine, coloured_slide(seed, 8), means_request()));
  for (int seed = 0; seed < 6; ++seed) {
    const auto result = result_of(running[static_cast<std::size_t>(seed)]);
    CHECK_EQ(wrong_tiles(result, seed, 8), 0);
    CHECK(result.warnings.empty());
  }
  // Each has tuned its own graph: each had a batch.
  CHECK_EQ(scene.graphs->tunings.load(), 3);
}

TEST(batches_of_a_lost_device_go_to_the_others) {
  for (int lost_at = 1; lost_at <= 15; ++lost_at) {
    const GpuScene scene;
    scene.fake.set({.device_count = 2, .lost_device = 1, .lost_at = lost_at, .lost_status = 719});
    std::unique_ptr<DeviceGroup> group;
    // Where it is lost before it has loaded anything there is no group.
    try {
      group = group_of(scene, 4, 2);
    } catch (const Error& error) {
      CHECK(error.code() == Code::DEVICE_LOST);
      continue;
    }
    DeviceGroup& both = *group;
    const auto engine = scene.engine(std::move(group), 2);
    std::vector<Scoring> running;
    for (int seed = 0; seed < 5; ++seed)
      running.push_back(start_scoring(*engine, coloured_slide(seed, 8), means_request()));
    int told = 0;
    for (int seed = 0; seed < 5; ++seed) {
      const auto result = result_of(running[static_cast<std::size_t>(seed)]);
      CHECK_EQ(wrong_tiles(result, seed, 8), 0);
      for (const std::string& warning : result.warnings)
        told += warning == "GPU 1 \"Fake GPU\" was lost: its tiles went to GPU 0 \"Fake GPU\"";
    }
    CHECK(told > 0);
    CHECK_EQ(both.traits().in_flight, DeviceRunner::kInFlight);
    auto after = start_scoring(*engine, coloured_slide(1, 4), means_request());
    const auto later = result_of(after);
    CHECK_EQ(wrong_tiles(later, 1, 4), 0);
    CHECK(later.warnings.empty());
  }
}

TEST(a_group_whose_last_device_is_lost_says_so) {
  const GpuScene scene;
  scene.fake.set({.device_count = 2});
  const auto engine = scene.engine(group_of(scene, 4, 2), 2);
  scene.fake.set({.device_count = 2, .lost_device = 0, .lost_at = 3, .lost_status = 719});
  auto first = start_scoring(*engine, coloured_slide(1, 6), means_request());
  CHECK_EQ(wrong_tiles(result_of(first), 1, 6), 0);
  scene.fake.set({.device_count = 2, .lost_device = 1, .lost_at = 3, .lost_status = 719});
  auto second = start_scoring(*engine, coloured_slide(2, 6), means_request());
  CHECK(failure_of(second) == Code::DEVICE_LOST);
}

// A device fails, and its runner has not noticed yet.
TEST(memory_comes_from_a_device_that_works) {
  const GpuScene scene;
  scene.fake.set({.device_count = 2});
  const auto group = group_of(scene, 4, 2);
  for (const int device : {0, 1}) {
    CHECK_EQ(group->make_memory(10)->size(), 10u);
    scene.fake.set({.device_count = 2, .lost_device = device, .lost_at = 1, .lost_status = 719});
    const auto context = gpu::Context::retain(scene.fake.open(), device);
    const gpu::Stream stream(context);
    const gpu::DeviceBuffer bytes(context, 16);
    stream.fill(bytes.address(), 0, 16);
    CHECK_THROWS(DEVICE_LOST, stream.synchronize());
  }
  CHECK_THROWS(DEVICE_LOST, (void)group->make_memory(10));
}

// Not lost, but of no use: a library is missing on it.
TEST(batches_of_a_device_that_cannot_run_go_to_the_others) {
  const GpuScene scene;
  scene.fake.set({.device_count = 2});
  scene.graphs->tuning_fails = 1;
  const auto engine = scene.engine(group_of(scene, 4, 2), 2);
  auto scoring = start_scoring(*engine, coloured_slide(1, 6), means_request());
  const auto result = result_of(scoring);
  CHECK_EQ(wrong_tiles(result, 1, 6), 0);
  CHECK(!result.warnings.empty());
  for (const std::string& warning : result.warnings)
    CHECK(warning.find(" could not be used (no kernel image): its tiles went to ") != std::string::npos);
}

TEST(all_get_batches_of_the_smallest_size) {
  const GpuScene scene;
  scene.fake.set({.device_count = 2});
  std::vector<std::unique_ptr<DeviceRunner>> members;
  members.push_back(scene.runner(8, 0));
  members.push_back(scene.runner(3, 1));
  auto group = std::make_unique<DeviceGroup>(std::move(members));
  CHECK_EQ(group->rows_of_a_batch(100, 1), 3);
  const auto engine = scene.engine(std::move(group), 2);
  auto scoring = start_scoring(*engine, coloured_slide(1, 6), means_request());
  CHECK_EQ(wrong_tiles(result_of(scoring), 1, 6), 0);
}

TEST_MAIN
