// The schedule by itself, on a clock that stands still unless all threads wait: decoding, copies, kernels and runs of
// the graph take the times of two machines, and the loop as a whole reaches nearly the rate of the slowest of them. So
// what can overlap does. How fast the machine is that runs the test plays no part.
#include <chrono>

#include "test/check.h"
#include "test/support/gpu_scoring.h"
#include "test/support/quiet_clock.h"
#include "test/support/watched_slide.h"

using namespace microtome;
using namespace microtome::engine;
using namespace microtome::test;

namespace {

constexpr std::int64_t kRealTilePx = 224;
constexpr double kPixelsRatio =
    static_cast<double>(kRealTilePx * kRealTilePx) / static_cast<double>(kScoredTilePx * kScoredTilePx);

struct Machine {
  const char* name = "";
  int workers = 1;
  double decode_per_s = 0;  // tiles of one worker
  double device_per_s = 0;  // tiles of the graph alone
  double bus_bytes_per_s = 0;
  std::int64_t kernel_ns = 0;  // of ours, for a tile: 0.8 MB of traffic
  std::int64_t rows = 64;
  int slides = 6;
  std::int64_t side_tiles = 16;

  [[nodiscard]] double tiles() const { return static_cast<double>(slides * side_tiles * side_tiles); }
  [[nodiscard]] double slower_per_s() const { return std::min(workers * decode_per_s, device_per_s); }
};

std::int64_t ns(double seconds) { return static_cast<std::int64_t>(seconds * 1e9); }

// Tiles a second of the clock.
double rate_of(const Machine& machine) {
  const GpuScene scene;
  scene.graphs->ns_per_run = ns(static_cast<double>(machine.rows) / machine.device_per_s);
  // Tiles are smaller than they stand for.
  const double bytes_per_ns = machine.bus_bytes_per_s / kPixelsRatio / 1e9;
  scene.fake.start_clock({.in_bytes_per_ns = bytes_per_ns,
                          .out_bytes_per_ns = bytes_per_ns,
                          .copy_start_ns = 10'000,
                          .launch_ns = 6'000,
                          .per_tile_ns = machine.kernel_ns});
  const double tile_bytes = 3.0 * kScoredTilePx * kScoredTilePx;
  const auto decode = [&](std::size_t bytes) {
    scene.fake.sleep(ns(static_cast<double>(bytes) / tile_bytes / machine.decode_per_s));
  };
  std::int64_t end_ns = 0;
  {
    const auto engine =
        scene.engine(scene.runner(machine.rows), machine.workers,
                     {.now = [&scene] { return Clock::time_point(std::chrono::nanoseconds(scene.fake.now())); }});
    std::vector<Scoring> running;
    const QuietClock clock(scene.fake);
    for (int seed = 0; seed < machine.slides; ++seed)
      running.push_back(start_scoring(
          *engine, std::make_shared<WatchedSlide>(coloured_slide(seed, machine.side_tiles), decode), means_request()));
    for (int seed = 0; seed < machine.slides; ++seed)
      CHECK_EQ(wrong_tiles(result_of(running[static_cast<std::size_t>(seed)]), seed, machine.side_tiles), 0);
    end_ns = scene.fake.now();
  }
  return machine.tiles() / (static_cast<double>(end_ns) / 1e9);
}

void check(const Machine& machine) {
  const double share = rate_of(machine) / machine.slower_per_s();
  std::printf("%s: %.3f of the slower of decode and device\n", machine.name, share);
  CHECK(share >= 0.95);
  CHECK(share <= 1.0001);
}

}  // namespace

// ResNet-50 on one die with the six cores of its machine: the device is the slower by far.
TEST(tesla_k80_is_never_kept_waiting) {
  check({.name = "K80",
         .workers = 6,
         .decode_per_s = 350,
         .device_per_s = 165,
         .bus_bytes_per_s = 10e9,
         .kernel_ns = 5'000,
         .rows = 64});
}

// A small network there: the device still is.
TEST(tesla_k80_with_a_small_network) {
  check({.name = "K80, small",
         .workers = 6,
         .decode_per_s = 350,
         .device_per_s = 600,
         .bus_bytes_per_s = 10e9,
         .rows = 64});
}

// Half precision on a fast GPU with sixteen cores: decoding is the slower, and every core is at it all the time.
TEST(h200_keeps_every_core_at_work) {
  check({.name = "H200",
         .workers = 16,
         .decode_per_s = 350,
         .device_per_s = 12000,
         .bus_bytes_per_s = 50e9,
         .kernel_ns = 170,
         .rows = 256,
         .slides = 16,
         .side_tiles = 24});
}

// Both alike: there is no slack on either side.
TEST(h200_with_a_device_as_fast_as_the_cores) {
  check({.name = "H200, alike",
         .workers = 16,
         .decode_per_s = 350,
         .device_per_s = 5600,
         .bus_bytes_per_s = 50e9,
         .kernel_ns = 170,
         .rows = 128,
         .slides = 16,
         .side_tiles = 24});
}

TEST_MAIN
