// A graph on the fake driver, without ONNX Runtime: [N, 3, S, S] of float32 to "means", the mean of each channel. Its
// runs are work on the stream of the runner, in memory of the device, like those of a real one.
#pragma once

#include <atomic>
#include <cstring>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/device_graphs.h"
#include "test/support/fake_driver.h"
#include "test/support/kernel_twin.h"

namespace microtome::test {

// What graphs of one test do, and what was done with them.
struct FakeGraphs {
  std::atomic<std::int64_t> most_rows{1 << 20};  // runs of more rows find no memory
  std::atomic<int> load_fails{0};                // the n-th load from now on, 1 the next, gives MODEL_INVALID
  std::atomic<int> load_lacks{0};                // so many loads from the second on find no memory
  std::atomic<int> run_fails{0};                 // the n-th run
  std::atomic<int> tuning_fails{0};              // the n-th try_run: DEVICE_UNAVAILABLE
  std::atomic<int> bind_fails{0};                // the n-th bind
  std::atomic<bool> tuning_lasts{false};         // a try_run goes on until it is cancelled
  std::promise<void> tuning_begun;               // then
  std::int64_t side_px = -1;                     // of the tiles, as it is declared; -1: free
  std::int64_t fixed_rows = 0;                   // of the graph; 0: as it is asked for
  std::vector<std::int64_t> row_shape{3};        // of the output, as it is declared and given
  std::int64_t ns_per_run = 0;                   // of the clock
  std::atomic<int> loads{0};
  std::atomic<int> runs{0};
  std::atomic<int> tunings{0};
};

class FakeDeviceGraph final : public infer::DeviceGraph {
 public:
  FakeDeviceGraph(std::shared_ptr<FakeGraphs> all, StreamHandle stream, std::int64_t rows)
      : all_(std::move(all)), stream_(stream) {
    const std::int64_t first = all_->fixed_rows > 0 ? all_->fixed_rows : rows;
    inputs_ = {{"pixels", "float32", {first, 3, all_->side_px, all_->side_px}}};
    outputs_ = {{"means", "float32", {first}}};
    outputs_[0].shape.insert(outputs_[0].shape.end(), all_->row_shape.begin(), all_->row_shape.end());
  }

  [[nodiscard]] const std::vector<infer::TensorInfo>& inputs() const noexcept override { return inputs_; }
  [[nodiscard]] const std::vector<infer::TensorInfo>& outputs() const noexcept override { return outputs_; }
  [[nodiscard]] const infer::DeviceReport& report() const noexcept override { return report_; }

  [[nodiscard]] std::vector<infer::TensorInfo> try_run(DevicePointer /*input*/, std::int64_t rows,
                                                       const preprocess::TensorFormat& /*how*/,
                                                       const std::vector<std::string>& outputs,
                                                       CancelToken& cancel) override {
    ++all_->tunings;
    if (all_->tuning_fails > 0 && --all_->tuning_fails == 0)
      throw Error(Code::DEVICE_UNAVAILABLE, Stage::Infer, "no kernel image");
    if (all_->tuning_lasts) {
      std::promise<void> ended;
      const CancelToken::Registration on_cancel(cancel, [&] { ended.set_value(); });
      all_->tuning_begun.set_value();
      ended.get_future().wait();
      cancel.check(Stage::Infer);
    }
    require_memory(rows);
    std::vector<infer::TensorInfo> infos;
    for (const std::string& name : outputs) {
      if (name != "means") throw Error(Code::MODEL_MISMATCH, Stage::Infer, "the graph has no output " + name);
      infos.push_back(outputs_[0]);
      infos.back().shape[0] = rows;
    }
    return infos;
  }

  class Run final : public Binding {
   public:
    Run(const FakeDeviceGraph& graph, DevicePointer input, std::int64_t rows, std::int64_t pixels, DevicePointer output)
        : graph_(graph), input_(input), rows_(rows), pixels_(pixels), output_(output) {}

