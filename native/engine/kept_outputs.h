// What is kept of one encoder's outputs while its tiles run: the columns that heads and rules read, and all rows where
// the caller wants them. Nothing else.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <vector>

#include "core/large_memory.h"
#include "core/memory_budget.h"
#include "engine/score_request.h"
#include "engine/sink.h"

namespace microtome::engine {

// What is read of one output.
struct OutputUse {
  std::set<std::size_t> columns;  // by heads and rules
  bool rows = false;              // whole rows, by the caller
  bool features = false;          // whole rows in single precision, by head graphs

  // Bytes kept of one item whose row has `columns`.
  [[nodiscard]] std::int64_t bytes(std::int64_t row_columns) const noexcept;
};
// Of each output of an encoder.
[[nodiscard]] std::vector<OutputUse> uses_of(const ScoreRequest& request, std::size_t encoder);

class KeptOutputs final : public Sink {
 public:
  // `reserved_bytes`: what the caller has reserved for it; more is reserved when the rows turn out to be longer than it
  // was known. `encoder` and `budget` outlive it.
  KeptOutputs(const EncoderRequest& encoder, std::vector<OutputUse> uses, std::int64_t items,
              std::int64_t reserved_bytes, MemoryBudget& budget);

  // Values that are finite and activated.
  void rows(std::size_t output, std::span<const std::uint32_t> items, std::span<double> values) override;

  [[nodiscard]] std::int64_t items() const noexcept { return items_; }
  [[nodiscard]] std::int64_t columns(std::size_t output) const noexcept { return outputs_[output].columns; }
  // After the rows: a column that was asked for, one value for each item. Throws OUTPUT_SHAPE naming `who` when the
  // rows are shorter.
  [[nodiscard]] std::span<const double> column(std::size_t output, std::size_t column, const std::string& who) const;
  // Whole rows, items * columns, in single precision, where head graphs read them.
  [[nodiscard]] std::span<const float> features(std::size_t output) const noexcept { return outputs_[output].features; }
  // Whole rows, items * columns, where they were asked for.
  [[nodiscard]] LargeDoubles take_all(std::size_t output) noexcept { return std::move(outputs_[output].rows); }

 private:
  struct Output {
    std::int64_t columns = 0;                  // of a row; 0 until the first one
    LargeDoubles rows;                         // items * columns, where whole rows are wanted
    LargeFloats features;                      // the same, where head graphs read them
    std::map<std::size_t, LargeDoubles> kept;  // the columns that are read
  };

  void size(std::size_t output, std::int64_t columns);

  const EncoderRequest& encoder_;
  const std::vector<OutputUse> uses_;
  const std::int64_t items_;
  MemoryBudget& budget_;
  std::vector<MemoryBudget::Reservation> reserved_;
  std::int64_t unused_ = 0;  // of what the caller reserved
  std::mutex mutex_;         // while an output is sized
  std::vector<Output> outputs_;
};

}  // namespace microtome::engine
