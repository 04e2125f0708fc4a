#include "engine/worker_calibration.h"

namespace microtome::engine {
namespace {

// Of each worker: the first runs of a trial meet cold caches and a runtime that still allocates.
constexpr int kWarmUpRuns = 2;
constexpr int kRuns = 4;
constexpr double kSeconds = 0.05;

// Of each worker, in other company, until the trial is given up.
constexpr int kOtherRuns = 32;

// Fewer workers must be this much faster: a trial is short, and the machine may do other things too.
constexpr double kWorthwhile = 1.05;

}  // namespace

WorkerCalibration::WorkerCalibration(int all, bool trial) noexcept
    : limit_(all), settled_(!trial || all < kLeastWorkers), best_(all) {}

void WorkerCalibration::add(std::int64_t tiles, double seconds, int at_start, int at_end) noexcept {
  const int workers = limit();
  if (settled_) return;
  if (at_start != workers || at_end != workers) {
    if (++others_ > kOtherRuns * workers) settle(best_);
    return;
  }
  if (++samples_ <= kWarmUpRuns * workers) return;
  tiles_ += static_cast<double>(tiles);
  seconds_ += seconds;
  if (samples_ < (kWarmUpRuns + kRuns) * workers || seconds_ < kSeconds * workers) return;
  next_trial(tiles_ / seconds_ * workers);
}

void WorkerCalibration::next_trial(double rate) noexcept {
  const int workers = limit();
  const bool first = best_rate_ == 0;
  if (!first && rate < kWorthwhile * best_rate_) return settle(best_);
  best_rate_ = rate;
  best_ = workers;
  if (workers / 2 < kLeastWorkers / 2) return settle(best_);
  samples_ = others_ = 0;
  tiles_ = seconds_ = 0;
  limit_.store(workers / 2, std::memory_order_relaxed);
}

void WorkerCalibration::settle(int workers) noexcept {
  settled_ = true;
  limit_.store(workers, std::memory_order_relaxed);
}

}  // namespace microtome::engine
