#include "infer/ort_graph.h"

#include <algorithm>
#include <filesystem>
#include <list>
#include <utility>

#include "infer/graph_info.h"
#include "infer/plugin_provider.h"
#include "infer/tensor_values.h"

namespace microtome::infer {

TensorView view_of(const OrtRuntime& runtime, ort::Value* value, const std::string& name) {
  const auto& api = runtime.api();
  const ort::Value* constant = value;
  int is_tensor = 0;
  runtime.require(api(ort::kIsTensor, constant, &is_tensor), "give an output");
  if (is_tensor == 0) throw Error(Code::MODEL_MISMATCH, Stage::Infer, "the output " + name + " is not a tensor");
  ort::TensorInfo* raw = nullptr;
  runtime.require(api(ort::kGetTensorTypeAndShape, constant, &raw), "give a shape");
  const ort::Handle<ort::TensorInfo> info(raw, api.function(ort::kReleaseTensorTypeAndShapeInfo));
  TensorView view;
  runtime.require(api(ort::kGetTensorElementType, static_cast<const ort::TensorInfo*>(raw), &view.type), "give a type");
  if (!is_numeric(view.type))
    throw Error(Code::MODEL_MISMATCH, Stage::Infer,
                "the output " + name + " is " + type_name(view.type) + ", numbers were expected");
  view.shape = shape_of(runtime, raw);
  void* data = nullptr;
  runtime.require(api(ort::kGetTensorMutableData, value, &data), "give an output");
  view.data = data;
  return view;
}

ort::Handle<ort::RunOptions> make_run_options(const OrtRuntime& runtime) {
  ort::RunOptions* raw = nullptr;
  runtime.require(runtime.api()(ort::kCreateRunOptions, &raw), "make options");
  return {raw, runtime.api().function(ort::kReleaseRunOptions)};
}

const TensorInfo* find_named(const std::vector<TensorInfo>& infos, const std::string& name) noexcept {
  const auto found =
      std::find_if(infos.begin(), infos.end(), [&](const TensorInfo& info) { return info.name == name; });
  return found == infos.end() ? nullptr : &*found;
}

const TensorInfo& require_output_named(const std::vector<TensorInfo>& outputs, const std::string& name) {
  if (const TensorInfo* info = find_named(outputs, name)) return *info;
  std::string known;
  for (const auto& output : outputs) known += (known.empty() ? "" : ", ") + output.name;
  throw Error(Code::MODEL_MISMATCH, Stage::Infer, "the graph has no output " + name + ", it has: " + known);
}

std::shared_ptr<const OrtGraph> OrtGraph::load(const ModelFiles& files, const SessionOptions& options) {
  if (options.device != "cpu" && options.device != "plugin")
    throw Error(Code::DEVICE_UNAVAILABLE, Stage::Infer,
                "the device " + options.device + " takes no memory of the host: the CPU and plug-ins do");
  OrtRuntime& runtime = OrtRuntime::get();
  SessionSetup setup;
  if (options.device == "plugin")
    setup = [&](ort::SessionOptions* settings) { append_plugin(runtime, options.plugin, settings); };
  return load(files, options, runtime, [&](const GraphBytes&) { return setup; });
}

std::shared_ptr<const OrtGraph> OrtGraph::load(const ModelFiles& files, const SessionOptions& options,
                                               OrtRuntime& runtime, const MakeSetup& make_setup) {
  if (options.cancel != nullptr) options.cancel->check(Stage::Infer);
  const OpenModelFile opened(files.graph.path);
  auto graph = read_graph(opened, files.graph, options.cancel);
  std::list<OpenModelFile> weights;
  std::vector<NamedBytes> given;
  for (const auto& file : files.weights) {
    const OpenModelFile& one = weights.emplace_back(file.path);
    if (file.location.empty())
      require_weights(one, file, options.cancel);
    else
      given.push_back({file.location, read_weights(one, file, options.cancel)});
  }

  const SessionSetup setup = make_setup(graph);
  const bool by_path = !finds_weights_of_bytes(runtime);
  auto loaded = std::make_shared<const OrtGraph>(runtime, files.graph.path, by_path ? GraphBytes{} : std::move(graph),
                                                 std::move(given), options, setup);
  if (by_path && !opened.is_unchanged()) throw changed(files.graph.path);
  auto file = files.weights.begin();
  for (const auto& one : weights)
    if (!one.is_unchanged())
      throw changed(file->path);
    else
      ++file;
  return loaded;
}

OrtGraph::OrtGraph(OrtRuntime& runtime, const std::string& path, GraphBytes graph, std::vector<NamedBytes> weights,
                   const SessionOptions& options, const SessionSetup& setup)
    : runtime_(runtime),
      path_(path),
      log_(runtime, options.log),
      memory_(nullptr, runtime.api().function(ort::kReleaseMemoryInfo)),
      session_(open(std::exchange(graph, {}), std::exchange(weights, {}), options, setup)),
      inputs_(input_infos(runtime, session_.get())),
      outputs_(output_infos(runtime, session_.get())) {
  ort::MemoryInfo* memory = nullptr;
  runtime.require(
      runtime.api()(ort::kCreateCpuMemoryInfo, ort::AllocatorKind::Device, ort::MemoryKind::Default, &memory),
      "describe memory");
  memory_.reset(memory);
}

ort::Handle<ort::Session> OrtGraph::open(const GraphBytes& graph, const std::vector<NamedBytes>& weights,
                                         const SessionOptions& options, const SessionSetup& setup) const {
  const auto& api = runtime_.api();
  ort::SessionOptions* raw = nullptr;
  runtime_.require(api(ort::kCreateSessionOptions, &raw), "make options");
  const ort::Handle<ort::SessionOptions> owned(raw, api.function(ort::kReleaseSessionOptions));
  const auto set = [&](ort::Status* status) { runtime_.require(status, "set an option"); };
  // A library shared with others may have their environment, which prints: only a private one may say anything.
  const auto level = runtime_.report().is_private ? ort::LogLevel::Warning : ort::LogLevel::Fatal;
  set(api(ort::kSetSessionLogId, raw, log_.id().c_str()));
  set(api(ort::kSetSessionLogSeverityLevel, raw, static_cast<int>(level)));
  set(api(ort::kSetSessionGraphOptimizationLevel, raw, ort::GraphOptimization::All));
  set(api(ort::kSetSessionExecutionMode, raw, ort::ExecutionMode::Sequential));
  set(api(ort::kSetIntraOpNumThreads, raw, std::max(options.intra_op_threads, 1)));
  set(api(ort::kSetInterOpNumThreads, raw, 1));
  // The session keeps its own arena and memory pattern: an arena shared by all sessions that grows only as requested
  // peaked higher (measured), and would not give memory back with the session.
  // Threads that spin for work take the cores from the decoders.
  set(api(ort::kAddSessionConfigEntry, raw, "session.intra_op.allow_spinning", "0"));
  if (finds_weights_of_bytes(runtime_)) {
    const auto folder = std::filesystem::path(path_).parent_path();
    set(api(ort::kAddSessionConfigEntry, raw, "session.model_external_initializers_file_folder_path",
            folder.empty() ? "." : folder.c_str()));
  }
  if (api.has(ort::kSetDeterministicCompute)) set(api(ort::kSetDeterministicCompute, raw, true));
  if (!weights.empty()) give_weights(raw, weights);
  if (setup) setup(raw);

  ort::Session* session = nullptr;
  const auto failure = create(graph, raw, options.cancel, &session);
  ort::Handle<ort::Session> made(session, api.function(ort::kReleaseSession));
  if (options.cancel != nullptr && options.cancel->cancelled())
    throw Error(Code::CANCELLED, Stage::Infer,
                failure ? "the load was given up: " + failure->text : "the load was cancelled as it ended")
        .with_path(path_);
  if (failure)
    throw Error(code_of_device(*failure).value_or(Code::MODEL_INVALID), Stage::Infer,
                "ONNX Runtime " + runtime_.report().version + " refuses " + path_ + ": " + reason_of(*failure))
        .with_path(path_);
  return made;
}

// The runtime copies them when the session is made.
void OrtGraph::give_weights(ort::SessionOptions* settings, const std::vector<NamedBytes>& weights) const {
  const auto& api = runtime_.api();
  if (!api.has(ort::kAddExternalInitializersFromFilesInMemory))
    throw Error(Code::MODEL_INVALID, Stage::Infer,
                "ONNX Runtime " + runtime_.report().version + " cannot be given the weights of " + path_ +
                    ", which lie behind links; 1.18 and later can")
        .with_path(path_);
  std::vector<const char*> names;
  std::vector<char*> contents;
  std::vector<std::size_t> lengths;
  for (const auto& [name, bytes] : weights) {
    names.push_back(name.c_str());
    contents.push_back(reinterpret_cast<char*>(bytes.data.get()));
    lengths.push_back(bytes.size);
  }
  runtime_.require(
      api(ort::kAddExternalInitializersFromFilesInMemory, settings, static_cast<const char* const*>(names.data()),
          static_cast<char* const*>(contents.data()), static_cast<const std::size_t*>(lengths.data()), names.size()),
      "take weights");
}

// The flag that stops a load is in the options: they must be there for as long as somebody may set it.
std::optional<Failure> OrtGraph::create(const GraphBytes& graph, ort::SessionOptions* settings, CancelToken* cancel,
                                        ort::Session** session) const {
  const auto& api = runtime_.api();
  std::optional<CancelToken::Registration> stop;
  if (cancel != nullptr && api.has(ort::kSessionOptionsSetLoadCancellationFlag))
    stop.emplace(*cancel, [&] {
      static_cast<void>(runtime_.take(api(ort::kSessionOptionsSetLoadCancellationFlag, settings, true)));
    });
  const auto* constant = static_cast<const ort::SessionOptions*>(settings);
  if (graph.data == nullptr)
    return runtime_.take(api(ort::kCreateSession, runtime_.env(), path_.c_str(), constant, session));
  return runtime_.take(api(ort::kCreateSessionFromArray, runtime_.env(), static_cast<const void*>(graph.data.get()),
                           graph.size, constant, session));
}

bool OrtGraph::finds_weights_of_bytes(const OrtRuntime& runtime) noexcept { return runtime.api().version() >= 21; }

ort::Handle<ort::IoBinding> OrtGraph::make_binding() const {
  ort::IoBinding* binding = nullptr;
  runtime_.require(runtime_.api()(ort::kCreateIoBinding, session_.get(), &binding), "bind inputs and outputs");
  return {binding, runtime_.api().function(ort::kReleaseIoBinding)};
}

OrtGraph::Bound::~Bound() {
  graph_.runtime_.api()(ort::kClearBoundInputs, binding_);
  graph_.runtime_.api()(ort::kClearBoundOutputs, binding_);
}

void OrtGraph::Bound::input(const std::string& name, const void* data, std::size_t bytes,
                            const std::vector<std::int64_t>& shape, ort::ElementType type) {
  const OrtRuntime& runtime = graph_.runtime_;
  ort::Value* value = nullptr;
  // The runtime takes a pointer to non-const for every tensor; inputs are only read.
  runtime.require(
      runtime.api()(ort::kCreateTensorWithDataAsOrtValue, static_cast<const ort::MemoryInfo*>(graph_.memory_.get()),
                    const_cast<void*>(data), bytes, shape.data(), shape.size(), type, &value),
      "wrap the input");
  values_.emplace_back(value, runtime.api().function(ort::kReleaseValue));
  runtime.require(
      runtime.api()(ort::kBindInput, binding_, name.c_str(), static_cast<const ort::Value*>(values_.back().get())),
      "bind the input");
}

void OrtGraph::Bound::output(const std::string& name) {
  graph_.runtime_.require(graph_.runtime_.api()(ort::kBindOutputToDevice, binding_, name.c_str(),
                                                static_cast<const ort::MemoryInfo*>(graph_.memory_.get())),
                          "bind an output");
}

void OrtGraph::Bound::run(CancelToken& cancel) {
  // Made anew for each run, so that a termination that comes late cannot reach the next one.
  const auto options = make_run_options(graph_.runtime_);
  graph_.run(options.get(), binding_, cancel);
}

void OrtGraph::run(ort::RunOptions* options, const ort::IoBinding* binding, CancelToken& cancel) const {
  const auto& api = runtime_.api();
  std::optional<Failure> failure;
  {
    const CancelToken::Registration terminate(
        cancel, [&] { static_cast<void>(runtime_.take(api(ort::kRunOptionsSetTerminate, options))); });
    failure =
        runtime_.take(api(ort::kRunWithBinding, session_.get(), static_cast<const ort::RunOptions*>(options), binding));
  }
  cancel.check(Stage::Infer);
  if (!failure) return;
  const bool graph = failure->code == ort::ErrorCode::NotImplemented || failure->code == ort::ErrorCode::InvalidGraph ||
                     failure->code == ort::ErrorCode::EngineError;
  throw Error(code_of_device(*failure).value_or(graph ? Code::MODEL_INVALID : Code::MODEL_MISMATCH), Stage::Infer,
              "the model's run failed: " + reason_of(*failure))
      .with_path(path_);
}

OrtGraph::BoundOutputs::BoundOutputs(const OrtRuntime& runtime, const ort::IoBinding* binding)
    : runtime_(runtime), allocator_(runtime.allocator()) {
  runtime.require(runtime.api()(ort::kGetBoundOutputValues, binding, allocator_, &values_, &count_),
                  "give its outputs");
}

OrtGraph::BoundOutputs::~BoundOutputs() {
  if (values_ == nullptr) return;
  for (std::size_t i = 0; i < count_; ++i) runtime_.api()(ort::kReleaseValue, values_[i]);
  static_cast<void>(runtime_.take(runtime_.api()(ort::kAllocatorFree, allocator_, static_cast<void*>(values_))));
}

}  // namespace microtome::infer
