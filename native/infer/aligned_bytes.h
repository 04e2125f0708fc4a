// Memory for inputs that do not start where they should.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "infer/model.h"

namespace microtome::infer {

struct AlignedFree {
  void operator()(std::byte* bytes) const { ::operator delete[](bytes, std::align_val_t{kInputAlignment}); }
};
using AlignedBytes = std::unique_ptr<std::byte[], AlignedFree>;

// Starts at a multiple of kInputAlignment. Throws std::bad_alloc.
inline AlignedBytes aligned_bytes(std::size_t count) {
  return AlignedBytes(static_cast<std::byte*>(::operator new[](count, std::align_val_t{kInputAlignment})));
}

inline bool is_aligned(const void* data) { return reinterpret_cast<std::uintptr_t>(data) % kInputAlignment == 0; }

}  // namespace microtome::infer
