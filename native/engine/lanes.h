// What the encoders of a job run with, and which of them share the runs of one pass over the slide.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/batch_pool.h"
#include "engine/batch_queue.h"
#include "engine/runner.h"
#include "engine/score_request.h"

namespace microtome::engine {

// A graph of the engine, on a device or on the workers.
struct GraphMeans {
  std::shared_ptr<Runner> runner;
  std::shared_ptr<BatchPool> batches;
  std::shared_ptr<BatchQueue> queue;  // of a device; null: the runner runs inline
};

struct EncoderMeans {
  std::shared_ptr<const RunSpec> spec;
  std::int64_t rows = 1;  // of a run
  bool pads = true;       // false: the last run is as short as it is
};

// The encoders that get the same tiles, in runs of the same size: those are decoded once for all of them.
struct Lane {
  std::size_t input = 0;
  std::vector<std::size_t> encoders;
  std::int64_t rows = 1;
  bool as_pixels = false;  // see needs_pixels()
};

// An encoder on a device has a lane of its own. `queued`: by encoder.
[[nodiscard]] std::vector<Lane> lanes_of(const ScoreRequest& request, std::span<const std::size_t> encoders,
                                         std::span<const EncoderMeans> means, const std::vector<bool>& queued);

}  // namespace microtome::engine
