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
#include <string>
#include <vector>

#include "infer/model.h"
#include "infer/ort_graph.h"

namespace microtome::infer {

class OrtSession final : public Model, public std::enable_shared_from_this<OrtSession> {
 public:
  explicit OrtSession(std::shared_ptr<const OrtGraph> graph);

  [[nodiscard]] const std::vector<TensorInfo>& inputs() const noexcept override { return graph_->inputs(); }
  [[nodiscard]] const std::vector<TensorInfo>& outputs() const noexcept override { return graph_->outputs(); }
  [[nodiscard]] std::unique_ptr<RunSlot> make_slot() override;
  void run(RunSlot& slot, const void* input, std::int64_t tiles, const preprocess::TensorFormat& how,
           const std::vector<std::string>& output_names, std::vector<std::vector<double>>& out,
           CancelToken& cancel) override;

 private:
  class Slot;

  void require_output(const std::string& name, std::int64_t tiles) const;
  void collect(Slot& slot, std::int64_t tiles, const std::vector<std::string>& bound,
               const std::vector<std::string>& names, std::vector<std::vector<double>>& out) const;

  std::shared_ptr<const OrtGraph> graph_;
};

}  // namespace microtome::infer
