#include "engine/decode_trial.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace microtome::engine {
namespace {

std::string whole(double value) { return std::to_string(std::llround(value)); }

}  // namespace

DecodeTrial::DecodeTrial(std::string decoder, int settle, bool is_forced) : settle_(settle), is_forced_(is_forced) {
  report_.decoder = std::move(decoder);
}

DecodeTrial::DecodeTrial(std::string decoder, int settle) : DecodeTrial(std::move(decoder), settle, false) {}

DecodeTrial::DecodeTrial(std::string decoder) : DecodeTrial(std::move(decoder), 0, true) {
  report_.is_decided = true;
  report_.way = Way::Nvjpeg;
  report_.reason = "it was asked for";
  wants_jpeg_ = true;
}

void DecodeTrial::batch_done(std::int64_t rows, std::int64_t jpeg, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  if (report_.is_decided) return;
  const bool is_jpeg = static_cast<double>(jpeg) >= kLeastShare * static_cast<double>(rows);
  // What is not of this turn is of the one before, or of a slide that has no such tiles.
  if (turn_ == Way::Nvjpeg ? !is_jpeg : jpeg > 0) return;
  if (++batches_ <= settle_) {
    since_ = now;
    return;
  }
  rows_ += rows;
  if (batches_ < settle_ + kBatches) return;
  const double seconds = std::chrono::duration<double>(now - since_).count();
  double& best = turn_ == Way::Cpu ? report_.cpu_tiles_per_s : report_.nvjpeg_tiles_per_s;
  if (seconds > 0) best = std::max(best, static_cast<double>(rows_) / seconds);
  if (++turns_ == 2 * kTurns) return decide();
  begin_turn(turn_ == Way::Cpu ? Way::Nvjpeg : Way::Cpu);
}

void DecodeTrial::begin_turn(Way way) {
  turn_ = way;
  batches_ = 0;
  rows_ = 0;
  wants_jpeg_ = way == Way::Nvjpeg;
}

void DecodeTrial::decide() {
  report_.is_decided = true;
  report_.way = report_.nvjpeg_tiles_per_s >= kGain * report_.cpu_tiles_per_s ? Way::Nvjpeg : Way::Cpu;
  wants_jpeg_ = report_.way == Way::Nvjpeg;
}

void DecodeTrial::give_up(const std::string& reason) {
  const std::scoped_lock lock(mutex_);
  report_.is_decided = true;
  report_.way = Way::Cpu;
  report_.reason = reason;
  wants_jpeg_ = false;
}

DecodeTrial::Report DecodeTrial::report() const {
  const std::scoped_lock lock(mutex_);
  return report_;
}

std::string DecodeTrial::Report::text() const {
  if (!is_decided) return "JPEG tiles are decoded by " + decoder + " and by the CPU in turn, to see which is faster";
  const std::string who = way == Way::Nvjpeg ? decoder : "the CPU";
  const std::string measured = cpu_tiles_per_s > 0 && nvjpeg_tiles_per_s > 0
                                   ? whole(nvjpeg_tiles_per_s) + " tiles a second with " + decoder + ", " +
                                         whole(cpu_tiles_per_s) + " with the CPU"
                                   : "";
  return "JPEG tiles are decoded by " + who + (reason.empty() ? "" : ", for " + reason) +
         (measured.empty() || !reason.empty() ? "" : ": " + measured);
}

}  // namespace microtome::engine
