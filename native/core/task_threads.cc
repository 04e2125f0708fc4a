#include "core/task_threads.h"

#include <utility>

namespace microtome {

bool TaskThreads::start(const std::string& name, std::function<void()> task) {
  std::scoped_lock lock(mutex_);
  if (closing_) return false;
  running_.remove_if([](const auto& one) { return one->ended.load(std::memory_order_acquire); });  // joins
  auto running = std::make_unique<Running>();
  running->thread.start(name, [task = std::move(task), &ended = running->ended]() mutable {
    task();
    task = nullptr;  // what it holds is freed before the thread counts as ended
    ended.store(true, std::memory_order_release);
  });
  running_.push_back(std::move(running));
  return true;
}

void TaskThreads::close() {
  std::list<std::unique_ptr<Running>> running;
  {
    std::scoped_lock lock(mutex_);
    closing_ = true;
    running.swap(running_);
  }
  running.clear();  // joins
}

}  // namespace microtome
