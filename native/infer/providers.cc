#include "infer/providers.h"

#include <algorithm>

namespace microtome::infer {
namespace {

// The functions of one provider.
template <typename Options>
struct Calls {
  const char* name;
  ort::Slot<ort::Status*(Options**)> create;
  ort::Slot<ort::Status*(Options*, const char* const*, const char* const*, std::size_t)> update;
  ort::Slot<ort::Status*(Options*, const char*, void*)> update_with_value;
  ort::Slot<ort::Status*(ort::SessionOptions*, const Options*)> append;
  ort::Slot<void(Options*)> release;
};

constexpr Calls<ort::CudaOptions> kCuda{"CUDA",
                                        ort::kCreateCUDAProviderOptions,
                                        ort::kUpdateCUDAProviderOptions,
                                        ort::kUpdateCUDAProviderOptionsWithValue,
                                        ort::kSessionOptionsAppendExecutionProvider_CUDA_V2,
                                        ort::kReleaseCUDAProviderOptions};
constexpr Calls<ort::TensorRtOptions> kTensorRt{"TensorRT",
                                                ort::kCreateTensorRTProviderOptions,
                                                ort::kUpdateTensorRTProviderOptions,
                                                ort::kUpdateTensorRTProviderOptionsWithValue,
                                                ort::kSessionOptionsAppendExecutionProvider_TensorRT_V2,
                                                ort::kReleaseTensorRTProviderOptions};

std::string flag(bool on) { return on ? "1" : "0"; }

Error unavailable(const OrtRuntime& runtime, const char* provider, const Failure& failure) {
  const auto code = code_of_device(failure);
  return Error(code.value_or(Code::DEVICE_UNAVAILABLE), Stage::Infer,
               "ONNX Runtime " + runtime.report().version + " cannot use " + provider + ": " + reason_of(failure))
      .with_path(runtime.report().path);
}

template <typename Options>
std::optional<Failure> update(const OrtRuntime& runtime, const Calls<Options>& calls, Options* options,
                              const ProviderOptions& wanted) {
  std::vector<const char*> keys;
  std::vector<const char*> values;
  const auto add = [&](const std::string& key, const std::string& value) {
    keys.push_back(key.c_str());
    values.push_back(value.c_str());
  };
  for (const auto& [key, value] : wanted.base) add(key, value);
  for (const auto& one : wanted.newer) add(one.key, one.value);
  return runtime.take(runtime.api()(calls.update, options, static_cast<const char* const*>(keys.data()),
                                    static_cast<const char* const*>(values.data()), keys.size()));
}

bool is_unknown_option(const Failure& failure) {
  return failure.code == ort::ErrorCode::InvalidArgument ||
         failure.text.find("Unknown provider option") != std::string::npos;
}

// Sends all options in one call, and again without those that the runtime does not know.
template <typename Options>
void set_options(const OrtRuntime& runtime, const Calls<Options>& calls, Options* options, ProviderOptions wanted,
                 DeviceReport& report) {
  const auto drop = [&](auto begin, auto end) {
    for (auto it = begin; it != end; ++it)
      if (!it->loss.empty()) report.left_out.push_back(it->loss);
    wanted.newer.erase(begin, end);
  };
  while (const auto failure = update(runtime, calls, options, wanted)) {
    if (wanted.newer.empty() || !is_unknown_option(*failure)) throw unavailable(runtime, calls.name, *failure);
    const auto named = std::find_if(wanted.newer.begin(), wanted.newer.end(), [&](const auto& one) {
      return failure->text.find('"' + one.key + '"') != std::string::npos;
    });
    if (named != wanted.newer.end())
      drop(named, named + 1);
    else
      drop(wanted.newer.begin(), wanted.newer.end());
  }
}

template <typename Options>
ort::Handle<Options> make_options(const OrtRuntime& runtime, const Calls<Options>& calls) {
  Options* raw = nullptr;
  if (const auto failure = runtime.take(runtime.api()(calls.create, &raw)))
    throw unavailable(runtime, calls.name, *failure);
  return {raw, runtime.api().function(calls.release)};
}

template <typename Options>
void append(const OrtRuntime& runtime, const Calls<Options>& calls, const ProviderOptions& wanted, StreamHandle stream,
            ort::SessionOptions* session, DeviceReport& report) {
  const auto& api = runtime.api();
  const auto options = make_options(runtime, calls);
  set_options(runtime, calls, options.get(), wanted, report);
  // Behind the others: they set what they do not name back to its default.
  if (stream != nullptr)
    runtime.require(api(calls.update_with_value, options.get(), "user_compute_stream", stream), "take a stream");
  if (const auto failure = runtime.take(api(calls.append, session, static_cast<const Options*>(options.get()))))
    throw unavailable(runtime, calls.name, *failure);
  report.providers.emplace_back(calls.name);
}

// Before 1.16 a stream can only be given in the older structures, which have fewer options.
void append_old_cuda(const OrtRuntime& runtime, const DeviceSettings& settings, ort::SessionOptions* session,
                     DeviceReport& report) {
  ort::OldCudaOptions options;
  options.device = settings.ordinal;
  options.convolution_search = settings.reproducible ? 1 : 0;
  if (settings.memory_limit_bytes > 0) options.memory_limit = static_cast<std::size_t>(settings.memory_limit_bytes);
  options.has_user_compute_stream = 1;
  options.user_compute_stream = settings.stream;
  if (const auto failure = runtime.take(runtime.api()(ort::kSessionOptionsAppendExecutionProvider_CUDA, session,
                                                      static_cast<const ort::OldCudaOptions*>(&options))))
    throw unavailable(runtime, kCuda.name, *failure);
  for (const auto& one : cuda_options(settings).newer) report.left_out.push_back(one.loss);
  report.providers.emplace_back(kCuda.name);
}

void append_old_tensorrt(const OrtRuntime& runtime, const DeviceSettings& settings, const std::string& cache,
                         ort::SessionOptions* session, DeviceReport& report) {
  ort::OldTensorRtOptions options;
  options.device = settings.ordinal;
  options.has_user_compute_stream = 1;
  options.user_compute_stream = settings.stream;
  options.fp16_enable = settings.fp16 ? 1 : 0;
  options.engine_cache_enable = cache.empty() ? 0 : 1;
  options.engine_cache_path = cache.c_str();
  if (const auto failure = runtime.take(runtime.api()(ort::kSessionOptionsAppendExecutionProvider_TensorRT, session,
                                                      static_cast<const ort::OldTensorRtOptions*>(&options))))
    throw unavailable(runtime, kTensorRt.name, *failure);
  report.providers.emplace_back(kTensorRt.name);
}

template <typename Options>
std::optional<std::string> failure_of(const OrtRuntime& runtime, const Calls<Options>& calls) {
  const auto& api = runtime.api();
  Options* raw = nullptr;
  if (const auto failure = runtime.take(api(calls.create, &raw))) return reason_of(*failure);
  const ort::Handle<Options> options(raw, api.function(calls.release));
  // Without an option: one that names a device would ask for the device, which may be there another time.
  const auto failure = update(runtime, calls, raw, {});
  return failure ? std::optional(reason_of(*failure)) : std::nullopt;
}

}  // namespace

ProviderOptions cuda_options(const DeviceSettings& settings) {
  ProviderOptions options;
  options.base = {
      {"device_id", std::to_string(settings.ordinal)},
      // What a slide needs is known after one run: the arena need not double.
      {"arena_extend_strategy", "kSameAsRequested"},
      // Every run has one shape, so that convolutions are tried once. What is fastest may differ from run to run, and
      // with it the last bits of a score: the library's own rule does not.
      {"cudnn_conv_algo_search", settings.reproducible ? "HEURISTIC" : "EXHAUSTIVE"},
      {"cudnn_conv_use_max_workspace", "1"},
      {"do_copy_in_default_stream", "1"},
      {"enable_cuda_graph", flag(settings.cuda_graph)},
  };
  if (settings.memory_limit_bytes > 0)
    options.base.emplace_back("gpu_mem_limit", std::to_string(settings.memory_limit_bytes));
  options.newer = {{"use_tf32", flag(settings.tf32),
                    settings.tf32
                        ? "TF32 cannot be asked for: this ONNX Runtime leaves it to the CUDA libraries"
                        : "TF32 cannot be switched off: this ONNX Runtime leaves it to the CUDA libraries, which "
                          "use it on GPUs of compute capability 8.0 and newer"}};
  return options;
}

ProviderOptions tensorrt_options(const DeviceSettings& settings, const std::string& cache) {
  ProviderOptions options;
  options.base = {
      {"device_id", std::to_string(settings.ordinal)},
      {"trt_fp16_enable", flag(settings.fp16)},
      {"trt_engine_cache_enable", flag(!cache.empty())},
  };
  if (!cache.empty()) {
    options.base.emplace_back("trt_engine_cache_path", cache);
    options.base.emplace_back("trt_timing_cache_enable", "1");
    options.newer.push_back({"trt_timing_cache_path", cache, ""});  // before 1.16 it lies with the engines
  }
  return options;
}

std::optional<std::string> provider_failure(const OrtRuntime& runtime, const std::string& provider) {
  return provider == "cuda" ? failure_of(runtime, kCuda) : failure_of(runtime, kTensorRt);
}

void append_providers(const OrtRuntime& runtime, const DeviceSettings& settings, const std::string& cache,
                      ort::SessionOptions* session, DeviceReport& report) {
  const bool old = settings.stream != nullptr && !runtime.api().has(ort::kUpdateCUDAProviderOptionsWithValue);
  if (settings.provider == "tensorrt") {
    if (!settings.tf32)
      report.left_out.emplace_back(
          "TF32 cannot be switched off for TensorRT, which uses it on GPUs of compute capability "
          "8.0 and newer");
    if (old)
      append_old_tensorrt(runtime, settings, cache, session, report);
    else
      append(runtime, kTensorRt, tensorrt_options(settings, cache), settings.stream, session, report);
  }
  if (old)
    append_old_cuda(runtime, settings, session, report);
  else
    append(runtime, kCuda, cuda_options(settings), settings.stream, session, report);
}

}  // namespace microtome::infer