    void enqueue(CancelToken& cancel) override {
      cancel.check(Stage::Infer);
      FakeGraphs& all = *graph_.all_;
      ++all.runs;
      graph_.require_memory(rows_);
      if (all.run_fails > 0 && --all.run_fails == 0)
        throw Error(Code::MODEL_INVALID, Stage::Infer, "the run failed, as it was told to");
      const int status =
          FakeDriver::enqueue(graph_.stream_, [](void* of) { static_cast<Run*>(of)->compute(); }, this, all.ns_per_run);
      if (status != 0) throw Error(Code::DEVICE_LOST, Stage::Infer, "the device took no work");
    }

   private:
    void compute() const {
      const auto* const in = static_cast<const float*>(FakeDriver::view(input_));
      auto* const out = static_cast<float*>(FakeDriver::view(output_));
      if (in == nullptr || out == nullptr) return;
      const auto columns = static_cast<std::size_t>(graph_.columns());
      for (std::int64_t row = 0; row < rows_; ++row)
        for (std::size_t column = 0; column < columns; ++column) {
          const float* plane = in + static_cast<std::size_t>(row * 3) * static_cast<std::size_t>(pixels_) +
                               (column % 3) * static_cast<std::size_t>(pixels_);
          double sum = 0;
          for (std::int64_t i = 0; i < pixels_; ++i) sum += static_cast<double>(plane[i]);
          out[static_cast<std::size_t>(row) * columns + column] =
              static_cast<float>(sum / static_cast<double>(pixels_));
        }
    }

    const FakeDeviceGraph& graph_;
    const DevicePointer input_;
    const std::int64_t rows_, pixels_;
    const DevicePointer output_;
  };

  [[nodiscard]] std::unique_ptr<Binding> bind(DevicePointer input, std::int64_t rows,
                                              const preprocess::TensorFormat& how,
                                              const std::vector<infer::DeviceOutput>& outputs) override {
    if (all_->bind_fails > 0 && --all_->bind_fails == 0)
      throw Error(Code::MODEL_MISMATCH, Stage::Infer, "the output is refused, as it was told to be");
    if (outputs.size() != 1 || outputs[0].bytes != static_cast<std::size_t>(rows * columns()) * sizeof(float))
      throw Error(Code::OUTPUT_SHAPE, Stage::Infer, "another number of bytes");
    return std::make_unique<Run>(*this, input, rows, how.size_px * how.size_px, outputs[0].memory);
  }

 private:
  void require_memory(std::int64_t rows) const {
    if (rows > all_->most_rows) throw Error(Code::OUT_OF_MEMORY, Stage::Infer, "too little memory for the run");
  }
  [[nodiscard]] std::int64_t columns() const {
    std::int64_t columns = 1;
    for (const std::int64_t side : all_->row_shape) columns *= side;
    return columns;
  }

  const std::shared_ptr<FakeGraphs> all_;
  const StreamHandle stream_;
  std::vector<infer::TensorInfo> inputs_, outputs_;
  infer::DeviceReport report_{
      .runtime_version = "fake", .runtime_path = "", .providers = {"fake"}, .left_out = {}, .engine_cache = ""};
};

inline engine::LoadDeviceGraph fake_graphs(std::shared_ptr<FakeGraphs> all) {
  return [all = std::move(all)](StreamHandle stream, std::int64_t rows, CancelToken& cancel) {
    cancel.check(Stage::Infer);
    if (++all->loads > 1 && all->load_lacks > 0) {
      --all->load_lacks;
      throw Error(Code::OUT_OF_MEMORY, Stage::Infer, "too little memory for the load");
    }
    if (all->load_fails > 0 && --all->load_fails == 0)
      throw Error(Code::MODEL_INVALID, Stage::Infer, "the load failed, as it was told to");
    return std::make_shared<FakeDeviceGraph>(all, stream, rows);
  };
}

// The tile kernels, compiled as plain C++, in the place of those that the driver would compile.
inline bool run_twin(const char* name, const unsigned* grid, const unsigned* block, void** parameters) {
  return twin_launch(name, {{grid[0], grid[1], grid[2]}, {block[0], block[1], block[2]}}, parameters);
}

}  // namespace microtome::test
