// Large blocks are used again, and given back beyond what is kept.
#include "core/large_memory.h"

#include <cstdint>
#include <cstring>

#include "test/check.h"

using microtome::LargeBytes;
using microtome::LargeMemory;

namespace {

// Where the sanitizer has all blocks from the heap, none is large.
constexpr bool kNoneIsLarge = LargeMemory::kLeastBytes == SIZE_MAX;

}  // namespace

TEST(blocks_are_aligned_and_used_again) {
  if (kNoneIsLarge) return;
  const auto before = LargeMemory::counts();
  const std::size_t bytes = (1u << 20) + 17;
  void* const first = LargeMemory::allocate(bytes);
  CHECK_EQ(reinterpret_cast<std::uintptr_t>(first) % LargeMemory::kAlignment, std::uintptr_t{0});
  std::memset(first, 1, bytes);
  CHECK(LargeMemory::counts().in_use_bytes >= before.in_use_bytes + bytes);
  LargeMemory::release(first, bytes);
  CHECK_EQ(LargeMemory::counts().in_use_bytes, before.in_use_bytes);
  void* const second = LargeMemory::allocate(bytes + 100);  // of the same class
  CHECK(second == first);
  LargeMemory::release(second, bytes + 100);
}

TEST(what_is_kept_has_a_bound) {
  if (kNoneIsLarge) return;
  const std::size_t bytes = 5u << 20;
  void* blocks[20];
  for (void*& block : blocks) block = LargeMemory::allocate(bytes);
  for (void* const block : blocks) LargeMemory::release(block, bytes);
  CHECK(LargeMemory::counts().kept_bytes <= LargeMemory::kKeptBytes);
  CHECK_EQ(LargeMemory::counts().in_use_bytes, std::size_t{0});
}

// Else what waits and what is new would be resident together.
TEST(a_block_of_another_size_takes_the_place_of_kept_ones) {
  if (kNoneIsLarge) return;
  const std::size_t bytes = 4u << 20;
  LargeMemory::release(LargeMemory::allocate(bytes), bytes);
  const std::size_t kept = LargeMemory::counts().kept_bytes;
  CHECK(kept >= bytes);
  void* const other = LargeMemory::allocate(bytes / 2);
  CHECK(LargeMemory::counts().kept_bytes <= kept - bytes / 2);
  LargeMemory::release(other, bytes / 2);
}

TEST(small_blocks_come_from_the_heap) {
  const auto before = LargeMemory::counts();
  LargeBytes small(1000, 7);
  CHECK_EQ(LargeMemory::counts().in_use_bytes, before.in_use_bytes);
  CHECK_EQ(int{small[999]}, 7);
}

TEST_MAIN
