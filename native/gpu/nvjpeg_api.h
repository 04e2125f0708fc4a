// The part of NVIDIA's nvJPEG that is used here, declared in our own words and filled at run time. It is the same from
// version 11 to 13. A handle may be used by several threads at once, a state and a stream object by one at a time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/device_handles.h"

namespace microtome::gpu {

struct NvjpegApi {
  using Handle = void*;
  using State = void*;
  using Stream = void*;  // a parsed JPEG header; work goes on a StreamHandle
  using Status = int;

  static constexpr Status kSuccess = 0;
  static constexpr Status kInvalidParameter = 2;
  static constexpr Status kBadJpeg = 3;
  static constexpr Status kNotSupported = 4;
  static constexpr Status kAllocatorFailure = 5;
  static constexpr Status kExecutionFailed = 6;
  static constexpr Status kArchMismatch = 7;
  static constexpr Status kNotImplemented = 9;
  static constexpr Status kIncomplete = 10;

  static constexpr int kBackendHybrid = 1;     // Huffman codes on the CPU
  static constexpr int kBackendGpuHybrid = 2;  // Huffman codes on the GPU in large batches
  static constexpr int kBackendHardware = 3;   // the JPEG engines of A100, H100 and newer

  static constexpr unsigned kFlagStrict = 4;  // damage that it notices is an error

  static constexpr int kOutputUnchanged = 0;  // planes as stored: no conversion of colours, no upsampling

  static constexpr int kVersionMajor = 0, kVersionMinor = 1, kVersionPatch = 2;  // what get_property is asked for

  static constexpr int kChannels = 4;
  struct Image {  // where the planes go, in device memory; rows are `pitch` bytes apart
    std::uint8_t* channel[kChannels];
    std::size_t pitch[kChannels];
  };

  Status (*get_property)(int type, int* value) = nullptr;
  Status (*create)(int backend, void* device_allocator, void* pinned_allocator, unsigned flags,
                   Handle* handle) = nullptr;
  Status (*destroy)(Handle handle) = nullptr;
  Status (*state_create)(Handle handle, State* state) = nullptr;
  Status (*state_destroy)(State state) = nullptr;
  Status (*stream_create)(Handle handle, Stream* stream) = nullptr;
  Status (*stream_destroy)(Stream stream) = nullptr;
  Status (*stream_parse_header)(Handle handle, const std::uint8_t* data, std::size_t bytes, Stream stream) = nullptr;
  // Writes 0 where the batched call of this handle takes such a stream.
  Status (*batch_supports)(Handle handle, Stream stream, int* verdict) = nullptr;
  Status (*batch_initialize)(Handle handle, State state, int batch, int cpu_threads, int output_format) = nullptr;
  Status (*batch_decode)(Handle handle, State state, const std::uint8_t* const* data, const std::size_t* bytes,
                         Image* destinations, StreamHandle stream) = nullptr;
  // Null where the library lacks it.
  Status (*hardware_info)(Handle handle, unsigned* engines, unsigned* cores_per_engine) = nullptr;
};

// In plain words, with the number.
[[nodiscard]] const char* nvjpeg_status_text(NvjpegApi::Status status) noexcept;

// Whether a status says that a stream is not for nvJPEG (and not that the device or the library failed).
[[nodiscard]] bool is_refusal(NvjpegApi::Status status) noexcept;

}  // namespace microtome::gpu
