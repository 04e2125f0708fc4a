// The trial of two ways to decode, on a clock that the test sets: the faster one wins, pauses do not decide, batches
// that say nothing are not counted, and a failure ends it.
#include "engine/decode_trial.h"

#include "test/check.h"

using namespace microtome;
using namespace microtome::engine;

namespace {

constexpr int kSettle = 3;
constexpr std::int64_t kRows = 100;

// Batches come back one after another, each way at its own pace. A batch that is filled now comes back `kSettle`
// batches later.
class Device {
 public:
  Device(double cpu_ms, double nvjpeg_ms) : cpu_ms_(cpu_ms), nvjpeg_ms_(nvjpeg_ms) {}

  void run(DecodeTrial& trial, int batches) {
    for (int i = 0; i < batches; ++i) {
      under_way_.push_back(trial.wants_jpeg());
      if (under_way_.size() <= kSettle) continue;
      const bool jpeg = under_way_.front();
      under_way_.erase(under_way_.begin());
      pass(jpeg ? nvjpeg_ms_ : cpu_ms_);
      trial.batch_done(kRows, jpeg ? kRows : 0, now_);
    }
  }
  void pass(double ms) { now_ += std::chrono::microseconds(static_cast<std::int64_t>(1000 * ms)); }
  [[nodiscard]] Clock::time_point now() const { return now_; }

 private:
  double cpu_ms_, nvjpeg_ms_;
  Clock::time_point now_{std::chrono::hours(1)};
  std::vector<bool> under_way_;
};

}  // namespace

TEST(the_faster_way_wins_and_both_rates_are_told) {
  for (const double nvjpeg_ms : {5.0, 9.0, 9.6, 20.0}) {
    DecodeTrial trial("nvJPEG 1.2.3 (hardware)", kSettle);
    Device device(10, nvjpeg_ms);
    device.run(trial, 200);
    const auto report = trial.report();
    CHECK(report.is_decided);
    CHECK(std::abs(report.cpu_tiles_per_s - 10'000) < 1);
    CHECK(std::abs(report.nvjpeg_tiles_per_s - 100'000 / nvjpeg_ms) < 1);
    const bool wins = nvjpeg_ms < 9.5;  // a gain of 5 percent
    CHECK_EQ(trial.wants_jpeg(), wins);
    CHECK_EQ(report.way == DecodeTrial::Way::Nvjpeg, wins);
  }
}

TEST(both_ways_are_tried_in_turn_before_it_is_decided) {
  DecodeTrial trial("nvJPEG", kSettle);
  Device device(10, 5);
  CHECK(!trial.wants_jpeg());
  int changes = 0, batches = 0;
  bool before = false;
  while (!trial.report().is_decided && batches < 1000) {
    device.run(trial, 1);
    ++batches;
    changes += trial.wants_jpeg() != before;
    before = trial.wants_jpeg();
  }
  CHECK_EQ(changes, 2 * DecodeTrial::kTurns - 1);
  CHECK(batches <= 2 * DecodeTrial::kTurns * (2 * kSettle + DecodeTrial::kBatches));
}

TEST(a_pause_in_one_turn_decides_nothing) {
  DecodeTrial trial("nvJPEG", kSettle);
  Device device(10, 5);
  while (!trial.wants_jpeg()) device.run(trial, 1);
  device.run(trial, 2 * kSettle + 2);  // in the middle of nvJPEG's first turn
  device.pass(60'000);
  device.run(trial, 200);
  CHECK(trial.report().way == DecodeTrial::Way::Nvjpeg);
  CHECK(std::abs(trial.report().nvjpeg_tiles_per_s - 20'000) < 1);
}

TEST(slides_without_such_tiles_do_not_count_for_nvjpeg) {
  DecodeTrial trial("nvJPEG", kSettle);
  Device device(10, 5);
  while (!trial.wants_jpeg()) device.run(trial, 1);
  for (int i = 0; i < 500; ++i) trial.batch_done(kRows, 89, device.now());
  CHECK(!trial.report().is_decided);
  CHECK(trial.wants_jpeg());
  device.run(trial, 200);
  CHECK(trial.report().is_decided);
}

TEST(what_was_asked_for_is_not_tried) {
  DecodeTrial trial("nvJPEG 1.2.3 (hybrid)");
  CHECK(trial.wants_jpeg());
  Device device(1, 100);
  device.run(trial, 300);
  CHECK(trial.wants_jpeg());
  CHECK_EQ(trial.report().text(), std::string("JPEG tiles are decoded by nvJPEG 1.2.3 (hybrid), for it was asked for"));
}

TEST(a_failure_ends_it) {
  DecodeTrial trial("nvJPEG");
  trial.give_up("nvJPEG failed: no memory left (5)");
  CHECK(!trial.wants_jpeg());
  CHECK_EQ(trial.report().text(),
           std::string("JPEG tiles are decoded by the CPU, for nvJPEG failed: no memory left (5)"));
  DecodeTrial running("nvJPEG", kSettle);
  running.give_up("x");
  Device device(10, 5);
  device.run(running, 300);
  CHECK(!running.wants_jpeg());
  CHECK(running.report().way == DecodeTrial::Way::Cpu);
}

TEST(reports_say_who_and_how_fast) {
  DecodeTrial trial("nvJPEG 1.2.3 (hardware)", kSettle);
  CHECK_EQ(trial.report().text(), std::string("JPEG tiles are decoded by nvJPEG 1.2.3 (hardware) and by the CPU in "
                                              "turn, to see which is faster"));
  Device device(10, 5);
  device.run(trial, 300);
  CHECK_EQ(trial.report().text(),
           std::string("JPEG tiles are decoded by nvJPEG 1.2.3 (hardware): 20000 tiles a second with nvJPEG 1.2.3 "
                       "(hardware), 10000 with the CPU"));
}

TEST_MAIN
