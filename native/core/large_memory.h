// Large buffers straight from the system, in size classes, some of them kept to be used again. glibc keeps freed blocks
// of a few hundred kilobytes to megabytes in arenas that it seldom gives back: a process that opens, streams and closes
// slides grows without end. Here at most kKeptBytes wait for their next use; the rest goes back to the system at once,
// and what waits goes back when a block of another size is wanted. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

namespace microtome {

class LargeMemory {
 public:
  static constexpr std::size_t kAlignment = 64;
  // Smaller blocks come from the ordinary heap. Under the address sanitizer all do, so that it watches their ends.
#if defined(__SANITIZE_ADDRESS__)
  static constexpr std::size_t kLeastBytes = SIZE_MAX;
#else
  static constexpr std::size_t kLeastBytes = 64u << 10;
#endif
  // Most bytes that the whole process keeps for later use, all sizes together.
  static constexpr std::size_t kKeptBytes = 48u << 20;

  // Aligned to kAlignment. Contents are whatever the last owner left. Throws std::bad_alloc.
  [[nodiscard]] static void* allocate(std::size_t bytes);
  // `bytes` as they were asked for.
  static void release(void* memory, std::size_t bytes) noexcept;

  struct Counts {
    std::size_t in_use_bytes = 0;
    std::size_t kept_bytes = 0;
  };
  [[nodiscard]] static Counts counts() noexcept;
};

// For containers whose memory is large.
template <typename T>
struct LargeAllocator {
  using value_type = T;

  LargeAllocator() = default;
  template <typename U>
  explicit(false) LargeAllocator(const LargeAllocator<U>&) noexcept {}

  [[nodiscard]] T* allocate(std::size_t count) {
    if (count > SIZE_MAX / sizeof(T)) throw std::bad_array_new_length();
    return static_cast<T*>(LargeMemory::allocate(count * sizeof(T)));
  }
  void deallocate(T* memory, std::size_t count) noexcept { LargeMemory::release(memory, count * sizeof(T)); }
  friend bool operator==(const LargeAllocator&, const LargeAllocator&) noexcept { return true; }
};

using LargeDoubles = std::vector<double, LargeAllocator<double>>;
using LargeFloats = std::vector<float, LargeAllocator<float>>;
using LargeBytes = std::vector<std::uint8_t, LargeAllocator<std::uint8_t>>;
using LargeSignedBytes = std::vector<std::int8_t, LargeAllocator<std::int8_t>>;

}  // namespace microtome
