// Makes the runners of graphs where a caller wants them: the one place that joins the driver (gpu), the runtime's
// providers (infer) and the runners.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/cancel_token.h"
#include "engine/device_request.h"
#include "engine/device_runner.h"
#include "engine/runner.h"
#include "gpu/context.h"
#include "infer/device_graph.h"
#include "infer/model.h"

namespace microtome::engine {

// A graph where it runs, and what it says of itself.
struct PlacedGraph {
  std::unique_ptr<Runner> runner;
  std::vector<infer::TensorInfo> inputs;
  std::vector<infer::TensorInfo> outputs;
  // On GPUs, one sentence each: who decodes JPEG tiles, options that the runtime does not know, where engines are kept.
  std::vector<std::string> notes;
};

// The devices of one request, opened once for all graphs of an engine.
class DeviceLoading {
 public:
  // Where there are several GPUs, one that cannot be used is left out, here and in load(), and slides are told so.
  // Throws DEVICE_UNAVAILABLE where none is there or can be used, OUT_OF_MEMORY.
  explicit DeviceLoading(DeviceRequest request);

  [[nodiscard]] bool is_gpu() const noexcept {
    return request_.kind == DeviceKind::Cuda || request_.kind == DeviceKind::TensorRt;
  }
  // On one GPU, shared out to several, or on the workers. Any thread. Throws as Model::load and DeviceGraph::load,
  // CANCELLED.
  [[nodiscard]] PlacedGraph load(const infer::ModelFiles& files, CancelToken& cancel) const;

 private:
  void choose_decoder(std::span<const std::unique_ptr<DeviceRunner>> members,
                      std::span<const std::shared_ptr<const gpu::Context>> contexts, PlacedGraph& placed) const;
  [[nodiscard]] PlacedGraph load_on_workers(const infer::ModelFiles& files, CancelToken& cancel) const;
  [[nodiscard]] infer::DeviceSettings settings_for(const gpu::Context& context) const;

  const DeviceRequest request_;
  std::vector<std::shared_ptr<const gpu::Context>> contexts_;
  std::vector<std::string> left_out_;  // a sentence for each GPU that has no context
};

}  // namespace microtome::engine
