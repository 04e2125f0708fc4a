// Large buffers that are used again. A buffer goes back when its last owner lets go of it, on any thread, also after
// the pool itself is gone (it is freed then).
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "core/large_memory.h"

namespace microtome {

class BufferPool {
 public:
  // All buffers have this size. At most `kept` of them wait to be used again.
  BufferPool(std::size_t bytes, std::size_t kept) : shelf_(std::make_shared<Shelf>(bytes, kept)) {}

  // Contents are whatever its last owner left.
  [[nodiscard]] std::shared_ptr<LargeBytes> take() {
    std::unique_ptr<LargeBytes> buffer;
    {
      std::scoped_lock lock(shelf_->mutex);
      if (!shelf_->free.empty()) {
        buffer = std::move(shelf_->free.back());
        shelf_->free.pop_back();
      }
    }
    if (!buffer) buffer = std::make_unique<LargeBytes>(shelf_->bytes);
    return {buffer.release(), [shelf = shelf_](LargeBytes* back) { shelf->put(std::unique_ptr<LargeBytes>(back)); }};
  }

 private:
  struct Shelf {
    Shelf(std::size_t buffer_bytes, std::size_t most) : bytes(buffer_bytes), kept(most) { free.reserve(most); }

    void put(std::unique_ptr<LargeBytes> buffer) noexcept {
      std::scoped_lock lock(mutex);
      if (free.size() < kept) free.push_back(std::move(buffer));  // reserved: does not throw
    }

    const std::size_t bytes;
    const std::size_t kept;
    std::mutex mutex;
    std::vector<std::unique_ptr<LargeBytes>> free;
  };

  std::shared_ptr<Shelf> shelf_;
};

}  // namespace microtome
