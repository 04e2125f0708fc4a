// The rows of one slide that somebody asked for: the columns that its heads read, and whole rows where per-tile outputs
// are wanted. Nothing else is kept.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/memory_budget.h"
#include "engine/score_request.h"
#include "engine/sink.h"

namespace microtome::engine {

class KeptOutputs final : public Sink {
 public:
  // `reserved_bytes` were reserved for it by the caller (kept_bytes() of engine/needs.h); what only the first run can
  // tell is reserved then. The request and the budget outlive it.
  KeptOutputs(const ScoreRequest& request, std::int64_t items, std::int64_t reserved_bytes, MemoryBudget& budget);

  // Checks that the values are finite and activates them, before it keeps them.
  void rows(std::size_t output, std::span<const std::uint32_t> items, std::span<double> values) override;

  // After the rows: the column that a head reads, one value for each item. Throws OUTPUT_SHAPE when there is none.
  [[nodiscard]] std::span<const double> column_of(const HeadRequest& head) const;
  // Whole rows, moved out; only where they were asked for.
  [[nodiscard]] std::vector<TileOutput> take_rows();

 private:
  struct Output {
    std::int64_t columns = 0;                  // of a row; 0 until the first one
    LargeDoubles rows;                         // items * columns, where whole rows are kept
    std::map<std::size_t, LargeDoubles> kept;  // the columns that heads read
  };

  void size(std::size_t output, std::int64_t columns);

  const ScoreRequest& request_;
  const std::int64_t items_;
  MemoryBudget& budget_;
  std::vector<MemoryBudget::Reservation> reserved_;
  std::int64_t unused_ = 0;  // of what the caller reserved
  std::mutex mutex_;         // while an output is sized
  std::vector<Output> outputs_;
};

// Values kept of each item of an output whose rows have `columns`.
[[nodiscard]] std::int64_t kept_columns(const ScoreRequest& request, std::size_t output, std::int64_t columns);

}  // namespace microtome::engine
