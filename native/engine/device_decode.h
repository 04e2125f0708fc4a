// Who decodes the JPEG tiles of the batches of a GPU: nvJPEG or the CPU, by what was asked for, by what the GPU and the
// library can do, and, where both may, by a trial on the first batches.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/decode_trial.h"
#include "engine/device_request.h"
#include "gpu/context.h"
#include "gpu/nvjpeg_handle.h"

namespace microtome::engine {

struct DeviceDecode {
  std::shared_ptr<const gpu::NvjpegHandle> nvjpeg;  // null: the CPU decodes
  std::shared_ptr<DecodeTrial> trial;               // set where nvJPEG may be used
  std::string reason;                               // else: why the CPU decodes

  // Before it GPUs have no JPEG engines, and a CPU decodes faster than they score.
  static constexpr int kLeastComputeMajor = 8;
  // Rows of a batch: with fewer nvJPEG reads Huffman codes on the CPU, or does not keep its engines busy.
  static constexpr std::int64_t kLeastRows = 64;
};

// One for each GPU of a group, which must be at least one; they share a trial, and where one of them cannot use nvJPEG
// none does. `rows` are those of a batch, `settle` how many batches may be under way on all of them. A slide that is
// scored reproducibly is decoded by the CPU whatever comes back here. Throws RUNTIME_MISSING and DEVICE_UNAVAILABLE
// where nvJPEG was asked for by name and cannot be had.
[[nodiscard]] std::vector<DeviceDecode> choose_decode(GpuDecode asked, const std::string& library,
                                                      std::span<const std::shared_ptr<const gpu::Context>> group,
                                                      std::int64_t rows, int settle);

}  // namespace microtome::engine
