#include "engine/row_stream.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "engine/worker_pool.h"

namespace microtome::engine {
namespace {

// Of the memory limit: enough that a consumer which writes to a disk seldom holds the workers up.
constexpr std::int64_t kWindowShare = 8;
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 4;

std::int64_t product(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t result = 0;
  return __builtin_mul_overflow(a, b, &result) ? kMost : std::min(result, kMost);
}

void append_floats(std::span<const double> values, LargeFloats& out, const std::string& output_name) {
  bool fits = true;
  out.reserve(values.size());
  for (const double value : values) {
    const auto narrowed = static_cast<float>(value);
    fits = fits && std::isfinite(narrowed);
    out.push_back(narrowed);
  }
  if (!fits)
    throw Error(Code::OUTPUT_NOT_FINITE, Stage::Aggregate,
                "a value of output \"" + output_name + "\" is beyond the numbers that float32 has");
}

}  // namespace

std::int64_t RowNeeds::tile_bytes() const noexcept {
  std::int64_t bytes = 0;
  for (const std::int64_t each : columns) {
    if (each == 0) return 0;
    bytes = std::min(bytes + product(each, sizeof(float)), kMost);
  }
  return bytes;
}

std::int64_t row_window_bytes(const RowNeeds& needs, std::int64_t memory_limit) noexcept {
  if (needs.columns.empty()) return 0;
  const std::int64_t of_tile = needs.tile_bytes();
  const std::int64_t share = memory_limit / kWindowShare;
  if (of_tile == 0) return share;
  return std::max(std::min(share, product(of_tile, needs.tiles)), product(of_tile, needs.run_rows));
}

std::int64_t row_plan_bytes(const RowNeeds& needs) noexcept {
  return needs.columns.empty() ? 0 : product(needs.tiles, 2 * sizeof(double));
}

// Goes back to the window with its last owner: the consumer, or whoever drops the call to it.
struct RowStream::Lent {
  Lent() = default;
  ~Lent() {
    LargeFloats().swap(values);  // first: the memory is free when it counts as free
    if (stream) stream->came_back(bytes);
  }
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;

  LargeFloats values;
  std::int64_t bytes = 0;
  std::shared_ptr<RowStream> stream;  // null: does not count yet
};

RowStream::RowStream(const ScoreRequest& request, RowNeeds needs, std::int64_t window_bytes, RowCallbacks callbacks,
                     std::shared_ptr<Crew> crew, std::weak_ptr<WorkerPool> pool)
    : request_(&request),
      crew_(std::move(crew)),
      pool_(std::move(pool)),
      callbacks_(std::move(callbacks)),
      needs_(std::move(needs)),
      window_bytes_(window_bytes) {}

void RowStream::plan(std::size_t row, RowPlan plan) {
  plan.row = row;
  std::function<void(RowPlan)> tell;
  {
    std::scoped_lock lock(mutex_);
    tell = callbacks_.plan;
  }
  if (tell) tell(std::move(plan));
}

std::int64_t RowStream::room_tiles() const {
  std::scoped_lock lock(mutex_);
  const std::int64_t least = out_bytes_ == 0 && claimed_tiles_ == 0 ? 1 : 0;
  const std::int64_t of_tile = needs_.tile_bytes();
  if (of_tile == 0) return least;  // one run tells
  return std::max((window_bytes_ - out_bytes_) / of_tile - claimed_tiles_, least);
}

void RowStream::claimed(std::int64_t tiles) {
  std::scoped_lock lock(mutex_);
  claimed_tiles_ += tiles;
}

void RowStream::claim_ended(std::int64_t tiles) {
  std::scoped_lock lock(mutex_);
  claimed_tiles_ -= tiles;
}

bool RowStream::is_idle() const {
  std::scoped_lock lock(mutex_);
  return out_bytes_ == 0;
}

bool RowStream::is_still() const {
  std::scoped_lock lock(mutex_);
  return out_bytes_ == 0 && claimed_tiles_ == 0;
}

void RowStream::take(std::size_t encoder, std::size_t output, std::span<const std::uint32_t> items,
                     std::span<const double> values, std::size_t token_columns) {
  for (std::size_t row = 0; row < request_->rows.size(); ++row) {
    const RowRequest& asked = request_->rows[row];
    if (asked.encoder != encoder || asked.output != output) continue;
    std::vector<double> own =
        aggregate::pooled(asked.pool, values, values.size() / items.size(), token_columns, output_of(row).name);
    // Rows of a turned encoder were activated before they were averaged.
    if (!request_->encoders[encoder].is_turned()) aggregate::activate(own, token_columns, output_of(row).activation);
    RowBlock block = block_of(row, items, own, token_columns);
    std::function<void(RowBlock)> tell;
    {
      std::scoped_lock lock(mutex_);
      tell = callbacks_.rows;
    }
    if (tell) tell(std::move(block));
  }
}

RowBlock RowStream::block_of(std::size_t row, std::span<const std::uint32_t> items, std::span<const double> values,
                             std::size_t token_columns) {
  const std::int64_t columns = std::ssize(values) / std::ssize(items);
  learn(row, columns);
  auto lent = std::make_shared<Lent>();
  append_floats(values, lent->values, output_of(row).name);
  lent->bytes = std::ssize(values) * std::int64_t{sizeof(float)};
  {
    std::scoped_lock lock(mutex_);
    out_bytes_ += lent->bytes;
  }
  lent->stream = shared_from_this();
  return {.row = row,
          .columns = columns,
          .tokens = columns / static_cast<std::int64_t>(token_columns),
          .items = {items.begin(), items.end()},
          .values = {lent, &lent->values}};
}

// How long the rows of a request are. The first of them tells where nobody knew.
void RowStream::learn(std::size_t row, std::int64_t columns) {
  std::scoped_lock lock(mutex_);
  std::int64_t& known = needs_.columns[row];
  if (known == 0) {
    known = columns;
    const std::int64_t run_bytes = product(needs_.tile_bytes(), needs_.run_rows);
    if (run_bytes > window_bytes_) {
      more_ = crew_->memory.reserve(run_bytes - window_bytes_, "the rows of one run", Stage::Aggregate);
      window_bytes_ = run_bytes;
    }
  }
  if (known != columns)
    throw Error(Code::OUTPUT_SHAPE, Stage::Aggregate,
                "output \"" + output_of(row).name + "\" changes its row length between tiles: " +
                    std::to_string(known) + " values, then " + std::to_string(columns));
}

const OutputRequest& RowStream::output_of(std::size_t row) const {
  const RowRequest& asked = request_->rows[row];
  return request_->encoders[asked.encoder].outputs[asked.output];
}

void RowStream::end() {
  std::scoped_lock lock(mutex_);
  callbacks_ = {};
  more_.release();
}

void RowStream::came_back(std::int64_t bytes) {
  {
    std::scoped_lock lock(mutex_);
    out_bytes_ -= bytes;
  }
  // Workers look again for what they may claim, or whether the job is through.
  if (const auto pool = pool_.lock()) pool->change([] {});
}

}  // namespace microtome::engine
