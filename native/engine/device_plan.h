// What a GPU needs to run batches of one RunSpec: the tensor, the table of its values, the places of the outputs, and
// the graph bound to them. All work is put on one stream, so that one tensor serves all batches. Used by one thread at
// a time, with the device's context current.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/cancel_token.h"
#include "engine/batch.h"
#include "gpu/buffers.h"
#include "gpu/module.h"
#include "gpu/stream.h"
#include "gpu/tile_kernel.h"
#include "infer/device_graph.h"

namespace microtome::engine {

// Our kernels on one GPU.
class DeviceKernels {
 public:
  explicit DeviceKernels(const std::shared_ptr<const gpu::Context>& context);

  void launch(const gpu::Stream& stream, gpu::LaunchPlan plan) const;

 private:
  gpu::Module module_;
};

// What to launch for `tiles` tiles of pixels, one behind the other.
[[nodiscard]] gpu::LaunchPlan pixels_launch(DevicePointer pixels, std::int64_t tiles, const gpu::TensorTarget& to);

// An output of a run.
struct DeviceRows {
  std::string type;          // of its elements, as TensorInfo says it
  std::int64_t columns = 0;  // values in one row
  std::int64_t token_columns = 0;
  std::size_t bytes = 0;  // of all rows
};

class DevicePlan {
 public:
  // The graph outlives the plan. Throws OUT_OF_MEMORY, DEVICE_LOST.
  DevicePlan(const gpu::Stream& stream, std::shared_ptr<infer::DeviceGraph> graph, std::shared_ptr<const RunSpec> spec,
             std::int64_t rows);

  [[nodiscard]] const RunSpec& spec() const noexcept { return *spec_; }
  // Whether it has run: before, nothing of the graph points to its memory.
  [[nodiscard]] bool is_bound() const noexcept { return binding_ != nullptr; }
  // In the order of the spec; known when a run has been put on the stream.
  [[nodiscard]] const std::vector<DeviceRows>& outputs() const noexcept { return outputs_; }

  // The kernel that makes the tensor of the tiles.
  using MakeLaunch = std::function<gpu::LaunchPlan(const gpu::TensorTarget& to)>;
  // Puts on the stream: `tiles` tiles become a tensor, zeros behind them, the graph runs, and its outputs are copied to
  // `out`, which is made as large as they are. The first time the runtime tunes itself, which waits. Throws what
  // DeviceGraph throws.
  void run(const DeviceKernels& kernels, const MakeLaunch& make_launch, std::int64_t tiles,
           std::vector<gpu::PinnedBuffer>& out, CancelToken& cancel);

 private:
  void bind(CancelToken& cancel);

  const gpu::Stream& stream_;
  const std::shared_ptr<infer::DeviceGraph> graph_;
  const std::shared_ptr<const RunSpec> spec_;
  const std::int64_t rows_;
  std::vector<std::string> names_;    // of the spec's outputs, each once
  std::vector<std::size_t> name_of_;  // by output of the spec
  gpu::DeviceBuffer table_;
  gpu::DeviceBuffer tensor_;
  std::vector<gpu::DeviceBuffer> values_;  // by name
  std::vector<DeviceRows> outputs_;
  std::unique_ptr<infer::DeviceGraph::Binding> binding_;
};

}  // namespace microtome::engine
