// How a DeviceRunner comes to the rows of its runs: what the graph fixes, else what tiles and the device's memory leave
// room for.
#include <algorithm>

#include "engine/device_rows.h"
#include "engine/device_runner.h"
#include "infer/typed_values.h"

namespace microtome::engine {
namespace {

// False: there is too little memory for it.
template <typename Work>
bool fits(const Work& work) {
  try {
    work();
    return true;
  } catch (const Error& error) {
    if (error.code() != Code::OUT_OF_MEMORY) throw;
    return false;
  }
}

}  // namespace

void DeviceRunner::load_graph(CancelToken& cancel) {
  const auto scope = context_->enter();
  plans_.clear();
  graph_.reset();
  graph_ = load_(work_.handle(), rows_, cancel);
}

// What cannot run here says so before the first slide. `may_choose`: fewer rows where tiles are large.
void DeviceRunner::load_and_try(bool may_choose, CancelToken& cancel) {
  for (std::int64_t refused = 0;;) {
    const std::int64_t asked = rows_;
    if (fits([&] { load_graph(cancel); })) {
      // A graph that fixes its batch has it, whatever was asked for.
      const std::int64_t fixed = fixed_rows(graph_->inputs());
      is_fixed_ = fixed > 0 && fixed != asked;
      if (is_fixed_) rows_ = fixed;
      if (rows_ == refused) throw too_little_memory(", which the model fixes");
      const auto format = declared_format(graph_->inputs());
      if (!format) return;
      const auto side = static_cast<std::size_t>(format->size_px);
      const std::int64_t room = rows_of_batch_bytes(3 * side * side, batch_bytes_);
      if (may_choose && !is_fixed_ && room < rows_) {
        rows_ = room;
        continue;
      }
      if (fits([&] { try_once(*format, cancel); })) return;
      refused = rows_;
    }
    if (rows_ == 1) throw too_little_memory("");
    rows_ = rows_ / 2;
  }
}

// A library or a kernel that is missing shows when something runs.
void DeviceRunner::try_once(const preprocess::TensorFormat& format, CancelToken& cancel) {
  const auto& outputs = graph_->outputs();
  const auto output = std::ranges::find_if(outputs, [](const auto& one) { return infer::element_bytes(one.type) > 0; });
  if (output == outputs.end()) return;
  const auto scope = context_->enter();
  const gpu::DeviceBuffer zeros(context_, static_cast<std::size_t>(rows_) * format.bytes_per_tile());
  work_.fill(zeros.address(), 0, zeros.size());
  // Filled by then, so that it may be freed whatever the run does.
  work_.synchronize();
  (void)graph_->try_run(zeros.address(), rows_, format, {output->name}, cancel);
}

Error DeviceRunner::too_little_memory(const std::string& why) const {
  return {Code::OUT_OF_MEMORY, Stage::Infer,
          context_->label() + " has too little memory for a batch of " + std::to_string(rows()) + " tiles" + why,
          "use a GPU with more memory, or end what else uses its memory"};
}

// Loads the graph for `rows` rows, or for as many fewer as the device has memory for. What runs is let run first: it
// has memory of the plans that go.
void DeviceRunner::shrink(std::int64_t rows) {
  wait_for_pieces();
  settle();
  plans_.clear();
  for (const auto& slot : slots_) {
    slot->pixels = {};
    slot->coded.reset();
  }
  rows_ = rows;
  while (!fits([&] { load_graph(ending_); })) {
    if (rows_ == 1) throw too_little_memory("");
    rows_ = rows_ / 2;
  }
}

// Throws OUT_OF_MEMORY where there is nothing to halve.
void DeviceRunner::halve(Batch& batch) {
  const std::int64_t before = rows_;
  if (before == 1) {
    wait_for_pieces();
    settle();
    throw too_little_memory("");
  }
  shrink(before / 2);
  if (const std::int64_t fixed = fixed_rows(graph_->inputs()); fixed > 0 && fixed != rows_) {
    rows_ = fixed;
    throw too_little_memory(", which the model fixes");
  }
  batch.notes.push_back(context_->label() + " had too little memory for batches of " + std::to_string(before) +
                        " tiles: it went on with " + std::to_string(rows()));
}

}  // namespace microtome::engine
