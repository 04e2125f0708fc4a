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
#include "infer/ort_runtime.h"

namespace microtome::infer {

class OrtSession final : public Model, public std::enable_shared_from_this<OrtSession> {
 public:
  // Opens `path`; the file has been looked at. Throws as Model::load does.
  OrtSession(OrtRuntime& runtime, const std::string& path, const SessionOptions& options);

  [[nodiscard]] const std::vector<TensorInfo>& inputs() const noexcept override { return inputs_; }
  [[nodiscard]] const std::vector<TensorInfo>& outputs() const noexcept override { return outputs_; }
  [[nodiscard]] std::unique_ptr<RunSlot> make_slot() override;
  void run(RunSlot& slot, const void* input, std::int64_t tiles, const preprocess::TensorFormat& how,
           const std::vector<std::string>& output_names, std::vector<std::vector<double>>& out,
           CancelToken& cancel) override;

 private:
  class Slot;
  class BoundOutputs;

  [[nodiscard]] ort::Handle<ort::Session> open(const std::string& path, const SessionOptions& options) const;
  [[nodiscard]] std::optional<Failure> create(const std::string& path, ort::SessionOptions* settings,
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
