#include "core/aligned_bytes.h"

#include <sys/mman.h>

#include <cstdint>
#include <limits>

namespace microtome {
namespace {

constexpr std::size_t whole_pages(std::size_t bytes) noexcept {
  return (bytes + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
}

}  // namespace

void* map_pages(std::size_t bytes) {
  if (bytes > std::numeric_limits<std::size_t>::max() - 2 * kHugePageBytes) throw std::bad_alloc();
  const std::size_t wanted = whole_pages(bytes);
  // One page more than is needed holds an aligned start; what is beside it goes back.
  const std::size_t mapped = wanted + kHugePageBytes;
  void* const all = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) throw std::bad_alloc();
  auto* const begin = static_cast<std::uint8_t*>(all);
  const std::size_t before = (kHugePageBytes - reinterpret_cast<std::uintptr_t>(all) % kHugePageBytes) % kHugePageBytes;
  std::uint8_t* const memory = begin + before;
  if (before > 0) munmap(begin, before);
  munmap(memory + wanted, kHugePageBytes - before);
  madvise(memory, wanted, MADV_HUGEPAGE);
  return memory;
}

void unmap_pages(void* memory, std::size_t bytes) noexcept { munmap(memory, whole_pages(bytes)); }

}  // namespace microtome
