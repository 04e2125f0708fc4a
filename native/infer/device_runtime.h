// The ONNX Runtime of the process that drives devices: its library opened from a private folder in which it finds its
// providers, what these need opened before them, and why a provider cannot be used. Opened by the first graph for a
// device, and kept for the life of the process. Any thread.
//
// A provider finds its runtime through a symbol that is visible to the whole process, so there can be one such runtime
// in a process: another one, of another package, is refused.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "infer/device_graph.h"
#include "infer/ort_runtime.h"

namespace microtome::infer {

class DeviceLibraries {
 public:
  // Throws RUNTIME_MISSING when the core cannot be opened, DEVICE_UNAVAILABLE when the process already has a runtime
  // with providers that is another one. A provider that cannot be opened is no error here.
  [[nodiscard]] static DeviceLibraries& get(const DeviceRuntime& files);

  DeviceLibraries(const DeviceLibraries&) = delete;
  DeviceLibraries& operator=(const DeviceLibraries&) = delete;

  [[nodiscard]] OrtRuntime& runtime() const noexcept { return *runtime_; }
  // "cuda" or "tensorrt". Throws DEVICE_UNAVAILABLE with the runtime's reason.
  void require(const std::string& provider) const;
  // No provider of it can be used: another one may take its place.
  [[nodiscard]] bool is_useless() const noexcept { return unusable_.size() == kProviders.size(); }
  // "10.3.0"; empty where none was opened, or it does not say.
  [[nodiscard]] const std::string& tensorrt_version() const noexcept { return tensorrt_version_; }

 private:
  static constexpr std::array kProviders{"cuda", "tensorrt"};

  explicit DeviceLibraries(const DeviceRuntime& files);
  void preload(const std::vector<std::string>& paths);
  void try_provider(const std::string& provider, const LibraryFolder& folder, const DeviceRuntime& files);

  OrtRuntime* runtime_ = nullptr;                // never destroyed
  std::vector<std::string> not_opened_;          // of what was to be opened before, with the loader's reason
  std::map<std::string, std::string> unusable_;  // provider: why
  std::string tensorrt_version_;
};

}  // namespace microtome::infer
