// A few threads for short requests (opening, regions, thumbnails, masks, plans), apart from the engine's workers so
// that a viewer stays responsive while slides are scored. Tasks run in the order they came; each gets a decoder that
// belongs to its thread. Started with the first task.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

#include "core/worker_threads.h"
#include "decode/tile_decoder.h"

namespace microtome::engine {

class ServiceThreads {
 public:
  using Task = std::function<void(decode::TileDecoder&)>;  // must not throw

  explicit ServiceThreads(int threads) : count_(threads) {}
  ~ServiceThreads() { close(); }

  // False after close(): the task was not taken.
  bool post(Task task);
  // Waits for the tasks that run, drops those that have not started, joins.
  void close();

 private:
  void work();

  const int count_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  bool closing_ = false;
  bool started_ = false;
  WorkerThreads threads_;
};

}  // namespace microtome::engine
