// How many workers score at once. A core that the system counts is not always worth a worker: two of them may be
// threads of one, and all share one memory bus. So the first runs of an engine are a trial on the work that is there
// anyway: with all workers, with half of them, with half of those, until fewer are no longer faster; then the best
// number stays. What is measured is throughput, tiles a second of all workers together. A result's bits do not depend
// on it.
//
// Not safe to use from several threads at once, but for limit().
#pragma once

#include <atomic>
#include <cstdint>

namespace microtome::engine {

class WorkerCalibration {
 public:
  // Fewer workers than this are never worth a trial: half of them would be slower on any machine.
  static constexpr int kLeastWorkers = 4;

  // `all` workers exist. Without a trial all of them score.
  WorkerCalibration(int all, bool trial) noexcept;

  // Workers that may score at the same time, now.
  [[nodiscard]] int limit() const noexcept { return limit_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool settled() const noexcept { return settled_; }

  // One worker scored `tiles` in `seconds`; `at_start` and `at_end` workers, itself among them, were scoring when it
  // began and when it ended. Only what was measured in the company that is on trial counts; where that hardly ever
  // comes together (a model whose tensors leave room for few workers), the trial ends as it stands.
  void add(std::int64_t tiles, double seconds, int at_start, int at_end) noexcept;

 private:
  void next_trial(double rate) noexcept;
  void settle(int workers) noexcept;

  std::atomic<int> limit_;
  bool settled_;
  double best_rate_ = 0;  // tiles a second
  int best_ = 0;
  // About the trial that is running:
  int samples_ = 0;
  int others_ = 0;  // samples that did not count
  double tiles_ = 0;
  double seconds_ = 0;  // summed over workers
};

}  // namespace microtome::engine
