#include "core/large_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <map>
#include <mutex>
#include <new>
#include <vector>

namespace microtome {
namespace {

constexpr std::size_t kPageBytes = 4096;

// Sixteen classes between two powers of two: at most a sixteenth of a block is lost.
std::size_t class_of(std::size_t bytes) {
  const std::size_t step = std::max<std::size_t>(std::bit_floor(bytes) / 16, kPageBytes);
  if (bytes > SIZE_MAX - step) throw std::bad_alloc();
  return (bytes + step - 1) / step * step;
}

struct Shelf {
  std::mutex mutex;
  std::map<std::size_t, std::vector<void*>> free;  // by size class
  std::size_t kept_bytes = 0;
  std::size_t in_use_bytes = 0;
};

// Never destroyed: blocks may be released by other static destructors.
Shelf& shelf() {
  static union Storage {
    Storage() : value() {}
    ~Storage() {}
    Shelf value;
  } storage;
  return storage.value;
}

void* take_kept(std::size_t bytes) noexcept {
  Shelf& all = shelf();
  std::scoped_lock lock(all.mutex);
  const auto found = all.free.find(bytes);
  if (found == all.free.end() || found->second.empty()) return nullptr;
  void* const memory = found->second.back();
  found->second.pop_back();
  all.kept_bytes -= bytes;
  all.in_use_bytes += bytes;
  return memory;
}

// False: there is enough of it, or no room to note it down.
bool keep(void* memory, std::size_t bytes) noexcept {
  Shelf& all = shelf();
  std::scoped_lock lock(all.mutex);
  all.in_use_bytes -= bytes;
  if (bytes > LargeMemory::kKeptBytes - std::min(LargeMemory::kKeptBytes, all.kept_bytes)) return false;
  try {
    all.free[bytes].push_back(memory);
  } catch (const std::bad_alloc&) {
    return false;
  }
  all.kept_bytes += bytes;
  return true;
}

// A new block takes the place of kept ones of other sizes, the largest first: what is resident is what is in use, or
// what was at some time, and not both.
void make_place(std::size_t bytes) noexcept {
  Shelf& all = shelf();
  for (std::size_t given_back = 0; given_back < bytes;) {
    void* memory = nullptr;
    std::size_t size = 0;
    {
      std::scoped_lock lock(all.mutex);
      auto largest = all.free.rbegin();
      while (largest != all.free.rend() && largest->second.empty()) ++largest;
      if (largest == all.free.rend()) return;
      size = largest->first;
      memory = largest->second.back();
      largest->second.pop_back();
      all.kept_bytes -= size;
    }
    ::munmap(memory, size);
    given_back += size;
  }
}

}  // namespace

void* LargeMemory::allocate(std::size_t bytes) {
  if (bytes < kLeastBytes) return ::operator new(bytes, std::align_val_t{kAlignment});
  const std::size_t whole = class_of(bytes);
  if (void* const kept = take_kept(whole)) return kept;
  make_place(whole);
  void* const memory = ::mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  Shelf& all = shelf();
  std::scoped_lock lock(all.mutex);
  all.in_use_bytes += whole;
  return memory;
}

void LargeMemory::release(void* memory, std::size_t bytes) noexcept {
  if (memory == nullptr) return;
  if (bytes < kLeastBytes) return ::operator delete(memory, std::align_val_t{kAlignment});
  const std::size_t whole = class_of(bytes);
  if (!keep(memory, whole)) ::munmap(memory, whole);
}

LargeMemory::Counts LargeMemory::counts() noexcept {
  Shelf& all = shelf();
  std::scoped_lock lock(all.mutex);
  return {all.in_use_bytes, all.kept_bytes};
}

}  // namespace microtome
