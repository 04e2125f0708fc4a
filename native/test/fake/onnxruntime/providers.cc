// Options of providers, and sessions that have them.
#include <algorithm>
#include <cstring>
#include <map>

#include "test/fake/onnxruntime/real.h"

namespace microtome::test::fake {
namespace {

// Of CUDA and of TensorRT: the library's own are never seen from outside either.
struct Options {
  std::vector<std::pair<std::string, std::string>> values;
  void* stream = nullptr;
};

struct Known {
  std::mutex mutex;
  std::map<const ort::SessionOptions*, Providers> options;
  std::map<const ort::Session*, std::shared_ptr<Providers>> sessions;
};
Known& known() {
  static Known one;
  return one;
}

template <typename Foreign>
Options* own(Foreign* options) {
  return reinterpret_cast<Options*>(options);
}
template <typename Foreign>
const Options* own(const Foreign* options) {
  return reinterpret_cast<const Options*>(options);
}

template <typename Foreign>
ort::Status* create(const char* name, const std::string& failure, Foreign** out) {
  state().record(std::string("Create") + name + "ProviderOptions");
  if (!failure.empty()) return failed_if(failure);
  ++state().options_alive;
  *out = reinterpret_cast<Foreign*>(std::make_unique<Options>().release());
  return nullptr;
}

template <typename Foreign>
void release(Foreign* options) {
  if (options == nullptr) return;
  --state().options_alive;
  const std::unique_ptr<Options> gone(own(options));
}

// As the real one: options that are not named are set back, and with them the stream.
ort::Status* update(const char* name, Options* options, const std::string& failure, const char* const* keys,
                    const char* const* values, std::size_t count) {
  std::string call = std::string("Update") + name + "ProviderOptions";
  for (std::size_t i = 0; i < count; ++i) call += std::string(" ") + keys[i] + "=" + values[i];
  state().record(call);
  if (!failure.empty()) {
    std::string text = failure;
    const auto at = text.find("FOLDER");
    if (at != std::string::npos) text.replace(at, 6, own_path().substr(0, own_path().rfind('/')));
    return failed_if(text);
  }
  for (std::size_t i = 0; i < count; ++i)
    if (state().unknown_keys.contains(keys[i]))
      return state().names_unknown_keys
                 ? failed(ort::ErrorCode::Fail, "Parse Unknown provider option: \"" + std::string(keys[i]) + "\".")
                 : failed(ort::ErrorCode::InvalidArgument, "an option is not known");
  *options = {};
  for (std::size_t i = 0; i < count; ++i) options->values.emplace_back(keys[i], values[i]);
  return nullptr;
}

ort::Status* update_with_value(const char* name, Options* options, const char* key, void* value) {
  state().record(std::string("Update") + name + "ProviderOptionsWithValue " + key);
  if (std::strcmp(key, "user_compute_stream") != 0)
    return failed(ort::ErrorCode::InvalidArgument, std::string("Unknown provider option: ") + key);
  options->stream = value;
  return nullptr;
}

ort::Status* append(const char* name, const std::string& how, ort::SessionOptions* session, void* stream) {
  state().record("Append" + std::string(name) + how + (stream == nullptr ? "" : " with a stream"));
  if (!state().append_fails.empty()) return failed_if(state().append_fails);
  std::scoped_lock lock(known().mutex);
  Providers& providers = known().options[session];
  providers.names.emplace_back(name);
  providers.stream = stream;
  return nullptr;
}

ort::Status* create_cuda(ort::CudaOptions** out) { return create("CUDA", state().no_cuda, out); }
ort::Status* create_tensorrt(ort::TensorRtOptions** out) { return create("TensorRT", state().no_tensorrt, out); }
void release_cuda(ort::CudaOptions* options) { release(options); }
void release_tensorrt(ort::TensorRtOptions* options) { release(options); }
ort::Status* update_cuda(ort::CudaOptions* options, const char* const* keys, const char* const* values,
                         std::size_t count) {
  return update("CUDA", own(options), state().cuda_not_opened, keys, values, count);
}
ort::Status* update_tensorrt(ort::TensorRtOptions* options, const char* const* keys, const char* const* values,
                             std::size_t count) {
  return update("TensorRT", own(options), "", keys, values, count);
}
ort::Status* set_cuda(ort::CudaOptions* options, const char* key, void* value) {
  return update_with_value("CUDA", own(options), key, value);
}
ort::Status* set_tensorrt(ort::TensorRtOptions* options, const char* key, void* value) {
  return update_with_value("TensorRT", own(options), key, value);
}
ort::Status* append_cuda(ort::SessionOptions* session, const ort::CudaOptions* options) {
  return append("CUDA", "", session, own(options)->stream);
}
ort::Status* append_tensorrt(ort::SessionOptions* session, const ort::TensorRtOptions* options) {
  return append("TensorRT", "", session, own(options)->stream);
}
ort::Status* append_old_cuda(ort::SessionOptions* session, const ort::OldCudaOptions* options) {
  return append("CUDA",
                " (old) device=" + std::to_string(options->device) +
                    " search=" + std::to_string(options->convolution_search) +
                    " limit=" + (options->memory_limit == SIZE_MAX ? "none" : std::to_string(options->memory_limit)),
                session, options->has_user_compute_stream != 0 ? options->user_compute_stream : nullptr);
}
ort::Status* append_old_tensorrt(ort::SessionOptions* session, const ort::OldTensorRtOptions* options) {
  return append("TensorRT",
                " (old) device=" + std::to_string(options->device) + " fp16=" + std::to_string(options->fp16_enable) +
                    " cache=" + std::to_string(options->engine_cache_enable),
                session, options->has_user_compute_stream != 0 ? options->user_compute_stream : nullptr);
}

ort::Status* add_entry(ort::SessionOptions* session, const char* key, const char* value) {
  if (std::strcmp(key, "session.disable_cpu_ep_fallback") != 0)
    return real()(ort::kAddSessionConfigEntry, session, key, value);
  state().record(std::string("AddSessionConfigEntry ") + key + "=" + value);
  std::scoped_lock lock(known().mutex);
  known().options[session].cpu_is_refused = std::strcmp(value, "1") == 0;
  return nullptr;
}

ort::Status* fix_side(ort::SessionOptions* session, const char* name, std::int64_t value) {
  state().record(std::string("AddFreeDimensionOverrideByName ") + name + "=" + std::to_string(value));
  return real()(ort::kAddFreeDimensionOverrideByName, session, name, value);
}

void release_options(ort::SessionOptions* session) {
  {
    std::scoped_lock lock(known().mutex);
    known().options.erase(session);
  }
  real()(ort::kReleaseSessionOptions, session);
}

// Makes the real session, which runs what a device would.
template <typename Make>
ort::Status* create_session(const ort::SessionOptions* options, ort::Session** out, Make make) {
  Providers providers;
  {
    std::scoped_lock lock(known().mutex);
    const auto found = known().options.find(options);
    if (found != known().options.end()) providers = found->second;
  }
  if (providers.names.empty()) return make();
  state().record("CreateSession");
  if (!state().load_fails.empty()) return failed_if(state().load_fails);
  if (state().graph_needs_cpu && providers.cpu_is_refused)
    return failed(
        ort::ErrorCode::Fail,
        "This session contains graph nodes that are assigned to the default CPU EP, but fallback to CPU EP has "
        "been explicitly disabled by the user.");
  ort::Status* status = make();
  if (status != nullptr) return status;
  ++state().sessions_alive;
  std::scoped_lock lock(known().mutex);
  known().sessions[*out] = std::make_shared<Providers>(providers);
  return nullptr;
}
ort::Status* create_session_of_file(const ort::Env* env, const char* path, const ort::SessionOptions* options,
                                    ort::Session** out) {
  return create_session(options, out, [&] { return real()(ort::kCreateSession, env, path, options, out); });
}
ort::Status* create_session_of_bytes(const ort::Env* env, const void* bytes, std::size_t count,
                                     const ort::SessionOptions* options, ort::Session** out) {
  return create_session(options, out,
                        [&] { return real()(ort::kCreateSessionFromArray, env, bytes, count, options, out); });
}

void release_session(ort::Session* session) {
  {
    std::scoped_lock lock(known().mutex);
    if (known().sessions.erase(session) > 0) --state().sessions_alive;
  }
  real()(ort::kReleaseSession, session);
}

}  // namespace

std::shared_ptr<Providers> providers_of(const ort::Session* session) {
  std::scoped_lock lock(known().mutex);
  const auto found = known().sessions.find(session);
  return found == known().sessions.end() ? nullptr : found->second;
}

void put_providers(Table& table) {
  put(table, ort::kCreateCUDAProviderOptions, &create_cuda);
  put(table, ort::kUpdateCUDAProviderOptions, &update_cuda);
  put(table, ort::kUpdateCUDAProviderOptionsWithValue, &set_cuda);
  put(table, ort::kReleaseCUDAProviderOptions, &release_cuda);
  put(table, ort::kSessionOptionsAppendExecutionProvider_CUDA_V2, &append_cuda);
  put(table, ort::kSessionOptionsAppendExecutionProvider_CUDA, &append_old_cuda);
  put(table, ort::kCreateTensorRTProviderOptions, &create_tensorrt);
  put(table, ort::kUpdateTensorRTProviderOptions, &update_tensorrt);
  put(table, ort::kUpdateTensorRTProviderOptionsWithValue, &set_tensorrt);
  put(table, ort::kReleaseTensorRTProviderOptions, &release_tensorrt);
  put(table, ort::kSessionOptionsAppendExecutionProvider_TensorRT_V2, &append_tensorrt);
  put(table, ort::kSessionOptionsAppendExecutionProvider_TensorRT, &append_old_tensorrt);
  put(table, ort::kAddSessionConfigEntry, &add_entry);
  put(table, ort::kAddFreeDimensionOverrideByName, &fix_side);
  put(table, ort::kReleaseSessionOptions, &release_options);
  put(table, ort::kCreateSession, &create_session_of_file);
  put(table, ort::kCreateSessionFromArray, &create_session_of_bytes);
  put(table, ort::kReleaseSession, &release_session);
}

}  // namespace microtome::test::fake
