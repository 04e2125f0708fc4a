// One graph on one GPU. Workers fill pinned memory with 8-bit pixels; two threads of the runner do the rest, so that no
// worker ever waits for the device.
//
//   submit ─► waiting ─► [feed] copy in ─► kernel ─► graph ─► copy out ─► running ─► [collect] ─► Done
//                        copy stream       └────── compute stream ──────┘
//
// [feed] puts work on the streams. It waits for none of it, but for the first batch of a kind, with which the runtime
// tunes itself: the copy of one batch overlaps the run of the one before it. [collect] waits for the oldest run, turns
// its outputs into numbers and calls Done.
//
// All runs have one shape; rows that are not used are zeros. Where the device has too little memory, the shape is
// halved, the graph is loaded anew, and a batch that is larger runs in pieces; its owners are told. Where the device is
// lost, this batch and all later ones fail with DEVICE_LOST. The context of a lost device cannot be used again: a new
// runner for it needs a new process.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/cancel_token.h"
#include "engine/coded_input.h"
#include "engine/device_decode.h"
#include "engine/device_graphs.h"
#include "engine/device_plan.h"
#include "engine/device_rows.h"
#include "engine/runner.h"
#include "gpu/context.h"
#include "gpu/stream.h"

namespace microtome::engine {

class DeviceRunner final : public Runner {
 public:
  // Batches under way: two on the device, and those that workers fill or that wait to be handed out.
  static constexpr int kInFlight = 5;

  struct Options {
    std::int64_t rows = 0;                  // of a run; 0: usual_rows(), fewer of large tiles
    CancelToken* cancel = nullptr;          // ends the load; not kept
    std::size_t batch_bytes = kBatchBytes;  // of pinned memory for one batch: large tiles make batches of fewer rows
  };
  // Loads the graph, and runs it once on zeros where it declares how large a tile is. Throws what `load` and a run
  // throw, DEVICE_UNAVAILABLE where our kernels cannot be compiled, LIMIT_EXCEEDED for a batch that the graph fixes at
  // more than kMostRows, OUT_OF_MEMORY where one row is too many, DEVICE_LOST.
  DeviceRunner(std::shared_ptr<const gpu::Context> context, LoadDeviceGraph load, const Options& options);
  // Every batch is back by then.
  ~DeviceRunner() override;

  // Who decodes JPEG tiles; without it the CPU. Before the first batch.
  void decode_with(DeviceDecode decode) noexcept { decode_ = std::move(decode); }

  // What the owners of every batch should know. Before the first batch.
  void tell_owners(std::string note) { notes_.push_back(std::move(note)); }

  [[nodiscard]] const gpu::Context& context() const noexcept { return *context_; }
  // Of the graph as it was loaded first.
  [[nodiscard]] const std::vector<infer::TensorInfo>& inputs() const noexcept { return inputs_; }
  [[nodiscard]] const std::vector<infer::TensorInfo>& outputs() const noexcept { return outputs_; }
  [[nodiscard]] const infer::DeviceReport& report() const noexcept { return report_; }
  // Any thread.
  [[nodiscard]] bool is_lost() const noexcept { return is_lost_.load(std::memory_order_acquire); }
  [[nodiscard]] std::int64_t rows() const noexcept { return rows_.load(std::memory_order_relaxed); }

  [[nodiscard]] Traits traits() const noexcept override {
    return {.memory = MemoryKind::Pinned,
            .in_flight = kInFlight,
            .spans_jobs = true,
            .rows = RowKind::Pixels,
            .takes_jpeg = decode_.trial != nullptr,
            .insists_on_jpeg = decode_.trial != nullptr && decode_.trial->is_forced(),
            .clears_unused = true};
  }
  [[nodiscard]] std::int64_t rows_of_a_batch(std::int64_t wanted, std::size_t row_bytes) const noexcept override;
  [[nodiscard]] bool pads() const noexcept override { return true; }
  [[nodiscard]] std::int64_t columns_of(const std::string& output) const noexcept override;
  [[nodiscard]] std::int64_t token_columns_of(const std::string& output) const override;
  [[nodiscard]] bool wants_jpeg() const noexcept override { return decode_.trial && decode_.trial->wants_jpeg(); }
  [[nodiscard]] std::unique_ptr<BatchMemory> make_memory(std::size_t bytes) override;
  void submit(Batch& batch, CancelToken& cancel, Done done) noexcept override;
  void stop() noexcept override;

