#include "gpu/nvjpeg_api.h"

namespace microtome::gpu {

const char* nvjpeg_status_text(NvjpegApi::Status status) noexcept {
  switch (status) {
    case 0:
      return "success (0)";
    case 1:
      return "it is not initialized (1)";
    case NvjpegApi::kInvalidParameter:
      return "an argument that it does not take (2)";
    case NvjpegApi::kBadJpeg:
      return "a damaged JPEG (3)";
    case NvjpegApi::kNotSupported:
      return "a JPEG that it does not decode (4)";
    case NvjpegApi::kAllocatorFailure:
      return "no memory left (5)";
    case NvjpegApi::kExecutionFailed:
      return "the GPU failed, or has no such engine (6)";
    case NvjpegApi::kArchMismatch:
      return "the library has no code for this GPU (7)";
    case 8:
      return "a fault of its own (8)";
    case NvjpegApi::kNotImplemented:
      return "something that it does not implement (9)";
    case NvjpegApi::kIncomplete:
      return "a JPEG that ends too soon (10)";
    default:
      return "a status that is not known";
  }
}

bool is_refusal(NvjpegApi::Status status) noexcept {
  return status == NvjpegApi::kBadJpeg || status == NvjpegApi::kNotSupported || status == NvjpegApi::kNotImplemented ||
         status == NvjpegApi::kIncomplete;
}

}  // namespace microtome::gpu
