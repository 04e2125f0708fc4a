#include "infer/device_graph.h"

#include <span>
#include <utility>

#include "core/sha256.h"
#include "infer/device_runtime.h"
#include "infer/engine_cache.h"
#include "infer/free_side.h"
#include "infer/graph_info.h"
#include "infer/input_check.h"
#include "infer/ort_graph.h"
#include "infer/output_rows.h"
#include "infer/providers.h"
#include "infer/typed_values.h"

namespace microtome::infer {
namespace {

constexpr int kRefusesCpuSince = 16;  // of the runtime: session.disable_cpu_ep_fallback
constexpr int kGraphIdsSince = 17;    // of the runtime: which recorded CUDA graph a run uses

// The runtime takes a pointer of the host's for memory of any kind; it is not followed.
void* address(DevicePointer memory) { return reinterpret_cast<void*>(static_cast<std::uintptr_t>(memory)); }

ort::Handle<ort::MemoryInfo> device_memory(const OrtRuntime& runtime, int ordinal) {
  ort::MemoryInfo* memory = nullptr;
  runtime.require(runtime.api()(ort::kCreateMemoryInfo, "Cuda", ort::AllocatorKind::Device, ordinal,
                                ort::MemoryKind::Default, &memory),
                  "describe memory");
  return {memory, runtime.api().function(ort::kReleaseMemoryInfo)};
}

// A tensor in the device's memory, for as long as the handle lives.
ort::Handle<ort::Value> wrap(const OrtRuntime& runtime, const ort::MemoryInfo* memory, DevicePointer at,
                             std::size_t bytes, const std::vector<std::int64_t>& shape, ort::ElementType type) {
  ort::Value* value = nullptr;
  runtime.require(runtime.api()(ort::kCreateTensorWithDataAsOrtValue, memory, address(at), bytes, shape.data(),
                                shape.size(), type, &value),
                  "wrap memory of a device");
  return {value, runtime.api().function(ort::kReleaseValue)};
}

void set(const OrtRuntime& runtime, ort::RunOptions* options, const char* key, const std::string& value) {
  runtime.require(runtime.api()(ort::kAddRunConfigEntry, options, key, value.c_str()), "set an option of a run");
}

std::vector<std::string> hashes_of(const ModelFiles& files, const GraphBytes& graph) {
  std::vector<std::string> all{files.graph.sha256};
  if (all.front().empty()) {
    Sha256 hash;
    hash.add({graph.data.get(), graph.size});
    all.front() = hash.finish();
  }
  for (const auto& file : files.weights) all.push_back(file.sha256);
  return all;
}

// Of an output that try_run() gave: all its sides are known, and their product was checked.
std::size_t tensor_bytes(const TensorInfo& info) {
  std::int64_t count = 1;
  for (const std::int64_t side : info.shape) count *= side;
  return static_cast<std::size_t>(count) * element_bytes(info.type);
}

class OrtDeviceGraph final : public DeviceGraph {
 public:
  OrtDeviceGraph(std::shared_ptr<const OrtGraph> graph, const DeviceSettings& settings, DeviceReport report)
      : graph_(std::move(graph)),
        report_(std::move(report)),
        cuda_graph_(settings.cuda_graph),
        memory_(device_memory(graph_->runtime(), settings.ordinal)) {}

  [[nodiscard]] const std::vector<TensorInfo>& inputs() const noexcept override { return graph_->inputs(); }
  [[nodiscard]] const std::vector<TensorInfo>& outputs() const noexcept override { return graph_->outputs(); }
  [[nodiscard]] const DeviceReport& report() const noexcept override { return report_; }

  [[nodiscard]] std::vector<TensorInfo> try_run(DevicePointer input, std::int64_t rows,
                                                const preprocess::TensorFormat& how,
                                                const std::vector<std::string>& outputs, CancelToken& cancel) override;
  [[nodiscard]] std::unique_ptr<Binding> bind(DevicePointer input, std::int64_t rows,
                                              const preprocess::TensorFormat& how,
                                              const std::vector<DeviceOutput>& outputs) override;

 private:
  class Bound;

  const std::shared_ptr<const OrtGraph> graph_;
  const DeviceReport report_;
  const bool cuda_graph_;
  const ort::Handle<ort::MemoryInfo> memory_;
  std::int64_t tried_rows_ = 0;
  preprocess::TensorFormat tried_format_;
  std::vector<TensorInfo> tried_;
  int bindings_ = 0;
};

// Values first, then the binding that holds them: released in the opposite order.
class OrtDeviceGraph::Bound final : public DeviceGraph::Binding {
 public:
  Bound(std::shared_ptr<const OrtGraph> graph, const ort::MemoryInfo* memory, std::string graph_id)
      : graph_(std::move(graph)), memory_(memory), graph_id_(std::move(graph_id)), binding_(graph_->make_binding()) {}

