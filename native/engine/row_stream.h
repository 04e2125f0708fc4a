// Rows of encoders on their way to a consumer that may be slower than the workers. What is on the way has a fixed part
// of the memory, the window: where it is full, the job offers no more tiles to work on until the consumer has let go of
// some rows. A worker never waits for the consumer.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "core/memory_budget.h"
#include "engine/crew.h"
#include "engine/row_request.h"
#include "engine/score_request.h"

namespace microtome::engine {

class WorkerPool;

// What is known of the rows before the first of them.
struct RowNeeds {
  std::vector<std::int64_t> columns;  // by ScoreRequest::rows, after pooling; 0 where only the first run tells
  std::int64_t run_rows = 1;          // tiles whose rows come at once
  std::int64_t tiles = 0;             // of the plans that rows come of, together

  // Bytes of the rows of one tile; 0 where that is not known.
  [[nodiscard]] std::int64_t tile_bytes() const noexcept;
};
// A share of the limit; at least the rows of one run, no more than those of all tiles. 0: no rows are asked for.
[[nodiscard]] std::int64_t row_window_bytes(const RowNeeds& needs, std::int64_t memory_limit) noexcept;
// Of the places in a RowPlan.
[[nodiscard]] std::int64_t row_plan_bytes(const RowNeeds& needs) noexcept;

class RowStream : public std::enable_shared_from_this<RowStream> {
 public:
  // `window_bytes` are reserved by the job until end(). `request` outlives end().
  RowStream(const ScoreRequest& request, RowNeeds needs, std::int64_t window_bytes, RowCallbacks callbacks,
            std::shared_ptr<Crew> crew, std::weak_ptr<WorkerPool> pool);

  // Any worker: the tiles that an input's rows will come of. Before its first row.
  void plan(std::size_t row, RowPlan plan);

  // The job, under the pool's mutex. How many tiles may be claimed now. At least one where nothing is on the way, so
  // that there is always something that goes on.
  [[nodiscard]] std::int64_t room_tiles() const;
  void claimed(std::int64_t tiles);
  // All rows of so many claimed tiles have come, or will never come.
  void claim_ended(std::int64_t tiles);
  // The consumer has let go of everything.
  [[nodiscard]] bool is_idle() const;
  // Also nothing is claimed that would bring more.
  [[nodiscard]] bool is_still() const;

  // Any worker: hands over rows of one output, which are finite and not activated yet. A row has tokens of
  // `token_columns` values each. Throws OUTPUT_SHAPE, OUTPUT_NOT_FINITE, LIMIT_EXCEEDED.
  void take(std::size_t encoder, std::size_t output, std::span<const std::uint32_t> items,
            std::span<const double> values, std::size_t token_columns);
  // Nothing more is handed over. Blocks that the consumer still has stay valid.
  void end();

 private:
  // The memory of a block.
  struct Lent;

  [[nodiscard]] RowBlock block_of(std::size_t row, std::span<const std::uint32_t> items, std::span<const double> values,
                                  std::size_t token_columns);
  void learn(std::size_t row, std::int64_t columns);
  void came_back(std::int64_t bytes);
  [[nodiscard]] const OutputRequest& output_of(std::size_t row) const;

  const ScoreRequest* request_;
  const std::shared_ptr<Crew> crew_;
  const std::weak_ptr<WorkerPool> pool_;

  // Taken after the pool's mutex, never before it; nobody is called with it.
  mutable std::mutex mutex_;
  RowCallbacks callbacks_;
  RowNeeds needs_;
  std::int64_t window_bytes_;
  MemoryBudget::Reservation more_;  // rows turned out to be longer than the window
  std::int64_t claimed_tiles_ = 0;
  std::int64_t out_bytes_ = 0;  // of blocks that have not come back
};

}  // namespace microtome::engine
