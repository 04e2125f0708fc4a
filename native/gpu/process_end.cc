#include "gpu/process_end.h"

#include <atomic>
#include <cstdlib>

namespace microtome::gpu {
namespace {

std::atomic<bool> ending{false};

}  // namespace

// The C library runs these in the opposite order of their registration, mixed with what the libraries registered
// themselves when they were opened.
void watch_process_end() {
  std::atexit([] { ending.store(true, std::memory_order_release); });
}

bool process_is_ending() noexcept { return ending.load(std::memory_order_acquire); }

}  // namespace microtome::gpu
