// Coded rows (coded_rows.h) of a batch on their way into a tensor. nvJPEG decodes streams to planes in the device's
// memory, what it refuses becomes pixels on the CPU, pixels are copied, and one kernel makes tensors of all rows.
//
//   bring()   on the copy stream: planes, pixels, and a description of each row
//   launch()  what to launch when they are there
//
// One for each batch that is on the device: what it holds is in use until the work on it is done. Used by one thread at
// a time, with the device's context current.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/batch.h"
#include "engine/coded_decoder.h"
#include "engine/coded_rows.h"
#include "gpu/buffers.h"
#include "gpu/jpeg_batch_decoder.h"
#include "gpu/stream.h"
#include "gpu/tile_kernel.h"

namespace microtome::engine {

class CodedInput {
 public:
  // Without `nvjpeg` the CPU decodes all streams.
  CodedInput(std::shared_ptr<const gpu::Context> context, std::shared_ptr<const gpu::NvjpegHandle> nvjpeg)
      : context_(std::move(context)), nvjpeg_(std::move(nvjpeg)) {}

  // A row whose stream is damaged; it is white.
  using Bad = std::function<void(std::int64_t row, const std::string& why)>;

  // Puts on the stream what the kernel needs of some rows, and returns; `rows` is pinned, and must stay as it is until
  // the work is done. `decodes` has one entry for each, and is told who decoded it. Waits only where nvJPEG refuses
  // something. Rows of nothing become black. What nvJPEG failed with comes back; the CPU decoded all then. Throws
  // OUT_OF_MEMORY, DEVICE_LOST.
  [[nodiscard]] std::string bring(std::uint8_t* rows, std::span<RowDecode> decodes, const CodedRows& layout,
                                  const gpu::Stream& stream, const Bad& bad);
  // The launch for the rows that were brought last, to be put on a stream that waits for the copy stream.
  [[nodiscard]] gpu::LaunchPlan launch(const gpu::TensorTarget& to) const;

 private:
  void make_room(std::int64_t count, const CodedRows& layout);
  [[nodiscard]] gpu::NvjpegApi::Status decode(const gpu::Stream& stream);
  void decode_refused(std::uint8_t* rows, const CodedRows& layout, const Bad& bad);
  void copy_pixels(const std::uint8_t* rows, std::int64_t count, const CodedRows& layout,
                   const gpu::Stream& stream) const;
  void describe(const std::uint8_t* rows, std::int64_t count, const CodedRows& layout, const gpu::Stream& stream) const;

  const std::shared_ptr<const gpu::Context> context_;
  const std::shared_ptr<const gpu::NvjpegHandle> nvjpeg_;
  std::optional<gpu::JpegBatchDecoder> decoder_;  // made when needed
  CodedDecoder cpu_;
  gpu::DeviceBuffer pixels_;  // rows as they are in the batch; only those of pixels are copied
  gpu::DeviceBuffer planes_;
  gpu::DeviceBuffer described_;  // gpu::TileRow, one for each row
  gpu::PinnedBuffer description_;
  std::int64_t count_ = 0;
  // Of the streams, in the order of their rows:
  std::vector<std::int64_t> stream_rows_;
  std::vector<gpu::JpegImage> images_;
  std::vector<gpu::JpegPlanes> image_planes_;
  std::vector<std::size_t> refused_;
};

}  // namespace microtome::engine
