// Graphs on the stand-in of ONNX Runtime: a program that includes this holds its state.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "infer/device_graph.h"
#include "test/check.h"
#include "test/fake/onnxruntime/fake_onnxruntime.h"
#include "test/support/host_device.h"
#include "test/support/models.h"

MICROTOME_FAKE_ONNXRUNTIME

namespace microtome::test {

inline FakeOnnxRuntime& fake() { return *microtome_fake_onnxruntime(); }

inline void* const kStream = reinterpret_cast<void*>(0x51);

// As found by a caller; the providers' files are never opened by the stand-in.
inline infer::DeviceRuntime runtime_files() {
  return {.core = MICROTOME_FAKE_ORT,
          .providers = {"/nowhere/libonnxruntime_providers_shared.so", "/nowhere/libonnxruntime_providers_cuda.so"},
          .preload = {MICROTOME_FAKE_NVINFER}};
}

inline infer::DeviceSettings settings_of(const std::string& provider = "cuda") {
  infer::DeviceSettings settings;
  settings.runtime = runtime_files();
  settings.provider = provider;
  settings.stream = kStream;
  return settings;
}

// What the runtime was asked while `work` ran.
template <typename Work>
std::vector<std::string> calls_of(Work&& work) {
  fake().calls.clear();
  work();
  return fake().calls;
}

inline std::string lines(const std::vector<std::string>& all) {
  std::string text;
  for (const auto& one : all) text += one + "\n";
  return text;
}

template <typename Work>
std::string message_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

inline std::shared_ptr<infer::DeviceGraph> load_on_device(const std::string& path,
                                                          const infer::DeviceSettings& settings,
                                                          const infer::SessionOptions& options = {}) {
  return infer::DeviceGraph::load({.graph = {.path = path, .sha256 = ""}, .weights = {}}, options, settings);
}

}  // namespace microtome::test
