// nvJPEG on one GPU: the best of its ways to decode that works there, found by trying. Who makes or uses these has the
// GPU's primary context current.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gpu/nvjpeg_library.h"

namespace microtome::gpu {

enum class NvjpegBackend : std::uint8_t {
  Hardware,   // JPEG engines of the GPU
  GpuHybrid,  // kernels; Huffman codes on the GPU in batches of more than 50
  Hybrid,     // kernels; Huffman codes on the CPU
};

// "hardware", "gpu-hybrid", "hybrid".
[[nodiscard]] const char* backend_name(NvjpegBackend backend) noexcept;

class NvjpegHandle {
  struct Key {};  // only create() has one

 public:
  struct Refused {
    NvjpegBackend backend;
    NvjpegApi::Status status;
  };

  // Tries hardware, GPU hybrid, hybrid. Null where none works; `refused` then and else says what did not, and why.
  [[nodiscard]] static std::shared_ptr<const NvjpegHandle> create(std::shared_ptr<const NvjpegLibrary> library,
                                                                  std::vector<Refused>& refused);
  NvjpegHandle(Key /*key*/, std::shared_ptr<const NvjpegLibrary> library, NvjpegBackend backend,
               NvjpegApi::Handle handle);
  ~NvjpegHandle();
  NvjpegHandle(const NvjpegHandle&) = delete;
  NvjpegHandle& operator=(const NvjpegHandle&) = delete;

  [[nodiscard]] const NvjpegApi& api() const noexcept { return library_->api(); }
  [[nodiscard]] const NvjpegLibrary& library() const noexcept { return *library_; }
  [[nodiscard]] NvjpegApi::Handle get() const noexcept { return handle_; }
  [[nodiscard]] NvjpegBackend backend() const noexcept { return backend_; }
  // JPEG engines of the GPU; 0 where the backend does not use them.
  [[nodiscard]] unsigned engines() const noexcept { return engines_; }

 private:
  const std::shared_ptr<const NvjpegLibrary> library_;
  const NvjpegBackend backend_;
  const NvjpegApi::Handle handle_;
  unsigned engines_ = 0;
};

// "hardware: the GPU failed, or has no such engine (6); hybrid: …".
[[nodiscard]] std::string reasons_of(const std::vector<NvjpegHandle::Refused>& refused);

// What one batch at a time is decoded with.
class NvjpegState {
 public:
  // Throws OUT_OF_MEMORY, DEVICE_UNAVAILABLE.
  explicit NvjpegState(std::shared_ptr<const NvjpegHandle> handle);
  ~NvjpegState();
  NvjpegState(NvjpegState&& other) noexcept
      : handle_(std::move(other.handle_)), state_(std::exchange(other.state_, nullptr)) {}
  NvjpegState& operator=(NvjpegState&&) = delete;

  [[nodiscard]] NvjpegApi::State get() const noexcept { return state_; }

 private:
  std::shared_ptr<const NvjpegHandle> handle_;
  NvjpegApi::State state_ = nullptr;
};

}  // namespace microtome::gpu
