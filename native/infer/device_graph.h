// One loaded graph on one NVIDIA device: ONNX Runtime's CUDA or TensorRT provider, memory of the device, a stream of
// the caller. Everything here is called by one thread at a time, with the device's primary context current on it.
// A graph of a provider plug-in is no DeviceGraph: it takes host memory (Model::load with SessionOptions::plugin).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/cancel_token.h"
#include "core/device_handles.h"
#include "infer/model.h"

namespace microtome::infer {

// Which ONNX Runtime drives the device, and what it opens. Absolute paths; the search for them is the caller's.
struct DeviceRuntime {
  std::string core;                    // libonnxruntime.so, of a build that has the provider
  std::vector<std::string> providers;  // libonnxruntime_providers_shared.so, _cuda.so, _tensorrt.so of the same version
  std::vector<std::string> preload;    // what the providers need (libcudart, libcublasLt, ...), opened in this order

  friend bool operator==(const DeviceRuntime&, const DeviceRuntime&) = default;
};

struct DeviceSettings {
  DeviceRuntime runtime;
  std::string provider = "cuda";  // "cuda", or "tensorrt", which leaves what it cannot do to CUDA
  int ordinal = 0;                // of the device, as CUDA counts them
  // The caller's, of the device's primary context; it outlives the graph. All work is put on it.
  StreamHandle stream = nullptr;
  // Rows of every run where they are known: a free first side of the input is fixed to them, so that the runtime can
  // work out shapes when it loads. 0: any number.
  std::int64_t rows = 0;
  std::int64_t memory_limit_bytes = 0;  // of the runtime's own arena on the device; 0: none
  // Nodes that the device cannot run may run on the CPU. False: a graph that has any is refused.
  bool may_use_cpu = false;
  // Convolutions are chosen by rule and not by trial, so that a run on the same device gives the same bits again.
  // TensorRT chooses by trial in any case; with an engine cache it does so once.
  bool reproducible = false;
  bool tf32 = false;
  bool fp16 = false;         // TensorRT only: CUDA runs the types that the graph has
  bool cuda_graph = false;   // needs runtime 1.17; see DeviceReport::left_out
  std::string engine_cache;  // folder for what TensorRT built; empty: nothing is kept
  std::string device_key;    // GPU name, compute capability, driver: part of the cache's key
};

struct DeviceReport {
  std::string runtime_version;         // "1.29.0"
  std::string runtime_path;            // of the core
  std::vector<std::string> providers;  // in use, first choice first
  std::vector<std::string> left_out;   // options that this runtime does not know, one sentence each
  std::string engine_cache;            // folder of this graph's engines; empty: none
};

struct DeviceOutput {
  std::string name;
  DevicePointer memory = 0;
  std::size_t bytes = 0;
};

class DeviceGraph {
 public:
  // Throws as Model::load does, RUNTIME_MISSING where the core cannot be opened, DEVICE_UNAVAILABLE with the runtime's
  // own reason where its provider cannot be used, or where the graph has nodes that only the CPU can run and
  // may_use_cpu is false.
  [[nodiscard]] static std::shared_ptr<DeviceGraph> load(const ModelFiles& files, const SessionOptions& options,
                                                         const DeviceSettings& settings);
  virtual ~DeviceGraph() = default;

  [[nodiscard]] virtual const std::vector<TensorInfo>& inputs() const noexcept = 0;
  [[nodiscard]] virtual const std::vector<TensorInfo>& outputs() const noexcept = 0;
  [[nodiscard]] virtual const DeviceReport& report() const noexcept = 0;

  // Runs once on what `input` holds, and says the types and shapes of `outputs` for that many rows; the runtime tunes
  // itself meanwhile. Waits for the device. Throws as Model::run does, and as enqueue().
  [[nodiscard]] virtual std::vector<TensorInfo> try_run(DevicePointer input, std::int64_t rows,
                                                        const preprocess::TensorFormat& how,
                                                        const std::vector<std::string>& outputs,
                                                        CancelToken& cancel) = 0;

  // Fixed places of the input and of the outputs.
  class Binding {
   public:
    virtual ~Binding() = default;
    // Puts one run on the stream and does not wait for it: an event behind it says when the outputs are there. Throws
    // OUT_OF_MEMORY when the device has too little, DEVICE_LOST when it fails, CANCELLED, MODEL_INVALID,
    // MODEL_MISMATCH.
    virtual void enqueue(CancelToken& cancel) = 0;
  };
  // After a try_run() of the same rows, format and outputs. The memory stays the caller's, and in its place for as long
  // as the binding lives, and has just the bytes of each output. Throws MODEL_MISMATCH.
  [[nodiscard]] virtual std::unique_ptr<Binding> bind(DevicePointer input, std::int64_t rows,
                                                      const preprocess::TensorFormat& how,
                                                      const std::vector<DeviceOutput>& outputs) = 0;
};

}  // namespace microtome::infer
