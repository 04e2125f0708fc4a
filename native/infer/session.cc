#include "infer/session.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <new>
#include <stdexcept>
#include <utility>

#include "infer/input_check.h"
#include "infer/tensor_values.h"

namespace microtome::infer {
namespace {

constexpr std::int64_t kMaxRowLength = 1'000'000;

struct AlignedFree {
  void operator()(std::byte* bytes) const { ::operator delete[](bytes, std::align_val_t{kInputAlignment}); }
};
using AlignedBytes = std::unique_ptr<std::byte[], AlignedFree>;

AlignedBytes aligned_bytes(std::size_t count) {
  return AlignedBytes(static_cast<std::byte*>(::operator new[](count, std::align_val_t{kInputAlignment})));
}

bool is_aligned(const void* data) { return reinterpret_cast<std::uintptr_t>(data) % kInputAlignment == 0; }

const TensorInfo* find_named(const std::vector<TensorInfo>& infos, const std::string& name) {
  const auto found =
      std::find_if(infos.begin(), infos.end(), [&](const TensorInfo& info) { return info.name == name; });
  return found == infos.end() ? nullptr : &*found;
}

std::vector<std::string> without_repeats(const std::vector<std::string>& names) {
  std::vector<std::string> once;
  for (const auto& name : names)
    if (std::find(once.begin(), once.end(), name) == once.end()) once.push_back(name);
  return once;
}

Error wrong_shape(const std::string& name, const std::vector<std::int64_t>& shape, std::int64_t tiles) {
  return {Code::OUTPUT_SHAPE, Stage::Infer,
          "the output " + name + " is " + shape_text(shape) + " for " + std::to_string(tiles) + " tiles, [" +
              std::to_string(tiles) + ", values] with 1 to " + std::to_string(kMaxRowLength) + " values was expected"};
}

// Values per tile, or 0 when `shape` is not one row per tile. Unknown sides count as one.
std::int64_t row_length(const std::vector<std::int64_t>& shape, std::int64_t tiles) {
  if (shape.empty() || (shape[0] >= 0 && shape[0] != tiles)) return 0;
  std::int64_t length = 1;
  for (std::size_t i = 1; i < shape.size(); ++i) {
    const std::int64_t side = shape[i] < 0 ? 1 : shape[i];
    if (side == 0 || side > kMaxRowLength / length) return 0;
    length *= side;
  }
  return length;
}

// The elements of one output tensor.
struct Rows {
  ort::ElementType type = ort::ElementType::Undefined;
  const void* data = nullptr;  // owned by the value
  std::size_t count = 0;
};

Rows rows_of(const OrtRuntime& runtime, ort::Value* value, const std::string& name, std::int64_t tiles) {
  const auto& api = runtime.api();
  const ort::Value* constant = value;
  int is_tensor = 0;
  runtime.require(api(ort::kIsTensor, constant, &is_tensor), "give an output");
  if (is_tensor == 0) throw Error(Code::MODEL_MISMATCH, Stage::Infer, "the output " + name + " is not a tensor");
  ort::TensorInfo* raw = nullptr;
  runtime.require(api(ort::kGetTensorTypeAndShape, constant, &raw), "give a shape");
  const ort::Handle<ort::TensorInfo> info(raw, api.function(ort::kReleaseTensorTypeAndShapeInfo));
  Rows rows;
  runtime.require(api(ort::kGetTensorElementType, static_cast<const ort::TensorInfo*>(raw), &rows.type), "give a type");
  if (!is_numeric(rows.type))
    throw Error(Code::MODEL_MISMATCH, Stage::Infer,
                "the output " + name + " is " + type_name(rows.type) + ", numbers were expected");
  const auto shape = shape_of(runtime, raw);
  const std::int64_t length = row_length(shape, tiles);
  if (length == 0) throw wrong_shape(name, shape, tiles);
  rows.count = static_cast<std::size_t>(length * tiles);
  void* data = nullptr;
  runtime.require(api(ort::kGetTensorMutableData, value, &data), "give an output");
  rows.data = data;
  return rows;
}

}  // namespace

// A binding of one thread, and a buffer for input that does not start where it should.
class OrtSession::Slot final : public RunSlot {
 public:
  Slot(std::shared_ptr<OrtSession> owner_session, ort::Handle<ort::IoBinding> io_binding)
      : owner(std::move(owner_session)), binding(std::move(io_binding)) {}

  // `input` itself where it is aligned, else a copy.
  const void* aligned(const void* input, std::size_t bytes) {
    if (is_aligned(input)) return input;
    if (bytes > capacity) {
      copy.reset();
      capacity = 0;
      copy = aligned_bytes(bytes);
      capacity = bytes;
    }
    std::memcpy(copy.get(), input, bytes);
    return copy.get();
  }

