#include "engine/model_runner.h"

#include <algorithm>
#include <utility>

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

std::int64_t ModelRunner::rows_of_a_batch(std::int64_t wanted) const noexcept {
  const std::int64_t fixed = fixed_rows(*model_);
  return fixed > 0 ? fixed : std::max<std::int64_t>(wanted, 1);
}

bool ModelRunner::pads() const noexcept { return fixed_rows(*model_) > 0; }

std::int64_t ModelRunner::columns_of(const std::string& output) const noexcept {
  for (const infer::TensorInfo& info : model_->outputs()) {
    if (info.name != output || info.shape.empty()) continue;
    std::int64_t columns = 1;
    for (std::size_t i = 1; i < info.shape.size(); ++i) {
      if (info.shape[i] < 1 || __builtin_mul_overflow(columns, info.shape[i], &columns)) return 0;
    }
    return columns;
  }
  return 0;
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
