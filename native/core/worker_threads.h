// Named threads that are joined by their owner. Nothing here is ever detached.
#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace microtome {

class WorkerThreads {
 public:
  WorkerThreads() = default;
  ~WorkerThreads() { join(); }
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;

  // `body` runs on the new thread and must not throw. `name` shows in debuggers (15 characters at most).
  void start(const std::string& name, std::function<void()> body);
  void join();

 private:
  std::vector<std::thread> threads_;
};

}  // namespace microtome
