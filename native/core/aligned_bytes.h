// Bytes that begin at a multiple of 64: the start that vector code and inference runtimes like best. Large ones are
// mapped by themselves and asked for in huge pages (a hint that the system may ignore): batches of tensors are written
// from end to end, again and again, and a page table of 4 KiB entries for them would not stay in the processor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

namespace microtome {

// From this size on. Less would waste the rest of a huge page.
inline constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;

// Zeroed memory of its own, at a multiple of kHugePageBytes; goes back to the system when it is freed. Throws
// bad_alloc.
[[nodiscard]] void* map_pages(std::size_t bytes);
void unmap_pages(void* memory, std::size_t bytes) noexcept;  // `bytes` as for map_pages

template <typename T>
struct CacheLineAllocator {
  using value_type = T;
  static constexpr std::align_val_t kAlignment{64};

  CacheLineAllocator() = default;
  template <typename U>
  explicit(false) CacheLineAllocator(const CacheLineAllocator<U>&) noexcept {}

  [[nodiscard]] T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);  // below max_size() of a vector: does not overflow
    return static_cast<T*>(bytes >= kHugePageBytes ? map_pages(bytes) : ::operator new(bytes, kAlignment));
  }
  void deallocate(T* memory, std::size_t count) noexcept {
    if (count * sizeof(T) >= kHugePageBytes)
      unmap_pages(memory, count * sizeof(T));
    else
      ::operator delete(memory, kAlignment);
  }
  friend bool operator==(const CacheLineAllocator&, const CacheLineAllocator&) noexcept { return true; }
};

using AlignedBytes = std::vector<std::uint8_t, CacheLineAllocator<std::uint8_t>>;

}  // namespace microtome