  void input(DevicePointer at, std::size_t bytes, std::int64_t rows, const preprocess::TensorFormat& how) {
    values_.push_back(wrap(graph_->runtime(), memory_, at, bytes, input_shape(rows, how), input_type(how.type)));
    graph_->runtime().require(
        graph_->runtime().api()(ort::kBindInput, binding_.get(), graph_->inputs().front().name.c_str(),
                                static_cast<const ort::Value*>(values_.back().get())),
        "bind the input");
  }
  void output(const DeviceOutput& to, const TensorInfo& as) {
    values_.push_back(wrap(graph_->runtime(), memory_, to.memory, to.bytes, as.shape, type_of_name(as.type)));
    graph_->runtime().require(graph_->runtime().api()(ort::kBindOutput, binding_.get(), to.name.c_str(),
                                                      static_cast<const ort::Value*>(values_.back().get())),
                              "bind an output");
  }
  // In memory that the runtime takes itself.
  void output(const std::string& name) {
    graph_->runtime().require(graph_->runtime().api()(ort::kBindOutputToDevice, binding_.get(), name.c_str(), memory_),
                              "bind an output");
  }

  void enqueue(CancelToken& cancel) override {
    const auto options = make_run_options(graph_->runtime());
    set(graph_->runtime(), options.get(), "disable_synchronize_execution_providers", "1");
    if (!graph_id_.empty()) set(graph_->runtime(), options.get(), "gpu_graph_id", graph_id_);
    graph_->run(options.get(), binding_.get(), cancel);
  }
  // Without a recorded graph: nothing is known of the run's memory yet.
  void run_and_wait(CancelToken& cancel) {
    const auto options = make_run_options(graph_->runtime());
    if (!graph_id_.empty()) set(graph_->runtime(), options.get(), "gpu_graph_id", "-1");
    graph_->run(options.get(), binding_.get(), cancel);
  }
  [[nodiscard]] const ort::IoBinding* binding() const noexcept { return binding_.get(); }

