// Where the graphs of an engine run, as the caller asked for it, and the libraries that this needs. JavaScript has
// looked for the libraries: every path is absolute, and is opened as it is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace microtome::engine {

enum class DeviceKind : std::uint8_t { Cpu, Cuda, TensorRt, Plugin };

// Who decodes the JPEG tiles of a batch that a GPU runs.
enum class GpuDecode : std::uint8_t { Auto, Cpu, Nvjpeg };

struct DeviceRequest {
  DeviceKind kind = DeviceKind::Cpu;
  // GPUs by the number that the driver gives them; at least one where `kind` is Cuda or TensorRt, else none.
  std::vector<int> ordinals;
  // Convolutions are chosen by rule, so that a run on the same kind of GPU gives the same bits again.
  bool reproducible = true;
  bool tf32 = false;
  bool fp16 = false;
  bool cuda_graph = false;
  GpuDecode decode = GpuDecode::Auto;
  std::int64_t memory_limit_bytes = 0;  // of ONNX Runtime on each GPU; 0: none
  std::string engine_cache;             // a folder; empty: engines are not kept

  std::string driver;   // libcuda.so.1; empty: the loader looks for it
  std::string nvjpeg;   // empty: none was found
  std::string runtime;  // the libonnxruntime that has the provider
  // The provider and libonnxruntime_providers_shared.so. They may lie in other folders than the runtime.
  std::vector<std::string> provider_files;
  // What the provider needs, each after what it needs itself.
  std::vector<std::string> preload;

  std::string plugin_name;  // as the caller calls it, without `plugin:`
  std::string plugin_path;
};

// `cuda` and the like, for messages.
[[nodiscard]] constexpr const char* name_of(DeviceKind kind) noexcept {
  switch (kind) {
    case DeviceKind::Cpu:
      return "cpu";
    case DeviceKind::Cuda:
      return "cuda";
    case DeviceKind::TensorRt:
      return "tensorrt";
    case DeviceKind::Plugin:
      return "plugin";
  }
  return "cpu";
}

}  // namespace microtome::engine
