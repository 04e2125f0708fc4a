#include "gpu/buffers.h"

#include <algorithm>
#include <string>

namespace microtome::gpu {
namespace {

// The driver refuses a size of 0.
constexpr std::size_t kLeastBytes = 1;

std::string reserve_text(std::size_t bytes, const char* kind) {
  return "reserve " + std::to_string(bytes) + " bytes of " + kind;
}

}  // namespace

DeviceBuffer::DeviceBuffer(std::shared_ptr<const Context> context, std::size_t bytes) : context_(std::move(context)) {
  const auto scope = context_->enter();
  context_->check(context_->table().mem_alloc(&address_, std::max(bytes, kLeastBytes)),
                  reserve_text(bytes, "its memory"));
  bytes_ = bytes;
}

// A context that cannot be entered has taken its memory with it.
void DeviceBuffer::release() noexcept {
  if (address_ == 0) return;
  try {
    const auto scope = context_->enter();
    (void)context_->table().mem_free(address_);
  } catch (...) {
    return;
  }
}

PinnedBuffer::PinnedBuffer(std::shared_ptr<const Context> context, std::size_t bytes) : context_(std::move(context)) {
  const auto scope = context_->enter();
  void* memory = nullptr;
  context_->check(context_->table().mem_host_alloc(&memory, std::max(bytes, kLeastBytes), cu::kHostAllocPortable),
                  reserve_text(bytes, "pinned memory"));
  data_ = static_cast<std::uint8_t*>(memory);
  bytes_ = bytes;
}

void PinnedBuffer::release() noexcept {
  if (data_ == nullptr) return;
  try {
    const auto scope = context_->enter();
    (void)context_->table().mem_free_host(data_);
  } catch (...) {
    return;
  }
}

}  // namespace microtome::gpu