  std::shared_ptr<OrtSession> owner;  // first: the binding goes before the session
  ort::Handle<ort::IoBinding> binding;
  AlignedBytes copy;
  std::size_t capacity = 0;
};

// The values of the bound outputs in the order they were bound, released together.
class OrtSession::BoundOutputs {
 public:
  BoundOutputs(const OrtRuntime& runtime, const ort::IoBinding* binding)
      : runtime_(runtime), allocator_(runtime.allocator()) {
    runtime.require(runtime.api()(ort::kGetBoundOutputValues, binding, allocator_, &values_, &count_),
                    "give its outputs");
  }
  ~BoundOutputs() {
    if (values_ == nullptr) return;
    for (std::size_t i = 0; i < count_; ++i) runtime_.api()(ort::kReleaseValue, values_[i]);
    static_cast<void>(runtime_.take(runtime_.api()(ort::kAllocatorFree, allocator_, static_cast<void*>(values_))));
  }
  BoundOutputs(const BoundOutputs&) = delete;
  BoundOutputs& operator=(const BoundOutputs&) = delete;

  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] ort::Value* at(std::size_t index) const noexcept { return values_[index]; }

 private:
  const OrtRuntime& runtime_;
  ort::Allocator* allocator_;
  ort::Value** values_ = nullptr;
  std::size_t count_ = 0;
};

OrtSession::OrtSession(OrtRuntime& runtime, const std::string& path, GraphBytes graph, std::vector<NamedBytes> weights,
                       const SessionOptions& options)
    : runtime_(runtime),
      path_(path),
      log_(runtime, options.log),
      memory_(nullptr, runtime.api().function(ort::kReleaseMemoryInfo)),
      session_(open(std::exchange(graph, {}), std::exchange(weights, {}), options)),
      inputs_(input_infos(runtime, session_.get())),
      outputs_(output_infos(runtime, session_.get())) {
  ort::MemoryInfo* memory = nullptr;
  runtime.require(
      runtime.api()(ort::kCreateCpuMemoryInfo, ort::AllocatorKind::Device, ort::MemoryKind::Default, &memory),
      "describe memory");
  memory_.reset(memory);
}

ort::Handle<ort::Session> OrtSession::open(const GraphBytes& graph, const std::vector<NamedBytes>& weights,
                                           const SessionOptions& options) const {
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

  ort::Session* session = nullptr;
  const auto failure = create(graph, raw, options.cancel, &session);
  ort::Handle<ort::Session> made(session, api.function(ort::kReleaseSession));
  if (options.cancel != nullptr && options.cancel->cancelled())
    throw Error(Code::CANCELLED, Stage::Infer,
                failure ? "the load was given up: " + failure->text : "the load was cancelled as it ended")
        .with_path(path_);
  if (failure)
    throw Error(failure->is_out_of_memory() ? Code::OUT_OF_MEMORY : Code::MODEL_INVALID, Stage::Infer,
                "ONNX Runtime " + runtime_.report().version + " refuses " + path_ + ": " + failure->text)
        .with_path(path_);
  return made;
}

