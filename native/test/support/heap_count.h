// How many bytes of the heap are in use, and were at most, by replacing operator new: for one file of a test. What
// LargeMemory takes from the system is not there (under the address sanitizer it takes nothing from it), nor what C
// libraries take.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

namespace microtome::test {

struct HeapCount {
  std::atomic<std::int64_t> now_bytes{0};
  std::atomic<std::int64_t> peak_bytes{0};
  // Beyond it there is no memory.
  std::atomic<std::int64_t> most_bytes{std::numeric_limits<std::int64_t>::max()};
};
inline HeapCount heap_count;

// Bytes beyond those in use before that `work` had at most.
template <typename Work>
std::int64_t heap_peak_bytes(const Work& work) {
  const std::int64_t before = heap_count.now_bytes;
  heap_count.peak_bytes = before;
  work();
  return heap_count.peak_bytes - before;
}

namespace heap {

constexpr std::size_t kFront = 16;  // bytes before a block; the first of them say its size

inline void* take(std::size_t bytes, std::size_t alignment) {
  const std::size_t front = std::max(alignment, kFront);
  const std::int64_t now = heap_count.now_bytes += static_cast<std::int64_t>(bytes);
  auto* const block = now > heap_count.most_bytes
                          ? nullptr
                          : static_cast<char*>(std::aligned_alloc(front, (bytes + 2 * front - 1) / front * front));
  if (block == nullptr) {
    heap_count.now_bytes -= static_cast<std::int64_t>(bytes);
    throw std::bad_alloc();
  }
  std::int64_t peak = heap_count.peak_bytes;
  while (peak < now && !heap_count.peak_bytes.compare_exchange_weak(peak, now)) continue;
  std::memcpy(block, &bytes, sizeof bytes);
  return block + front;
}

inline void give_back(void* memory, std::size_t alignment) noexcept {
  if (memory == nullptr) return;
  char* const block = static_cast<char*>(memory) - std::max(alignment, kFront);
  std::size_t bytes = 0;
  std::memcpy(&bytes, block, sizeof bytes);
  heap_count.now_bytes -= static_cast<std::int64_t>(bytes);
  std::free(block);
}

}  // namespace heap
}  // namespace microtome::test

void* operator new(std::size_t bytes) { return microtome::test::heap::take(bytes, 1); }
void* operator new[](std::size_t bytes) { return microtome::test::heap::take(bytes, 1); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return microtome::test::heap::take(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { microtome::test::heap::give_back(memory, 1); }
void operator delete[](void* memory) noexcept { microtome::test::heap::give_back(memory, 1); }
void operator delete(void* memory, std::size_t) noexcept { microtome::test::heap::give_back(memory, 1); }
void operator delete[](void* memory, std::size_t) noexcept { microtome::test::heap::give_back(memory, 1); }
void operator delete(void* memory, std::align_val_t alignment) noexcept {
  microtome::test::heap::give_back(memory, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory, std::size_t, std::align_val_t alignment) noexcept {
  microtome::test::heap::give_back(memory, static_cast<std::size_t>(alignment));
}
