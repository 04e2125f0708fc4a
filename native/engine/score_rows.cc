// What becomes of the rows that a run gave: checked, given away, activated, kept. Without the pool's mutex.
#include <new>

#include "engine/score_job.h"

namespace microtome::engine {

// Checks the rows of some tiles and activates them in place.
void ScoreJob::activate(std::size_t encoder, OutputRows& outputs, std::int64_t first_row, std::int64_t rows,
                        std::int64_t rows_in_batch) const {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const OutputRequest& asked = request_.encoders[encoder].outputs[i];
    const std::size_t columns = outputs[i].size() / static_cast<std::size_t>(rows_in_batch);
    const auto values =
        std::span(outputs[i])
            .subspan(static_cast<std::size_t>(first_row) * columns, static_cast<std::size_t>(rows) * columns);
    aggregate::require_finite(values, columns, asked.name);
    aggregate::activate(values, columns, asked.activation);
  }
}

// Checks, gives away and activates the rows of some positions, and puts them where the bag has their tiles. Those of a
// turned encoder are checked and activated already.
void ScoreJob::keep(std::size_t encoder, Range positions, OutputRows& outputs, std::int64_t first_row,
                    std::int64_t rows_in_batch) {
  std::vector<std::uint32_t> items;
  for (std::int64_t i = positions.first; i < positions.end; ++i) items.push_back(pass_->item_at(i));
  const EncoderRequest& from = request_.encoders[encoder];
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const std::size_t columns = outputs[i].size() / static_cast<std::size_t>(rows_in_batch);
    const auto values =
        std::span(outputs[i]).subspan(static_cast<std::size_t>(first_row) * columns, items.size() * columns);
    if (!from.is_turned()) aggregate::require_finite(values, columns, from.outputs[i].name);
    if (rows_) give_rows(encoder, i, items, values);
    if (!from.is_turned()) aggregate::activate(values, columns, from.outputs[i].activation);
    kept_[encoder]->rows(i, items, values);
  }
}

// What has no tokens is one token.
void ScoreJob::give_rows(std::size_t encoder, std::size_t output, std::span<const std::uint32_t> items,
                         std::span<const double> values) {
  const EncoderRequest& from = request_.encoders[encoder];
  const std::int64_t told = means_.graphs[from.graph].runner->token_columns_of(from.outputs[output].name);
  const std::size_t columns = values.size() / items.size();
  const std::size_t token = told > 0 ? static_cast<std::size_t>(told) : columns;
  if (columns % token != 0)
    throw Error(Code::OUTPUT_SHAPE, Stage::Infer,
                "the output \"" + from.outputs[output].name + "\" declares tokens of " + std::to_string(token) +
                    " values, and gives " + std::to_string(columns) + " values for a tile");
  rows_->take(encoder, output, items, values, token);
}

void ScoreJob::take_rows(Range positions, OutputRows& outputs, std::int64_t first_row,
                         std::int64_t rows_in_batch) noexcept {
  try {
    if (cancelled()) return;
    // On a device a lane has one encoder.
    const std::size_t encoder = lanes_[pass_->lane_at(positions.first)].encoders.front();
    keep(encoder, positions, outputs, first_row, rows_in_batch);
    tiles_done_.fetch_add(positions.size(), std::memory_order_relaxed);
    report(Stage::Infer, false);
  } catch (...) {
    lose_rows(positions, std::current_exception());
  }
}

void ScoreJob::told(std::int64_t rows, std::int64_t device_ns, const std::vector<std::string>& notes) noexcept {
  metrics().of(Stage::Infer).busy_ns.fetch_add(device_ns, std::memory_order_relaxed);
  metrics().count(Stage::Infer, rows, 0);
  try {
    const std::scoped_lock lock(failure_mutex_);
    notes_.insert(notes.begin(), notes.end());
  } catch (const std::bad_alloc&) {
    lose_rows({}, std::current_exception());
  }
}

void ScoreJob::decoded(std::int64_t /*by_device*/, std::int64_t refused) noexcept {
  refused_rows_.fetch_add(refused, std::memory_order_relaxed);
}

void ScoreJob::bad_row(std::int64_t position, const std::string& why) noexcept {
  try {
    pass_->found_bad(position, why);
  } catch (...) {
    lose_rows({position, position + 1}, std::current_exception());
  }
}

void ScoreJob::lose_rows(Range /*positions*/, const std::exception_ptr& failure) noexcept {
  std::scoped_lock lock(failure_mutex_);
  if (!rows_failure_) rows_failure_ = failure;
}

}  // namespace microtome::engine