// The runtime copies them when the session is made.
void OrtSession::give_weights(ort::SessionOptions* settings, const std::vector<NamedBytes>& weights) const {
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
std::optional<Failure> OrtSession::create(const GraphBytes& graph, ort::SessionOptions* settings, CancelToken* cancel,
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

bool OrtSession::finds_weights_of_bytes(const OrtRuntime& runtime) noexcept { return runtime.api().version() >= 21; }

std::unique_ptr<Model::RunSlot> OrtSession::make_slot() {
  ort::IoBinding* binding = nullptr;
  runtime_.require(runtime_.api()(ort::kCreateIoBinding, session_.get(), &binding), "bind inputs and outputs");
  return std::make_unique<Slot>(shared_from_this(),
                                ort::Handle<ort::IoBinding>(binding, runtime_.api().function(ort::kReleaseIoBinding)));
}

// What can be known before a run. The declared first side is not looked at: exporters often write the batch of their
// example there, and the real one is seen in collect().
void OrtSession::require_output(const std::string& name, std::int64_t tiles) const {
  const TensorInfo* info = find_named(outputs_, name);
  if (info == nullptr) {
    std::string known;
    for (const auto& output : outputs_) known += (known.empty() ? "" : ", ") + output.name;
    throw Error(Code::MODEL_MISMATCH, Stage::Infer, "the graph has no output " + name + ", it has: " + known);
  }
  if (info->shape.empty()) return;  // a scalar, or not declared
  std::vector<std::int64_t> shape = info->shape;
  shape[0] = tiles;
  if (row_length(shape, tiles) == 0) throw wrong_shape(name, info->shape, tiles);
}

ort::Handle<ort::Value> OrtSession::wrap_input(const void* input, std::size_t bytes, std::int64_t tiles,
                                               const preprocess::TensorFormat& how) const {
  const auto shape = input_shape(tiles, how);
  ort::Value* value = nullptr;
  // The runtime takes a pointer to non-const for every tensor; inputs are only read.
  runtime_.require(
      runtime_.api()(ort::kCreateTensorWithDataAsOrtValue, static_cast<const ort::MemoryInfo*>(memory_.get()),
                     const_cast<void*>(input), bytes, shape.data(), shape.size(), input_type(how.type), &value),
      "wrap the input");
  return {value, runtime_.api().function(ort::kReleaseValue)};
}

void OrtSession::run(RunSlot& slot, const void* input, std::int64_t tiles, const preprocess::TensorFormat& how,
                     const std::vector<std::string>& output_names, std::vector<std::vector<double>>& out,
                     CancelToken& cancel) {
  const auto& api = runtime_.api();
  auto* own = dynamic_cast<Slot*>(&slot);
  if (own == nullptr || own->owner.get() != this)
    throw Error(Code::INTERNAL, Stage::Infer, "a slot was used with another model");
  const std::size_t bytes = require_input(inputs_, tiles, how);
  const std::vector<std::string> bound_names = without_repeats(output_names);
  for (const auto& name : bound_names) require_output(name, tiles);
  cancel.check(Stage::Infer);
  try {
    const auto value = wrap_input(own->aligned(input, bytes), bytes, tiles, how);
    // Whatever happens below, the binding must not keep the caller's memory or the outputs.
    const auto clear = [&api](ort::IoBinding* binding) {
      api(ort::kClearBoundInputs, binding);
      api(ort::kClearBoundOutputs, binding);
    };
    const std::unique_ptr<ort::IoBinding, decltype(clear)> bound(own->binding.get(), clear);
    runtime_.require(
        api(ort::kBindInput, bound.get(), inputs_.front().name.c_str(), static_cast<const ort::Value*>(value.get())),
        "bind the input");
    for (const auto& name : bound_names)
      runtime_.require(
          api(ort::kBindOutputToDevice, bound.get(), name.c_str(), static_cast<const ort::MemoryInfo*>(memory_.get())),
          "bind an output");
    execute(*own, cancel);
    collect(*own, tiles, bound_names, output_names, out);
  } catch (const std::bad_alloc&) {
    throw Error(Code::OUT_OF_MEMORY, Stage::Infer, "no memory for a batch of " + std::to_string(tiles) + " tiles");
  } catch (const std::length_error&) {
    throw Error(Code::OUT_OF_MEMORY, Stage::Infer, "no memory for a batch of " + std::to_string(tiles) + " tiles");
  }
}

void OrtSession::execute(Slot& slot, CancelToken& cancel) {
  const auto& api = runtime_.api();
  ort::RunOptions* raw = nullptr;
  runtime_.require(api(ort::kCreateRunOptions, &raw), "make options");
  // Made anew for each run, so that a termination that comes late cannot reach the next one.
  const ort::Handle<ort::RunOptions> options(raw, api.function(ort::kReleaseRunOptions));
  std::optional<Failure> failure;
  {
    const CancelToken::Registration terminate(
        cancel, [&] { static_cast<void>(runtime_.take(api(ort::kRunOptionsSetTerminate, raw))); });
    failure = runtime_.take(api(ort::kRunWithBinding, session_.get(), static_cast<const ort::RunOptions*>(raw),
                                static_cast<const ort::IoBinding*>(slot.binding.get())));
  }
  cancel.check(Stage::Infer);
  if (failure) fail_run(*failure);
}

// Everything is checked before anything is appended. `bound` has each output once, in the order of binding.
void OrtSession::collect(const Slot& slot, std::int64_t tiles, const std::vector<std::string>& bound,
                         const std::vector<std::string>& names, std::vector<std::vector<double>>& out) const {
  const BoundOutputs values(runtime_, slot.binding.get());
  if (values.size() != bound.size()) throw Error(Code::INTERNAL, Stage::Infer, "an output is missing after a run");
  std::vector<Rows> rows;
  for (std::size_t i = 0; i < bound.size(); ++i) rows.push_back(rows_of(runtime_, values.at(i), bound[i], tiles));
  if (out.size() < names.size()) out.resize(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto at = std::find(bound.begin(), bound.end(), names[i]) - bound.begin();
    const Rows& found = rows[static_cast<std::size_t>(at)];
    append_as_double(found.type, found.data, found.count, out[i]);
  }
}

void OrtSession::fail_run(const Failure& failure) const {
  if (failure.is_out_of_memory())
    throw Error(Code::OUT_OF_MEMORY, Stage::Infer, "the model's run failed: " + failure.text).with_path(path_);
  const bool graph = failure.code == ort::ErrorCode::NotImplemented || failure.code == ort::ErrorCode::InvalidGraph ||
                     failure.code == ort::ErrorCode::EngineError;
  throw Error(graph ? Code::MODEL_INVALID : Code::MODEL_MISMATCH, Stage::Infer,
              "the model's run failed: " + failure.text)
      .with_path(path_);
}

}  // namespace microtome::infer
