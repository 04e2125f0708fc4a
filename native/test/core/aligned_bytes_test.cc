// Memory of any size: aligned, zeroed as a vector's is, writable to its last byte, and given back.
#include "core/aligned_bytes.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <new>
#include <string>
#include <utility>

#include "test/check.h"

using namespace microtome;

namespace {

// Of this process, in KiB: what it has mapped, used or not.
long mapped_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == "VmSize:") {
      long kib = 0;
      status >> kib;
      return kib;
    }
  return 0;
}

}  // namespace

TEST(every_size_is_aligned_and_writable_to_its_end) {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{4096}, kHugePageBytes - 1, kHugePageBytes,
                                  kHugePageBytes + 1, 3 * kHugePageBytes + 12345}) {
    AlignedBytes memory(bytes);
    CHECK_EQ(reinterpret_cast<std::uintptr_t>(memory.data()) % 64, 0u);
    if (bytes >= kHugePageBytes) CHECK_EQ(reinterpret_cast<std::uintptr_t>(memory.data()) % kHugePageBytes, 0u);
    CHECK(std::all_of(memory.begin(), memory.end(), [](std::uint8_t byte) { return byte == 0; }));
    std::fill(memory.begin(), memory.end(), std::uint8_t{7});
    AlignedBytes moved = std::move(memory);
    moved.resize(bytes + 5);  // into other memory
    CHECK_EQ(int{moved[bytes - 1]}, 7);
  }
}

TEST(mapped_memory_goes_back) {
  const auto use = [] { AlignedBytes(64 * kHugePageBytes + 1).back() = 1; };
  use();
  const long before = mapped_kib();
  for (int i = 0; i < 20; ++i) use();
  CHECK(mapped_kib() - before < 128 * 1024);  // of 2.6 GB
}

TEST(too_much_is_bad_alloc) {
  bool thrown = false;
  try {
    (void)map_pages(~std::size_t{0} - 5);
  } catch (const std::bad_alloc&) {
    thrown = true;
  }
  CHECK(thrown);
}

TEST_MAIN
