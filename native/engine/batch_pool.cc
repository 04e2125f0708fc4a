#include "engine/batch_pool.h"

#include <utility>

namespace microtome::engine {

std::shared_ptr<Batch> BatchPool::take(std::int64_t bytes, MemoryBudget& budget) {
  // The last one given back is the warmest.
  for (auto it = idle_.rbegin(); it != idle_.rend(); ++it) {
    if ((*it)->reserved.bytes() < bytes) continue;
    auto batch = std::move(*it);
    idle_.erase(std::next(it).base());
    return batch;
  }
  auto reserved = budget.try_reserve(bytes);
  while (!reserved && !idle_.empty()) {
    idle_.erase(idle_.begin());
    reserved = budget.try_reserve(bytes);
  }
  if (!reserved) return nullptr;
  auto batch = std::make_shared<Batch>();
  batch->reserved = std::move(*reserved);
  return batch;
}

void BatchPool::drop_idle(bool is_needed) noexcept {
  std::shared_ptr<Batch> largest;
  if (is_needed)
    for (const auto& batch : idle_)
      if (!largest || batch->reserved.bytes() > largest->reserved.bytes()) largest = batch;
  std::erase_if(idle_, [&](const auto& batch) { return batch != largest; });
}

void BatchPool::give_back(std::shared_ptr<Batch> batch) {
  batch->segments.clear();
  batch->failure = nullptr;
  batch->used = batch->device_ns = 0;
  batch->notes.clear();
  batch->decodes.clear();
  batch->spec.reset();
  idle_.push_back(std::move(batch));
}

void BatchPool::make_ready(Batch& batch, std::size_t bytes) const {
  std::scoped_lock lock(batch.memory_mutex);
  if (batch.memory && batch.memory->size() >= bytes) return;
  batch.memory.reset();
  batch.memory = runner_->make_memory(bytes);
}

}  // namespace microtome::engine
