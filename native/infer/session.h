// One loaded graph. run() may be called by any number of threads at once, each with its own slot: the session is
// shared, what a run changes is in the slot.
//
// Repeatability: the bytes of the outputs depend only on the bytes of the input block, its number of tiles and the
// session's options, not on the thread, the slot, or what else runs. Two things make that so. Work is split by the
// number of intra-op threads, which is fixed for the session. And the input always starts at a multiple of
// kInputAlignment: reductions of the runtime take their vector boundaries from the address. For the same reason a tile
// that lies in another row of the block may differ in its last bits, so each tile must always get the same row.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "infer/graph_info.h"
#include "infer/model.h"
#include "infer/model_file.h"
#include "infer/ort_runtime.h"

namespace microtome::infer {

class OrtSession final : public Model, public std::enable_shared_from_this<OrtSession> {
 public:
  // Makes a session of `graph`, the bytes of `path`, and of `weights`, and frees them; of the file itself where it has
  // no bytes. Throws as Model::load does.
  OrtSession(OrtRuntime& runtime, const std::string& path, GraphBytes graph, std::vector<NamedBytes> weights,
             const SessionOptions& options);

  // From version 1.21 on, a runtime that is given bytes can be told the folder of their weights.
  [[nodiscard]] static bool finds_weights_of_bytes(const OrtRuntime& runtime) noexcept;

  [[nodiscard]] const std::vector<TensorInfo>& inputs() const noexcept override { return inputs_; }
  [[nodiscard]] const std::vector<TensorInfo>& outputs() const noexcept override { return outputs_; }
  [[nodiscard]] std::unique_ptr<RunSlot> make_slot() override;
  void run(RunSlot& slot, const void* input, std::int64_t tiles, const preprocess::TensorFormat& how,
           const std::vector<std::string>& output_names, std::vector<std::vector<double>>& out,
           CancelToken& cancel) override;

 private:
  class Slot;
  class BoundOutputs;

  [[nodiscard]] ort::Handle<ort::Session> open(const GraphBytes& graph, const std::vector<NamedBytes>& weights,
                                               const SessionOptions& options) const;
  void give_weights(ort::SessionOptions* settings, const std::vector<NamedBytes>& weights) const;
  [[nodiscard]] std::optional<Failure> create(const GraphBytes& graph, ort::SessionOptions* settings,
                                              CancelToken* cancel, ort::Session** session) const;
  void require_output(const std::string& name, std::int64_t tiles) const;
  [[nodiscard]] ort::Handle<ort::Value> wrap_input(const void* input, std::size_t bytes, std::int64_t tiles,
                                                   const preprocess::TensorFormat& how) const;
  void execute(Slot& slot, CancelToken& cancel);
  void collect(const Slot& slot, std::int64_t tiles, const std::vector<std::string>& bound,
               const std::vector<std::string>& names, std::vector<std::vector<double>>& out) const;
  [[noreturn]] void fail_run(const Failure& failure) const;

  OrtRuntime& runtime_;
  std::string path_;
  OrtRuntime::LogRoute log_;  // outlives the session: releasing a session may log
  ort::Handle<ort::MemoryInfo> memory_;
  ort::Handle<ort::Session> session_;
  std::vector<TensorInfo> inputs_;
  std::vector<TensorInfo> outputs_;
};

}  // namespace microtome::infer
