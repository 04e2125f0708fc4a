// The CPU: runs a graph on the worker that filled the batch, with one thread. A graph with a dynamic batch axis sees
// kReproducibleRows rows of one job at a time, the same ones together whatever else goes on, so that a tile's outputs
// depend on nothing but the tile.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/runner.h"
#include "infer/model.h"

namespace microtome::engine {

// Not 1: attention kernels take another path there. Not large: the rows should stay in the caches, and the last run of
// a slide is padded.
inline constexpr std::int64_t kReproducibleRows = 4;

class ModelRunner final : public Runner {
 public:
  explicit ModelRunner(std::shared_ptr<infer::Model> model) : model_(std::move(model)) {}

  [[nodiscard]] const infer::Model& model() const noexcept { return *model_; }

  [[nodiscard]] Traits traits() const noexcept override { return {}; }
  [[nodiscard]] std::int64_t rows_of_a_batch(std::int64_t wanted, std::size_t /*row_bytes*/) const noexcept override;
  [[nodiscard]] bool pads() const noexcept override;
  [[nodiscard]] std::int64_t columns_of(const std::string& output) const noexcept override;
  [[nodiscard]] std::int64_t token_columns_of(const std::string& output) const override;
  [[nodiscard]] std::unique_ptr<BatchMemory> make_memory(std::size_t bytes) override;
  void submit(Batch& batch, CancelToken& cancel, Done done) noexcept override;

 private:
  std::unique_ptr<infer::Model::RunSlot> take_slot();
  void run(Batch& batch, CancelToken& cancel);
  void learn(const std::vector<std::string>& outputs, const std::vector<std::int64_t>& token_columns);

  const std::shared_ptr<infer::Model> model_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<infer::Model::RunSlot>> slots_;  // that wait to be used again
  std::map<std::string, std::int64_t> token_columns_;          // by output, as the first run gave them; 0: no tokens
};

}  // namespace microtome::engine
