// One loaded graph of ONNX Runtime, whatever it is used for: loading, binding, running. Any thread; what a run changes
// is in its binding.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "infer/model.h"
#include "infer/model_file.h"
#include "infer/ort_runtime.h"

namespace microtome::infer {

// One tensor that a run gave.
struct TensorView {
  ort::ElementType type = ort::ElementType::Undefined;  // numeric
  std::vector<std::int64_t> shape;
  const void* data = nullptr;  // owned by the value
};
// Throws MODEL_MISMATCH for what is not a tensor of numbers.
[[nodiscard]] TensorView view_of(const OrtRuntime& runtime, ort::Value* value, const std::string& name);

[[nodiscard]] ort::Handle<ort::RunOptions> make_run_options(const OrtRuntime& runtime);

// nullptr: there is none of that name.
[[nodiscard]] const TensorInfo* find_named(const std::vector<TensorInfo>& infos, const std::string& name) noexcept;
// The same, for an output. Throws MODEL_MISMATCH.
[[nodiscard]] const TensorInfo& require_output_named(const std::vector<TensorInfo>& outputs, const std::string& name);

// What a session gets beside its options: providers.
using SessionSetup = std::function<void(ort::SessionOptions*)>;
// The same, made when the bytes of the graph are known.
using MakeSetup = std::function<SessionSetup(const GraphBytes&)>;

class OrtGraph {
 public:
  // As Model::load says.
  [[nodiscard]] static std::shared_ptr<const OrtGraph> load(const ModelFiles& files, const SessionOptions& options);
  [[nodiscard]] static std::shared_ptr<const OrtGraph> load(const ModelFiles& files, const SessionOptions& options,
                                                            OrtRuntime& runtime, const MakeSetup& make_setup);

  // Makes a session of `graph`, the bytes of `path`, and of `weights`, and frees them; of the file itself where it has
  // no bytes. Throws as Model::load does.
  OrtGraph(OrtRuntime& runtime, const std::string& path, GraphBytes graph, std::vector<NamedBytes> weights,
           const SessionOptions& options, const SessionSetup& setup);

  [[nodiscard]] const OrtRuntime& runtime() const noexcept { return runtime_; }
  [[nodiscard]] const std::vector<TensorInfo>& inputs() const noexcept { return inputs_; }
  [[nodiscard]] const std::vector<TensorInfo>& outputs() const noexcept { return outputs_; }

  // Released before the graph.
  [[nodiscard]] ort::Handle<ort::IoBinding> make_binding() const;

  // Runs what `binding` holds. Throws as Bound::run does.
  void run(ort::RunOptions* options, const ort::IoBinding* binding, CancelToken& cancel) const;

  // What a binding holds for one run: inputs and outputs that are let go of at its end, whatever happens.
  class Bound {
   public:
    Bound(const OrtGraph& graph, ort::IoBinding* binding) : graph_(graph), binding_(binding) {}
    ~Bound();
    Bound(const Bound&) = delete;
    Bound& operator=(const Bound&) = delete;

    // `data` is used where it lies until the end of the run.
    void input(const std::string& name, const void* data, std::size_t bytes, const std::vector<std::int64_t>& shape,
               ort::ElementType type);
    void output(const std::string& name);
    // Throws OUT_OF_MEMORY, CANCELLED, DEVICE_LOST, MODEL_INVALID when the graph cannot be run, MODEL_MISMATCH for any
    // other failure.
    void run(CancelToken& cancel);
    [[nodiscard]] const ort::IoBinding* binding() const noexcept { return binding_; }

   private:
    const OrtGraph& graph_;
    ort::IoBinding* binding_;
    std::vector<ort::Handle<ort::Value>> values_;
  };

  // The values of the bound outputs in the order they were bound, released together.
  class BoundOutputs {
   public:
    BoundOutputs(const OrtRuntime& runtime, const ort::IoBinding* binding);
    ~BoundOutputs();
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

 private:
  [[nodiscard]] ort::Handle<ort::Session> open(const GraphBytes& graph, const std::vector<NamedBytes>& weights,
                                               const SessionOptions& options, const SessionSetup& setup) const;
  void give_weights(ort::SessionOptions* settings, const std::vector<NamedBytes>& weights) const;
  [[nodiscard]] std::optional<Failure> create(const GraphBytes& graph, ort::SessionOptions* settings,
                                              CancelToken* cancel, ort::Session** session) const;
  // From version 1.21 on, a runtime that is given bytes can be told the folder of their weights.
  [[nodiscard]] static bool finds_weights_of_bytes(const OrtRuntime& runtime) noexcept;

  OrtRuntime& runtime_;
  std::string path_;
  OrtRuntime::LogRoute log_;  // outlives the session: releasing a session may log
  ort::Handle<ort::MemoryInfo> memory_;
  ort::Handle<ort::Session> session_;
  std::vector<TensorInfo> inputs_;
  std::vector<TensorInfo> outputs_;
};

}  // namespace microtome::infer
