// Memory of a GPU, and memory of the host that a GPU copies to and from by itself. Freed with the object, from any
// thread; nothing may still use it then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "core/device_handles.h"
#include "gpu/context.h"

namespace microtome::gpu {

class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  // Contents are whatever was there. Throws OUT_OF_MEMORY, DEVICE_LOST.
  DeviceBuffer(std::shared_ptr<const Context> context, std::size_t bytes);
  ~DeviceBuffer() { release(); }
  DeviceBuffer(DeviceBuffer&& other) noexcept { swap(other); }
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    DeviceBuffer taken(std::move(other));
    swap(taken);
    return *this;
  }

  [[nodiscard]] DevicePointer address() const noexcept { return address_; }  // a multiple of 256; 0 where it is empty
  [[nodiscard]] std::size_t size() const noexcept { return bytes_; }

 private:
  void release() noexcept;
  void swap(DeviceBuffer& other) noexcept {
    std::swap(context_, other.context_);
    std::swap(address_, other.address_);
    std::swap(bytes_, other.bytes_);
  }

  std::shared_ptr<const Context> context_;
  DevicePointer address_ = 0;
  std::size_t bytes_ = 0;
};

// Of the host: written and read by the CPU as any memory. Pinned for every GPU of the process.
class PinnedBuffer {
 public:
  PinnedBuffer() = default;
  // Throws OUT_OF_MEMORY, DEVICE_LOST.
  PinnedBuffer(std::shared_ptr<const Context> context, std::size_t bytes);
  ~PinnedBuffer() { release(); }
  PinnedBuffer(PinnedBuffer&& other) noexcept { swap(other); }
  PinnedBuffer& operator=(PinnedBuffer&& other) noexcept {
    PinnedBuffer taken(std::move(other));
    swap(taken);
    return *this;
  }

  [[nodiscard]] std::uint8_t* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_; }

 private:
  void release() noexcept;
  void swap(PinnedBuffer& other) noexcept {
    std::swap(context_, other.context_);
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
  }

  std::shared_ptr<const Context> context_;
  std::uint8_t* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace microtome::gpu
