#include "engine/model_runner.h"

#include <algorithm>
#include <utility>

#include "engine/output_columns.h"

namespace microtome::engine {
namespace {

class HostMemory final : public BatchMemory {
 public:
  explicit HostMemory(std::size_t bytes) : bytes_(bytes) {}
  [[nodiscard]] std::uint8_t* data() noexcept override { return bytes_.data(); }
  [[nodiscard]] std::size_t size() const noexcept override { return bytes_.size(); }

 private:
  LargeBytes bytes_;
};

std::int64_t fixed_rows(const infer::Model& model) {
  const auto& shape = model.inputs().front().shape;
  return !shape.empty() && shape.front() > 0 ? shape.front() : 0;
}

}  // namespace

std::int64_t ModelRunner::rows_of_a_batch(std::int64_t wanted, std::size_t /*row_bytes*/) const noexcept {
  const std::int64_t fixed = fixed_rows(*model_);
  return fixed > 0 ? fixed : std::max<std::int64_t>(wanted, 1);
}

bool ModelRunner::pads() const noexcept { return fixed_rows(*model_) > 0; }

std::int64_t ModelRunner::columns_of(const std::string& output) const noexcept {
  return declared_columns(model_->outputs(), output);
}

std::int64_t ModelRunner::token_columns_of(const std::string& output) const {
  if (const auto declared = declared_token_columns(model_->outputs(), output)) return *declared;
  std::scoped_lock lock(mutex_);
  const auto found = token_columns_.find(output);
  return found == token_columns_.end() ? 0 : found->second;
}

// What no declaration says, the first run tells.
void ModelRunner::learn(const std::vector<std::string>& outputs, const std::vector<std::int64_t>& token_columns) {
  for (std::size_t i = 0; i < outputs.size() && i < token_columns.size(); ++i) {
    const auto [known, is_new] = token_columns_.emplace(outputs[i], token_columns[i]);
    if (known->second != token_columns[i])
      throw Error(Code::OUTPUT_SHAPE, Stage::Infer,
                  "output \"" + outputs[i] + "\" changes its last side between runs: " + std::to_string(known->second) +
                      ", then " + std::to_string(token_columns[i]));
  }
}

std::unique_ptr<BatchMemory> ModelRunner::make_memory(std::size_t bytes) {
  try {
    return std::make_unique<HostMemory>(bytes);
  } catch (const std::bad_alloc&) {
    throw Error(Code::OUT_OF_MEMORY, Stage::Preprocess,
                "the system gave no memory for a batch of " + std::to_string(bytes) + " bytes");
  }
}

std::unique_ptr<infer::Model::RunSlot> ModelRunner::take_slot() {
  {
    std::scoped_lock lock(mutex_);
    if (!slots_.empty()) {
      auto slot = std::move(slots_.back());
      slots_.pop_back();
      return slot;
    }
  }
  return model_->make_slot();
}

void ModelRunner::run(Batch& batch, CancelToken& cancel) {
  batch.outputs.resize(batch.spec->outputs.size());
  for (auto& rows : batch.outputs) rows.clear();
  auto slot = take_slot();
  model_->run(*slot, batch.memory->data(), batch.rows, batch.spec->format, batch.spec->outputs, batch.outputs, cancel);
  std::scoped_lock lock(mutex_);
  learn(batch.spec->outputs, slot->token_columns);
  slots_.push_back(std::move(slot));
}

void ModelRunner::submit(Batch& batch, CancelToken& cancel, Done done) noexcept {
  try {
    run(batch, cancel);
  } catch (...) {
    batch.failure = std::current_exception();
  }
  done();
}

}  // namespace microtome::engine
