// The trial of how many workers score at once, on machines that are made up: tiles a second by number of workers.
#include "engine/worker_calibration.h"

#include <functional>

#include "test/check.h"

using namespace microtome::engine;

namespace {

// Runs of four tiles, every worker as fast as its share of the machine's rate, until the trial is over.
int settled_on(
    int all, const std::function<double(int)>& rate_of, int* runs = nullptr,
    const std::function<void(WorkerCalibration&, int)>& between = [](WorkerCalibration&, int) {}) {
  WorkerCalibration calibration(all, true);
  int made = 0;
  for (; !calibration.settled() && made < 10'000; ++made) {
    const int workers = calibration.limit();
    calibration.add(4, 4 * workers / rate_of(workers), workers, workers);
    between(calibration, workers);
  }
  CHECK(calibration.settled());
  if (runs != nullptr) *runs = made;
  return calibration.limit();
}

}  // namespace

TEST(all_workers_where_each_is_worth_a_core) {
  CHECK_EQ(settled_on(8, [](int workers) { return 100.0 * workers; }), 8);
  CHECK_EQ(settled_on(64, [](int workers) { return 3.0 * workers; }), 64);
}

TEST(half_where_two_threads_are_one_core) {
  CHECK_EQ(settled_on(8, [](int workers) { return workers <= 4 ? 100.0 * workers : 340.0; }), 4);
}

TEST(fewer_still_where_memory_is_the_limit) {
  CHECK_EQ(settled_on(64, [](int workers) { return workers <= 16 ? 10.0 * workers : 160.0 * 16 / workers; }), 16);
}

TEST(a_few_percent_are_no_reason_to_leave_cores_idle) {
  CHECK_EQ(settled_on(8, [](int workers) { return workers == 8 ? 100.0 : 104.0; }), 8);
}

TEST(few_workers_are_not_tried) {
  for (const int all : {1, 2, 3}) {
    const WorkerCalibration calibration(all, true);
    CHECK(calibration.settled());
    CHECK_EQ(calibration.limit(), all);
  }
  const WorkerCalibration told(64, false);
  CHECK(told.settled());
  CHECK_EQ(told.limit(), 64);
}

TEST(a_trial_takes_a_few_runs_of_each_worker) {
  int slow = 0;
  (void)settled_on(8, [](int workers) { return 1.0 * workers; }, &slow);  // a model of a second a tile
  CHECK(slow <= 6 * 8 + 6 * 4);
}

// Runs that began or ended in other company say nothing about the number that is on trial.
TEST(runs_in_other_company_do_not_count) {
  const auto with_others = [](int each) {
    int mixed = 0;
    return settled_on(
        8, [](int workers) { return workers <= 4 ? 100.0 * workers : 340.0; }, nullptr,
        [&](WorkerCalibration& calibration, int workers) {
          for (int i = 0; i < each && mixed < 200; ++i, ++mixed) calibration.add(4, 1e-6, workers, workers - 1);
        });
  };
  CHECK_EQ(with_others(0), 4);
  CHECK_EQ(with_others(3), 4);
}

// All eight never score at once: the trial is given up, and with it the short runs that it needs.
TEST(a_trial_that_cannot_be_held_ends) {
  WorkerCalibration calibration(8, true);
  int runs = 0;
  for (; !calibration.settled() && runs < 10'000; ++runs) calibration.add(4, 1, 6, 6);
  CHECK(calibration.settled());
  CHECK(runs <= 33 * 8);
  CHECK_EQ(calibration.limit(), 8);
}

TEST_MAIN