 private:
  // What one piece of a batch needs while it is on the device.
  struct Slot {
    explicit Slot(const std::shared_ptr<const gpu::Context>& context);
    gpu::DeviceBuffer pixels;
    std::unique_ptr<CodedInput> coded;  // made when needed
    std::vector<gpu::PinnedBuffer> outputs;
    gpu::Event copied, begun, done;
  };
  // A piece that is on the device, or the end of a batch that failed.
  struct Running {
    Batch* batch = nullptr;
    std::unique_ptr<Slot> slot;  // null: nothing to wait for
    std::vector<DeviceRows> outputs;
    std::int64_t rows = 0;  // of the piece that the batch wants
    std::exception_ptr failure;
    Done done;  // of the last piece
  };
  // One of it is a node, made where it may still fail: handing it on allocates nothing.
  using Pieces = std::list<Running>;
  struct Waiting {
    Batch* batch = nullptr;
    Done done;
    Pieces end;  // for the failure of the batch
  };

  void load_graph(CancelToken& cancel);
  void load_and_try(bool may_choose, CancelToken& cancel);
  void try_once(const preprocess::TensorFormat& format, CancelToken& cancel);
  [[nodiscard]] Error too_little_memory(const std::string& why) const;
  // [feed]
  void feed() noexcept;
  void feed_batch(Waiting waiting) noexcept;
  void feed_pieces(Batch& batch, Done& done);
  void feed_piece(Batch& batch, std::int64_t first, std::int64_t rows, Running& piece);
  [[nodiscard]] DevicePlan::MakeLaunch bring(Batch& batch, std::int64_t first, std::int64_t rows, Slot& slot);
  [[nodiscard]] DevicePlan::MakeLaunch bring_coded(Batch& batch, std::int64_t first, std::int64_t rows, Slot& slot);
  [[nodiscard]] DevicePlan& plan_for(const std::shared_ptr<const RunSpec>& spec);
  [[nodiscard]] std::unique_ptr<Slot> take_slot();
  void give_back(std::unique_ptr<Slot> slot);
  void wait_for_pieces();
  void settle() noexcept;
  void halve(Batch& batch);
  void shrink(std::int64_t rows);
  void hand_over(Pieces&& piece) noexcept;
  // [collect]
  void collect() noexcept;
  void collect_piece(Running& piece);
  void note_decode(Batch& batch);
  void learn(const Batch& batch, const std::vector<DeviceRows>& outputs);
  [[nodiscard]] bool note_loss(const std::exception_ptr& failure) noexcept;

  const std::shared_ptr<const gpu::Context> context_;
  const LoadDeviceGraph load_;
  DeviceDecode decode_;
  const gpu::Stream in_;
  const gpu::Stream work_;
  const DeviceKernels kernels_;
  std::shared_ptr<infer::DeviceGraph> graph_;       // [feed]
  std::vector<std::unique_ptr<DevicePlan>> plans_;  // [feed]
  std::vector<infer::TensorInfo> inputs_, outputs_;
  infer::DeviceReport report_;
  std::vector<std::string> notes_;
  CancelToken ending_;
  const std::size_t batch_bytes_;
  std::atomic<std::int64_t> rows_;
  std::atomic<bool> is_fixed_{false};  // rows_ is what the graph fixes
  std::atomic<bool> is_lost_{false};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Waiting> waiting_;
  Pieces running_;
  std::vector<std::unique_ptr<Slot>> slots_;  // that are free
  int pieces_out_ = 0;                        // handed over and not collected
  bool is_ending_ = false;
  bool is_fed_ = false;  // the feeder has ended
  std::exception_ptr loss_;
  std::map<std::string, std::int64_t> token_columns_;  // by output, as runs gave them
  std::thread feeder_;
  std::thread collector_;
};

}  // namespace microtome::engine
