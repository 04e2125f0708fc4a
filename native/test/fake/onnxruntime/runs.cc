// Values in a device's memory, bindings that hold them, and runs that are put on a stream.
#include <cstring>
#include <map>
#include <optional>

#include "test/fake/onnxruntime/real.h"

namespace microtome::test::fake {
namespace {

constexpr ort::Slot<ort::Status*(const ort::MemoryInfo*, const char**)> kMemoryInfoGetName{71};
constexpr ort::Slot<ort::Status*(ort::Allocator*, std::size_t, void**)> kAllocatorAlloc{75};

// A tensor in the device's memory.
struct Tensor {
  std::uint64_t pointer = 0;
  std::size_t bytes = 0;
  std::vector<std::int64_t> shape;
  ort::ElementType type = ort::ElementType::Undefined;
};

struct Output {
  std::string name;
  std::optional<Tensor> to;  // absent: the runtime takes memory itself
};

struct Bound {
  ort::Session* session = nullptr;
  std::shared_ptr<Providers> providers;
  std::string input_name;
  Tensor input;
  std::vector<Output> outputs;
  std::vector<ort::Value*> results;  // of the last run, in the order of `outputs`
};

using RunEntries = std::map<std::string, std::string>;

struct Known {
  std::mutex mutex;
  std::map<const ort::Value*, Tensor> tensors;
  std::map<const ort::IoBinding*, std::shared_ptr<Bound>> bindings;
  std::map<const ort::RunOptions*, RunEntries> runs;
};
Known& known() {
  static Known one;
  return one;
}

std::optional<Tensor> tensor_of(const ort::Value* value) {
  std::scoped_lock lock(known().mutex);
  const auto found = known().tensors.find(value);
  return found == known().tensors.end() ? std::nullopt : std::optional(found->second);
}
std::shared_ptr<Bound> bound_of(const ort::IoBinding* binding) {
  std::scoped_lock lock(known().mutex);
  const auto found = known().bindings.find(binding);
  return found == known().bindings.end() ? nullptr : found->second;
}
// A number that is no address of the real runtime's objects, which are aligned.
template <typename Object>
Object* new_handle() {
  static std::uintptr_t next = 1;
  next += 2;
  return reinterpret_cast<Object*>(next);
}

ort::Status* create_memory(const char* name, ort::AllocatorKind kind, int ordinal, ort::MemoryKind memory,
                           ort::MemoryInfo** out) {
  state().record("CreateMemoryInfo " + std::string(name) + " " + std::to_string(ordinal));
  return real()(ort::kCreateMemoryInfo, name, kind, ordinal, memory, out);
}

ort::Status* create_tensor(const ort::MemoryInfo* memory, void* data, std::size_t bytes, const std::int64_t* shape,
                           std::size_t sides, ort::ElementType type, ort::Value** out) {
  const char* name = nullptr;
  if (auto* status = real()(kMemoryInfoGetName, memory, &name)) return status;
  if (std::strcmp(name, "Cuda") != 0)
    return real()(ort::kCreateTensorWithDataAsOrtValue, memory, data, bytes, shape, sides, type, out);
  const auto pointer = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(data));
  if (state().host_view(pointer, bytes) == nullptr)
    return failed(ort::ErrorCode::Fail, "these bytes are not in the device's memory");
  std::scoped_lock lock(known().mutex);
  *out = new_handle<ort::Value>();
  known().tensors[*out] = {pointer, bytes, {shape, shape + sides}, type};
  ++state().values_alive;
  return nullptr;
}

void release_value(ort::Value* value) {
  {
    std::scoped_lock lock(known().mutex);
    if (known().tensors.erase(value) > 0) return static_cast<void>(--state().values_alive);
  }
  real()(ort::kReleaseValue, value);
}

ort::Status* create_binding(ort::Session* session, ort::IoBinding** out) {
  auto providers = providers_of(session);
  if (providers == nullptr) return real()(ort::kCreateIoBinding, session, out);
  std::scoped_lock lock(known().mutex);
  *out = new_handle<ort::IoBinding>();
  auto bound = std::make_shared<Bound>();
  bound->session = session;
  bound->providers = std::move(providers);
  known().bindings[*out] = std::move(bound);
  ++state().bindings_alive;
  return nullptr;
}

void drop_results(Bound& bound) {
  for (auto* value : bound.results) real()(ort::kReleaseValue, value);
  bound.results.clear();
}

void release_binding(ort::IoBinding* binding) {
  if (const auto bound = bound_of(binding)) {
    drop_results(*bound);
    std::scoped_lock lock(known().mutex);
    known().bindings.erase(binding);
    --state().bindings_alive;
    return;
  }
  real()(ort::kReleaseIoBinding, binding);
}

ort::Status* bind_input(ort::IoBinding* binding, const char* name, const ort::Value* value) {
  const auto bound = bound_of(binding);
  if (bound == nullptr) return real()(ort::kBindInput, binding, name, value);
  const auto tensor = tensor_of(value);
  if (!tensor) return failed(ort::ErrorCode::Fail, "an input is in the host's memory");
  bound->input_name = name;
  bound->input = *tensor;
  return nullptr;
}

ort::Status* bind_output(ort::IoBinding* binding, const char* name, const ort::Value* value) {
  const auto bound = bound_of(binding);
  if (bound == nullptr) return real()(ort::kBindOutput, binding, name, value);
  const auto tensor = tensor_of(value);
  if (!tensor) return failed(ort::ErrorCode::Fail, "an output is in the host's memory");
  bound->outputs.push_back({name, tensor});
  return nullptr;
}

ort::Status* bind_output_to(ort::IoBinding* binding, const char* name, const ort::MemoryInfo* memory) {
  const auto bound = bound_of(binding);
  if (bound == nullptr) return real()(ort::kBindOutputToDevice, binding, name, memory);
  bound->outputs.push_back({name, std::nullopt});
  return nullptr;
}

ort::Status* create_run(ort::RunOptions** out) {
  auto* status = real()(ort::kCreateRunOptions, out);
  std::scoped_lock lock(known().mutex);
  if (status == nullptr) known().runs[*out] = {};
  return status;
}
void release_run(ort::RunOptions* run) {
  {
    std::scoped_lock lock(known().mutex);
    known().runs.erase(run);
  }
  real()(ort::kReleaseRunOptions, run);
}
ort::Status* add_run_entry(ort::RunOptions* run, const char* key, const char* value) {
  std::scoped_lock lock(known().mutex);
  known().runs[run][key] = value;
  return nullptr;
}

// Says what failed, and forgets it.
bool is_fine(ort::Status* status) {
  if (status == nullptr) return true;
  state().wrong(real()(ort::kGetErrorMessage, static_cast<const ort::Status*>(status)));
  real()(ort::kReleaseStatus, status);
  return false;
}

// What the device does when the run's turn on its stream comes: reads the input as it is then.
void compute(const std::shared_ptr<Bound>& bound) {
  ort::MemoryInfo* raw = nullptr;
  if (!is_fine(real()(ort::kCreateCpuMemoryInfo, ort::AllocatorKind::Device, ort::MemoryKind::Default, &raw))) return;
  const ort::Handle<ort::MemoryInfo> memory(raw, real().function(ort::kReleaseMemoryInfo));
  const Tensor& from = bound->input;
  const auto* pixels = static_cast<const std::uint8_t*>(state().host_view(from.pointer, from.bytes));
  if (pixels == nullptr) return state().wrong("the input was freed before its run");
  std::vector<std::uint8_t> copy(pixels, pixels + from.bytes);
  ort::Value* value = nullptr;
  if (!is_fine(real()(ort::kCreateTensorWithDataAsOrtValue, static_cast<const ort::MemoryInfo*>(raw),
                      static_cast<void*>(copy.data()), copy.size(), from.shape.data(), from.shape.size(), from.type,
                      &value)))
    return;
  const ort::Handle<ort::Value> input(value, real().function(ort::kReleaseValue));
  ort::IoBinding* binding = nullptr;
  if (!is_fine(real()(ort::kCreateIoBinding, bound->session, &binding))) return;
  const ort::Handle<ort::IoBinding> owned(binding, real().function(ort::kReleaseIoBinding));
  bool fine =
      is_fine(real()(ort::kBindInput, binding, bound->input_name.c_str(), static_cast<const ort::Value*>(value)));
  for (const auto& output : bound->outputs)
    fine = fine && is_fine(real()(ort::kBindOutputToDevice, binding, output.name.c_str(),
                                  static_cast<const ort::MemoryInfo*>(raw)));
  ort::RunOptions* run = nullptr;
  if (!fine || !is_fine(real()(ort::kCreateRunOptions, &run))) return;
  const ort::Handle<ort::RunOptions> options(run, real().function(ort::kReleaseRunOptions));
  if (!is_fine(real()(ort::kRunWithBinding, bound->session, static_cast<const ort::RunOptions*>(run),
                      static_cast<const ort::IoBinding*>(binding))))
    return;
  ort::Allocator* allocator = nullptr;
  ort::Value** values = nullptr;
  std::size_t count = 0;
  if (!is_fine(real()(ort::kGetAllocatorWithDefaultOptions, &allocator)) ||
      !is_fine(
          real()(ort::kGetBoundOutputValues, static_cast<const ort::IoBinding*>(binding), allocator, &values, &count)))
    return;
  drop_results(*bound);
  bound->results.assign(values, values + count);
  is_fine(real()(ort::kAllocatorFree, allocator, static_cast<void*>(values)));
  for (std::size_t i = 0; i < count; ++i) {
    if (!bound->outputs[i].to) continue;
    const Tensor& to = *bound->outputs[i].to;
    void* data = nullptr;
    void* place = state().host_view(to.pointer, to.bytes);
    if (place == nullptr)
      state().wrong("an output was freed before its run");
    else if (is_fine(real()(ort::kGetTensorMutableData, bound->results[i], &data)))
      std::memcpy(place, data, to.bytes);
  }
}

ort::Status* run(ort::Session* session, const ort::RunOptions* options, const ort::IoBinding* binding) {
  const auto bound = bound_of(binding);
  if (bound == nullptr) return real()(ort::kRunWithBinding, session, options, binding);
  RunEntries entries;
  {
    std::scoped_lock lock(known().mutex);
    entries = known().runs[options];
  }
  std::string call = "Run";
  for (const auto& [key, value] : entries) call += " " + key + "=" + value;
  state().record(call);
  const auto failing = state().failing_runs.find(++state().runs);
  if (failing != state().failing_runs.end()) return failed_if(failing->second);
  state().enqueue(bound->providers->stream, [bound] { compute(bound); });
  if (entries["disable_synchronize_execution_providers"] != "1") state().wait(bound->providers->stream);
  return nullptr;
}

// Values whose shapes can be asked for; they are released as those of the real runtime.
ort::Status* outputs_of(const ort::IoBinding* binding, ort::Allocator* allocator, ort::Value*** out,
                        std::size_t* count) {
  const auto bound = bound_of(binding);
  if (bound == nullptr) return real()(ort::kGetBoundOutputValues, binding, allocator, out, count);
  void* memory = nullptr;
  *count = bound->results.size();
  if (auto* status = real()(kAllocatorAlloc, allocator, (*count + 1) * sizeof(ort::Value*), &memory)) return status;
  *out = static_cast<ort::Value**>(memory);
  for (std::size_t i = 0; i < *count; ++i) (*out)[i] = bound->results[i];
  bound->results.clear();
  return nullptr;
}

void clear_inputs(ort::IoBinding* binding) {
  if (const auto bound = bound_of(binding)) return static_cast<void>(bound->input = {});
  real()(ort::kClearBoundInputs, binding);
}
void clear_outputs(ort::IoBinding* binding) {
  if (const auto bound = bound_of(binding)) return bound->outputs.clear();
  real()(ort::kClearBoundOutputs, binding);
}

}  // namespace

void put_runs(Table& table) {
  put(table, ort::kCreateMemoryInfo, &create_memory);
  put(table, ort::kCreateTensorWithDataAsOrtValue, &create_tensor);
  put(table, ort::kReleaseValue, &release_value);
  put(table, ort::kCreateIoBinding, &create_binding);
  put(table, ort::kReleaseIoBinding, &release_binding);
  put(table, ort::kBindInput, &bind_input);
  put(table, ort::kBindOutput, &bind_output);
  put(table, ort::kBindOutputToDevice, &bind_output_to);
  put(table, ort::kCreateRunOptions, &create_run);
  put(table, ort::kReleaseRunOptions, &release_run);
  put(table, ort::kAddRunConfigEntry, &add_run_entry);
  put(table, ort::kRunWithBinding, &run);
  put(table, ort::kGetBoundOutputValues, &outputs_of);
  put(table, ort::kClearBoundInputs, &clear_inputs);
  put(table, ort::kClearBoundOutputs, &clear_outputs);
}

}  // namespace microtome::test::fake
