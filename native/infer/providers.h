// ONNX Runtime's CUDA and TensorRT providers: which options they get, and in which order they are put into a session.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "infer/device_graph.h"
#include "infer/ort_runtime.h"

namespace microtome::infer {

// Options of one provider by its own names, all sent in one call: a second call would set those of the first back to
// their defaults.
struct ProviderOptions {
  using List = std::vector<std::pair<std::string, std::string>>;
  List base;  // known to every version since 1.14
  // Left out where the runtime does not know them. `loss` is what the user is then told; empty: nothing is lost.
  struct Newer {
    std::string key;
    std::string value;
    std::string loss;
  };
  std::vector<Newer> newer;
};
[[nodiscard]] ProviderOptions cuda_options(const DeviceSettings& settings);
// `cache` is the folder of this graph's engines; empty: they are not kept.
[[nodiscard]] ProviderOptions tensorrt_options(const DeviceSettings& settings, const std::string& cache);

// Opens "cuda" or "tensorrt" of the runtime. Absent: it can be used. Else the runtime's reason.
[[nodiscard]] std::optional<std::string> provider_failure(const OrtRuntime& runtime, const std::string& provider);

// Puts TensorRT, if asked for, and CUDA into a session's options; the CPU's provider is behind them by itself. What the
// runtime does not know is left out and said in `report`. Throws DEVICE_UNAVAILABLE with the runtime's reason.
void append_providers(const OrtRuntime& runtime, const DeviceSettings& settings, const std::string& cache,
                      ort::SessionOptions* session, DeviceReport& report);

}  // namespace microtome::infer
