// Memory of a batch on the heap, for runners that tests make.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/large_memory.h"
#include "engine/batch.h"

namespace microtome::test {

class HeapMemory final : public engine::BatchMemory {
 public:
  explicit HeapMemory(std::size_t bytes) : bytes_(bytes) {}
  [[nodiscard]] std::uint8_t* data() noexcept override { return bytes_.data(); }
  [[nodiscard]] std::size_t size() const noexcept override { return bytes_.size(); }

 private:
  LargeBytes bytes_;
};

}  // namespace microtome::test
