#include "engine/device_plan.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "gpu/tile_kernel.h"
#include "infer/typed_values.h"

namespace microtome::engine {
namespace {

constexpr std::int64_t kMostColumns = 1'000'000;

DeviceRows rows_of(const infer::TensorInfo& info, std::int64_t rows) {
  const auto wrong = [&](const std::string& what) {
    return Error(Code::OUTPUT_SHAPE, Stage::Infer, "the output " + info.name + " " + what);
  };
  if (info.shape.empty() || info.shape.front() != rows)
    throw wrong("does not have one row for each of " + std::to_string(rows) + " tiles");
  DeviceRows output{.type = info.type, .columns = 1};
  for (std::size_t i = 1; i < info.shape.size(); ++i) {
    const std::int64_t side = info.shape[i];
    if (side < 1 || side > kMostColumns / output.columns)
      throw wrong("has no values for a tile, or more than " + std::to_string(kMostColumns));
    output.columns *= side;
  }
  const std::size_t element = infer::element_bytes(info.type);
  if (element == 0) throw wrong("is of type " + info.type + ", and numbers were expected");
  output.token_columns = infer::token_columns(info.shape);
  output.bytes = static_cast<std::size_t>(rows * output.columns) * element;
  return output;
}

}  // namespace

DeviceKernels::DeviceKernels(const std::shared_ptr<const gpu::Context>& context)
    : module_(context, gpu::tile_kernel_ptx().data()) {}

void DeviceKernels::launch(const gpu::Stream& stream, gpu::LaunchPlan plan) const {
  auto parameters = plan.params();
  module_.launch(stream, module_.function(plan.function), plan.size, parameters.data());
}

gpu::LaunchPlan pixels_launch(DevicePointer pixels, std::int64_t tiles, const gpu::TensorTarget& to) {
  const std::int64_t side = to.format.size_px;
  const gpu::PixelBatch from{.pixels = pixels,
                             .tiles = tiles,
                             .width_px = side,
                             .height_px = side,
                             .stride_bytes = 3 * side,
                             .tile_bytes = 3 * side * side,
                             .crop = {0, 0, side, side}};
  return gpu::launch_pixels(from, to);
}

DevicePlan::DevicePlan(const gpu::Stream& stream, std::shared_ptr<infer::DeviceGraph> graph,
                       std::shared_ptr<const RunSpec> spec, std::int64_t rows)
    : stream_(stream), graph_(std::move(graph)), spec_(std::move(spec)), rows_(rows) {
  for (const std::string& name : spec_->outputs) {
    const auto known = std::find(names_.begin(), names_.end(), name);
    name_of_.push_back(static_cast<std::size_t>(known - names_.begin()));
    if (known == names_.end()) names_.push_back(name);
  }
  const auto& context = stream_.context();
  const std::vector<std::uint8_t> values = gpu::value_table(spec_->format);
  table_ = gpu::DeviceBuffer(context, values.size());
  tensor_ = gpu::DeviceBuffer(context, static_cast<std::size_t>(rows_) * spec_->format.bytes_per_tile());
  const gpu::PinnedBuffer room(context, values.size());
  std::memcpy(room.data(), values.data(), values.size());
  stream_.copy_to_device(table_.address(), room.data(), values.size());
  stream_.synchronize();
}

// Asks the graph what it gives for so many rows, and makes room for it. Where this fails the plan is as it was before.
void DevicePlan::bind(CancelToken& cancel) {
  const std::vector<infer::TensorInfo> infos = graph_->try_run(tensor_.address(), rows_, spec_->format, names_, cancel);
  if (infos.size() != names_.size()) throw Error(Code::INTERNAL, Stage::Infer, "an output is missing after a run");
  std::vector<infer::DeviceOutput> places;
  std::vector<gpu::DeviceBuffer> values;
  std::vector<DeviceRows> of_name;
  for (std::size_t i = 0; i < infos.size(); ++i) {
    of_name.push_back(rows_of(infos[i], rows_));
    values.emplace_back(stream_.context(), of_name.back().bytes);
    places.push_back({names_[i], values.back().address(), of_name.back().bytes});
  }
  std::vector<DeviceRows> outputs;
  for (const std::size_t name : name_of_) outputs.push_back(of_name[name]);
  binding_ = graph_->bind(tensor_.address(), rows_, spec_->format, places);
  values_ = std::move(values);
  outputs_ = std::move(outputs);
}

void DevicePlan::run(const DeviceKernels& kernels, const MakeLaunch& make_launch, std::int64_t tiles,
                     std::vector<gpu::PinnedBuffer>& out, CancelToken& cancel) {
  const std::size_t tile_bytes = spec_->format.bytes_per_tile();
  kernels.launch(stream_,
                 make_launch({.tensor = tensor_.address(), .table = table_.address(), .format = spec_->format}));
  if (tiles < rows_)
    stream_.fill(tensor_.address() + static_cast<std::size_t>(tiles) * tile_bytes, 0,
                 static_cast<std::size_t>(rows_ - tiles) * tile_bytes);
  if (!binding_) bind(cancel);
  binding_->enqueue(cancel);
  out.resize(std::max(out.size(), outputs_.size()));
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const std::size_t bytes = outputs_[i].bytes;
    if (out[i].size() < bytes) out[i] = gpu::PinnedBuffer(stream_.context(), bytes);
    stream_.copy_to_host(out[i].data(), values_[name_of_[i]].address(), bytes);
  }
}

}  // namespace microtome::engine
