// Busy and waiting time, items and bytes of each pipeline stage of one job. Any thread adds; read when the job is done.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

#include "core/error.h"

namespace microtome {

using Clock = std::chrono::steady_clock;

[[nodiscard]] inline std::int64_t nanoseconds_since(Clock::time_point start) noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
}

// One stage's figures at one moment.
struct StageTimes {
  Stage stage = Stage::Options;
  double busy_ms = 0;     // work done for this stage, summed over threads
  double waiting_ms = 0;  // threads that had nothing to do because of this stage
  std::int64_t items = 0;
  std::int64_t bytes = 0;
};

class StageMetrics {
 public:
  static constexpr std::size_t kStages = static_cast<std::size_t>(Stage::Csv) + 1;

  struct Counters {
    std::atomic<std::int64_t> busy_ns{0};
    std::atomic<std::int64_t> waiting_ns{0};
    std::atomic<std::int64_t> items{0};
    std::atomic<std::int64_t> bytes{0};
  };

  [[nodiscard]] Counters& of(Stage stage) noexcept { return counters_[static_cast<std::size_t>(stage)]; }
  [[nodiscard]] const Counters& of(Stage stage) const noexcept { return counters_[static_cast<std::size_t>(stage)]; }

  void add_waiting(Stage stage, std::int64_t ns) noexcept {
    of(stage).waiting_ns.fetch_add(ns, std::memory_order_relaxed);
  }

  void count(Stage stage, std::int64_t items, std::int64_t bytes) noexcept {
    of(stage).items.fetch_add(items, std::memory_order_relaxed);
    of(stage).bytes.fetch_add(bytes, std::memory_order_relaxed);
  }

  // The stages of a scoring job, in order.
  [[nodiscard]] std::vector<StageTimes> snapshot() const {
    std::vector<StageTimes> all;
    for (const Stage stage :
         {Stage::Tissue, Stage::Tiles, Stage::Decode, Stage::Preprocess, Stage::Infer, Stage::Aggregate}) {
      const auto& counters = of(stage);
      all.push_back({stage, static_cast<double>(counters.busy_ns.load()) / 1e6,
                     static_cast<double>(counters.waiting_ns.load()) / 1e6, counters.items.load(),
                     counters.bytes.load()});
    }
    return all;
  }

  // Adds the life time of the guard to a stage's busy time.
  class Busy {
   public:
    Busy(StageMetrics& metrics, Stage stage) noexcept : counters_(metrics.of(stage)), start_(Clock::now()) {}
    ~Busy() { counters_.busy_ns.fetch_add(nanoseconds_since(start_), std::memory_order_relaxed); }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;
    void count(std::int64_t items, std::int64_t bytes) noexcept {
      counters_.items.fetch_add(items, std::memory_order_relaxed);
      counters_.bytes.fetch_add(bytes, std::memory_order_relaxed);
    }

   private:
    Counters& counters_;
    Clock::time_point start_;
  };

 private:
  std::array<Counters, kStages> counters_;
};

}  // namespace microtome
