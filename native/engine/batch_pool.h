// Batches of one runner that are used again. A batch keeps its part of the memory budget while it waits; where the
// budget has no room, batches that wait are given up. [pool]: under the worker pool's mutex; their memory is made
// without it.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/memory_budget.h"
#include "engine/batch.h"
#include "engine/runner.h"

namespace microtome::engine {

class BatchPool {
 public:
  explicit BatchPool(std::shared_ptr<Runner> runner) noexcept : runner_(std::move(runner)) {}

  // [pool] A batch with `bytes` reserved; null where the budget has no room for it now.
  [[nodiscard]] std::shared_ptr<Batch> take(std::int64_t bytes, MemoryBudget& budget);
  void give_back(std::shared_ptr<Batch> batch);
  // [pool] All that wait, but the largest where somebody counts on finding a batch sooner or later.
  void drop_idle(bool is_needed) noexcept;

  // Makes the memory of a batch that has none yet, or too little. Without the mutex.
  void make_ready(Batch& batch, std::size_t bytes) const;

 private:
  const std::shared_ptr<Runner> runner_;
  std::vector<std::shared_ptr<Batch>> idle_;
};

}  // namespace microtome::engine
