// Whether JPEG tiles go to a device as they are stored, or as pixels: found out on the first batches by doing both in
// turn and comparing how many tiles come back in a second. What is measured is the whole way through workers and
// device, so that a device that decodes fast but is busy with its graph does not win. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include "core/stage_metrics.h"

namespace microtome::engine {

class DecodeTrial {
 public:
  enum class Way : std::uint8_t { Cpu, Nvjpeg };

  // Batches of a turn that count, after `settle` ones that do not: those that were under way when it began. Each way
  // has kTurns turns, and its best counts: in others the workers may have had nothing to do for a while.
  static constexpr int kTurns = 2;
  static constexpr int kBatches = 6;
  // How much faster nvJPEG must be, since it is not what the CPU would give.
  static constexpr double kGain = 1.05;
  // A batch counts for nvJPEG where so much of it came as JPEG: other slides say nothing about it.
  static constexpr double kLeastShare = 0.9;

  // `decoder` is what nvJPEG is called in reports: "nvJPEG 12.4.0 (hardware)".
  DecodeTrial(std::string decoder, int settle);
  // Without a trial: always nvJPEG.
  explicit DecodeTrial(std::string decoder);

  // Whether nobody may choose the CPU instead.
  [[nodiscard]] bool is_forced() const noexcept { return is_forced_; }
  // Whether a row that is filled now may be JPEG.
  [[nodiscard]] bool wants_jpeg() const noexcept { return wants_jpeg_.load(std::memory_order_relaxed); }
  // A batch of `rows` tiles came back, `jpeg` of them decoded by nvJPEG.
  void batch_done(std::int64_t rows, std::int64_t jpeg, Clock::time_point now);
  // nvJPEG has failed: from now on the CPU decodes.
  void give_up(const std::string& reason);

  struct Report {
    bool is_decided = false;  // else the trial goes on
    Way way = Way::Cpu;
    double cpu_tiles_per_s = 0;  // 0: not measured
    double nvjpeg_tiles_per_s = 0;
    std::string decoder;
    std::string reason;  // where there was no trial, or it ended early

    // One sentence.
    [[nodiscard]] std::string text() const;
  };
  [[nodiscard]] Report report() const;

 private:
  DecodeTrial(std::string decoder, int settle, bool is_forced);
  void begin_turn(Way way);
  void decide();

  const int settle_;
  const bool is_forced_;
  mutable std::mutex mutex_;
  Report report_;
  Way turn_ = Way::Cpu;
  int turns_ = 0;    // that are over, of both ways
  int batches_ = 0;  // of this turn
  std::int64_t rows_ = 0;
  Clock::time_point since_{};
  std::atomic<bool> wants_jpeg_{false};
};

}  // namespace microtome::engine
