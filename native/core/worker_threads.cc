#include "core/worker_threads.h"

#include <pthread.h>

namespace microtome {

void WorkerThreads::start(const std::string& name, std::function<void()> body) {
  threads_.emplace_back([name = name.substr(0, 15), body = std::move(body)] {
    pthread_setname_np(pthread_self(), name.c_str());
    body();
  });
}

void WorkerThreads::join() {
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
  threads_.clear();
}

}  // namespace microtome
