// The third seam: one graph on one device.
#pragma once

#include <functional>
#include <memory>

#include "core/cancel_token.h"
#include "engine/batch.h"

namespace microtome::engine {

class Runner {
 public:
  struct Traits {
    MemoryKind memory = MemoryKind::Host;
    // Batches that may be under way at once. 0: submit() runs the batch on the calling thread, which is a worker's.
    int in_flight = 0;
    // Rows of several jobs may share a batch. False: every batch holds the rows of one job, and the same ones together
    // whatever else goes on.
    bool spans_jobs = false;
    // What it wants workers to write.
    RowKind rows = RowKind::Tensor;
    // It takes rows of RowKind::Coded too, where its wants_jpeg() says so. `insists`: and nobody may keep it from that.
    bool takes_jpeg = false;
    bool insists_on_jpeg = false;
    // It puts zeros into the rows behind Batch::used itself.
    bool clears_unused = false;
  };
  using Done = std::function<void()>;

  virtual ~Runner() = default;

  // Any thread. Only in_flight may change: less where a device was lost.
  [[nodiscard]] virtual Traits traits() const noexcept = 0;
  // Rows of one batch, each of `row_bytes`: what the graph fixes, else what the runner likes best, `wanted` if it does
  // not mind.
  [[nodiscard]] virtual std::int64_t rows_of_a_batch(std::int64_t wanted, std::size_t row_bytes) const noexcept = 0;
  // Whether rows_of_a_batch() is the only size: a short batch is then filled up with zeros.
  [[nodiscard]] virtual bool pads() const noexcept = 0;
  // Values in one row of an output; 0 where the graph does not say.
  [[nodiscard]] virtual std::int64_t columns_of(const std::string& output) const noexcept = 0;
  // Values of one token, where a row is a list of tokens; else those of the row. 0 where neither the graph nor a run
  // has told it yet.
  [[nodiscard]] virtual std::int64_t token_columns_of(const std::string& output) const { return columns_of(output); }

  // Whether coded rows that are filled now may be JPEG. Any thread.
  [[nodiscard]] virtual bool wants_jpeg() const noexcept { return false; }

  // Memory for one batch, of traits().memory. Throws OUT_OF_MEMORY.
  [[nodiscard]] virtual std::unique_ptr<BatchMemory> make_memory(std::size_t bytes) = 0;
  // Runs the batch: sets its outputs or its failure, then calls `done` once. An inline runner does so before it
  // returns, and ends the run when `cancel` is cancelled; others return at once, and call `done` on a thread of their
  // own, in any order. The batch lives until then. Does not throw.
  virtual void submit(Batch& batch, CancelToken& cancel, Done done) noexcept = 0;
  // Ends what is under way, however long it would take: batches that wait, and later ones, fail with CANCELLED. Any
  // thread. An inline runner has nothing under way that its callers cannot cancel.
  virtual void stop() noexcept {}
};

}  // namespace microtome::engine