 private:
  const std::shared_ptr<const OrtGraph> graph_;
  const ort::MemoryInfo* memory_;  // of the device graph
  const std::string graph_id_;     // empty: no CUDA graphs
  std::vector<ort::Handle<ort::Value>> values_;
  ort::Handle<ort::IoBinding> binding_;
};

std::vector<TensorInfo> OrtDeviceGraph::try_run(DevicePointer input, std::int64_t rows,
                                                const preprocess::TensorFormat& how,
                                                const std::vector<std::string>& outputs, CancelToken& cancel) {
  const std::size_t bytes = require_input(graph_->inputs(), rows, how);
  for (const auto& name : outputs) static_cast<void>(require_output_named(graph_->outputs(), name));
  cancel.check(Stage::Infer);
  Bound bound(graph_, memory_.get(), cuda_graph_ ? "-1" : "");
  bound.input(input, bytes, rows, how);
  for (const auto& name : outputs) bound.output(name);
  bound.run_and_wait(cancel);

  const OrtGraph::BoundOutputs values(graph_->runtime(), bound.binding());
  if (values.size() != outputs.size()) throw Error(Code::INTERNAL, Stage::Infer, "an output is missing after a run");
  std::vector<TensorInfo> tried;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const TensorView view = view_of(graph_->runtime(), values.at(i), outputs[i]);
    if (view.shape.empty() || view.shape.front() != rows || row_length(view.shape, rows) == 0)
      throw wrong_shape(outputs[i], view.shape, rows);
    tried.push_back({outputs[i], type_name(view.type), view.shape});
  }
  tried_rows_ = rows;
  tried_format_ = how;
  tried_ = tried;
  return tried;
}

std::unique_ptr<DeviceGraph::Binding> OrtDeviceGraph::bind(DevicePointer input, std::int64_t rows,
                                                           const preprocess::TensorFormat& how,
                                                           const std::vector<DeviceOutput>& outputs) {
  if (rows != tried_rows_ || !(how == tried_format_))
    throw Error(Code::INTERNAL, Stage::Infer, "memory was bound for a run that was not tried before");
  const std::size_t bytes = require_input(graph_->inputs(), rows, how);
  // Addresses are recorded with a graph, so that each binding has its own.
  auto bound = std::make_unique<Bound>(graph_, memory_.get(), cuda_graph_ ? std::to_string(++bindings_) : "");
  bound->input(input, bytes, rows, how);
  for (const auto& output : outputs) {
    const TensorInfo* as = find_named(tried_, output.name);
    if (as == nullptr)
      throw Error(Code::INTERNAL, Stage::Infer, "the output " + output.name + " was bound, but not tried before");
    if (tensor_bytes(*as) != output.bytes)
      throw Error(Code::INTERNAL, Stage::Infer,
                  "the output " + output.name + " needs " + std::to_string(tensor_bytes(*as)) +
                      " bytes, and was given " + std::to_string(output.bytes));
    bound->output(output, *as);
  }
  return bound;
}

// The folder of this graph's engines, or why there is none.
std::string cache_of(const DeviceSettings& settings, const DeviceLibraries& libraries, const ModelFiles& files,
                     const GraphBytes& graph, DeviceReport& report) {
  if (settings.provider != "tensorrt" || settings.engine_cache.empty()) return {};
  if (libraries.tensorrt_version().empty()) {
    report.left_out.emplace_back("engines are not kept: the version of TensorRT is not known");
    return {};
  }
  const EngineKey key{.device = settings.device_key,
                      .tensorrt_version = libraries.tensorrt_version(),
                      .runtime_version = report.runtime_version,
                      .model_sha256 = hashes_of(files, graph),
                      .fp16 = settings.fp16,
                      .rows = settings.rows};
  const std::string folder = make_engine_folder(settings.engine_cache, key);
  if (folder.empty())
    report.left_out.push_back("engines are not kept: no folder can be made in " + settings.engine_cache);
  return folder;
}

void set_up(const OrtRuntime& runtime, const DeviceSettings& settings, const std::string& cache,
            const std::string& first_side, ort::SessionOptions* session, DeviceReport& report) {
  const auto& api = runtime.api();
  if (!settings.may_use_cpu)
    runtime.require(api(ort::kAddSessionConfigEntry, session, "session.disable_cpu_ep_fallback", "1"), "set an option");
  if (settings.rows > 0 && !first_side.empty())
    runtime.require(api(ort::kAddFreeDimensionOverrideByName, session, first_side.c_str(), settings.rows),
                    "fix the number of rows");
  append_providers(runtime, settings, cache, session, report);
}

}  // namespace

std::shared_ptr<DeviceGraph> DeviceGraph::load(const ModelFiles& files, const SessionOptions& options,
                                               const DeviceSettings& wanted) {
  DeviceLibraries& libraries = DeviceLibraries::get(wanted.runtime);
  libraries.require("cuda");
  if (wanted.provider == "tensorrt") libraries.require("tensorrt");
  OrtRuntime& runtime = libraries.runtime();
  DeviceSettings settings = wanted;
  DeviceReport report;
  report.runtime_version = runtime.report().version;
  report.runtime_path = runtime.report().path;
  if (settings.cuda_graph && runtime.api().version() < kGraphIdsSince) {
    settings.cuda_graph = false;
    report.left_out.push_back("CUDA graphs are not used: ONNX Runtime " + report.runtime_version +
                              " cannot keep one for each batch; 1.17 and newer can");
  }
  if (settings.cuda_graph && settings.provider == "tensorrt") {
    settings.cuda_graph = false;
    report.left_out.emplace_back(
        "CUDA graphs are not used with TensorRT: it keeps one for a graph, and would run it for batches of another "
        "kind");
  }
  if (!settings.may_use_cpu && runtime.api().version() < kRefusesCpuSince)
    report.left_out.push_back("ONNX Runtime " + report.runtime_version +
                              " may run parts of a graph on the CPU without a word; 1.16 and newer refuse to");
  if (settings.fp16 && settings.provider != "tensorrt")
    report.left_out.emplace_back("fp16 is for TensorRT: CUDA runs a graph in the types that it has");
  const auto graph = OrtGraph::load(files, options, runtime, [&](const GraphBytes& bytes) -> SessionSetup {
    report.engine_cache = cache_of(settings, libraries, files, bytes, report);
    const std::string first_side = free_first_side({bytes.data.get(), bytes.size});
    return [&, first_side](ort::SessionOptions* session) {
      set_up(runtime, settings, report.engine_cache, first_side, session, report);
    };
  });
  if (settings.may_use_cpu) report.providers.emplace_back("CPU");
  return std::make_shared<OrtDeviceGraph>(graph, settings, report);
}

}  // namespace microtome::infer
