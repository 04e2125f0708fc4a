// The folder that TensorRT's engines of one graph are kept in. An engine is right for one GPU, one driver, one version
// of TensorRT, one graph and one precision: each set of these has a folder of its own, so that none is ever found by
// another.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace microtome::infer {

struct EngineKey {
  std::string device;                     // GPU name, compute capability, driver
  std::string tensorrt_version;           // "10.3.0"
  std::string runtime_version;            // of ONNX Runtime: it decides which parts of the graph become engines
  std::vector<std::string> model_sha256;  // of the graph, then of its files of weights
  bool fp16 = false;
  std::int64_t rows = 0;  // see DeviceSettings
};

// Name of the folder: the versions to read, then a hash of the whole key.
[[nodiscard]] std::string engine_folder_name(const EngineKey& key);

// Makes the folder, for this user alone. Empty where it cannot be made.
[[nodiscard]] std::string make_engine_folder(const std::string& cache, const EngineKey& key);

}  // namespace microtome::infer
