#include "engine/service_threads.h"

namespace microtome::engine {

bool ServiceThreads::post(Task task) {
  std::scoped_lock lock(mutex_);
  if (closing_) return false;
  if (!started_) {
    for (int i = 0; i < count_; ++i) threads_.start("microtome-s" + std::to_string(i), [this] { work(); });
    started_ = true;
  }
  tasks_.push_back(std::move(task));
  changed_.notify_one();
  return true;
}

void ServiceThreads::close() {
  std::deque<Task> dropped;
  {
    std::scoped_lock lock(mutex_);
    closing_ = true;
    dropped.swap(tasks_);
    changed_.notify_all();
  }
  threads_.join();
}

void ServiceThreads::work() {
  {
    decode::TileDecoder decoder;
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return closing_ || !tasks_.empty(); });
      if (tasks_.empty()) break;
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task(decoder);
      task = nullptr;  // what it holds is freed before the next wait
      lock.lock();
    }
  }
  decode::leave_thread();
}

}  // namespace microtome::engine
