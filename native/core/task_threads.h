// A thread for each task, for tasks that may take long and must not wait for each other: loading a model, closing a
// scorer. Nothing is detached: threads are joined when they have ended, at the next task, or at the end.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "core/worker_threads.h"

namespace microtome {

class TaskThreads {
 public:
  TaskThreads() = default;
  ~TaskThreads() { close(); }
  TaskThreads(const TaskThreads&) = delete;
  TaskThreads& operator=(const TaskThreads&) = delete;

  // `task` must not throw. False after close(): the task was not taken. Throws std::system_error where the system does
  // not allow another thread.
  bool start(const std::string& name, std::function<void()> task);
  // Waits for the tasks. Not from a task.
  void close();

 private:
  struct Running {
    std::atomic<bool> ended{false};
    WorkerThreads thread;
  };

  std::mutex mutex_;
  bool closing_ = false;
  std::list<std::unique_ptr<Running>> running_;
};

}  // namespace microtome
