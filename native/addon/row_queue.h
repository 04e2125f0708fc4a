// Blocks of rows that wait for the JavaScript thread. It gets one at a time, put together of several where these are
// small: a call for each would hold it up.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "engine/row_request.h"

namespace microtome::addon {

class RowQueue : public std::enable_shared_from_this<RowQueue> {
 public:
  // Any thread. `call` has take() called on the JavaScript thread, some time later.
  explicit RowQueue(std::function<void()> call) : call_(std::move(call)) {}

  void put(engine::RowBlock block);
  // The rows of one of the program's outputs in the order of their tiles; nothing where none wait. Its memory is that
  // of one block, or a copy of at most kMostValues values beside those that it was made of. Followed by done().
  [[nodiscard]] std::optional<engine::RowBlock> take();
  // Whoever got the block has let go of it: it is time for the next one.
  void done();
  // What waits is dropped, and nothing is called any more.
  void end();

 private:
  static constexpr std::size_t kMostValues = 262'144;
  static constexpr std::size_t kMostRows = 4'096;

  std::mutex mutex_;  // blocks are freed without it: that reaches the pool of workers
  std::function<void()> call_;
  std::deque<engine::RowBlock> blocks_;
  bool is_busy_ = false;  // called, and not done
};

}  // namespace microtome::addon
