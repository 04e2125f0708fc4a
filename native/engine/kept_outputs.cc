#include "engine/kept_outputs.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/error.h"

namespace microtome::engine {
namespace {

std::set<std::size_t> columns_read(const ScoreRequest& request, std::size_t output) {
  std::set<std::size_t> columns;
  for (const HeadRequest& head : request.heads)
    if (head.output == output) columns.insert(head.column);
  return columns;
}

}  // namespace

std::int64_t kept_columns(const ScoreRequest& request, std::size_t output, std::int64_t columns) {
  return std::ssize(columns_read(request, output)) + (request.keep_tiles ? columns : 0);
}

KeptOutputs::KeptOutputs(const ScoreRequest& request, std::int64_t items, std::int64_t reserved_bytes,
                         MemoryBudget& budget)
    : request_(request), items_(items), budget_(budget), unused_(reserved_bytes), outputs_(request.outputs.size()) {}

// The first row of an output tells how long its rows are.
void KeptOutputs::size(std::size_t output, std::int64_t columns) {
  Output& all = outputs_[output];
  if (all.columns == 0) {
    const std::int64_t needed =
        kept_columns(request_, output, columns) * items_ * static_cast<std::int64_t>(sizeof(double));
    const std::int64_t more = std::max<std::int64_t>(needed - unused_, 0);
    if (more > 0) reserved_.push_back(budget_.reserve(more, "the outputs of the tiles", Stage::Aggregate));
    unused_ = std::max<std::int64_t>(unused_ - needed, 0);
    if (request_.keep_tiles) all.rows.resize(static_cast<std::size_t>(columns * items_));
    for (const std::size_t column : columns_read(request_, output))
      if (std::cmp_less(column, columns)) all.kept[column].resize(static_cast<std::size_t>(items_));
    all.columns = columns;
  }
  if (all.columns != columns)
    throw Error(Code::OUTPUT_SHAPE, Stage::Aggregate,
                "output \"" + request_.outputs[output].name + "\" changes its row length between tiles");
}

void KeptOutputs::rows(std::size_t output, std::span<const std::uint32_t> items, std::span<double> values) {
  const OutputRequest& asked = request_.outputs[output];
  const std::size_t columns = values.size() / items.size();
  aggregate::require_finite(values, columns, asked.name);
  aggregate::activate(values, columns, asked.activation);
  {
    std::scoped_lock lock(mutex_);
    size(output, static_cast<std::int64_t>(columns));
  }
  // Rows of a slide have no item in common, so that only the sizing is locked.
  Output& all = outputs_[output];
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto row = values.subspan(i * columns, columns);
    if (request_.keep_tiles) std::copy(row.begin(), row.end(), all.rows.begin() + items[i] * std::ssize(row));
    for (auto& [column, kept] : all.kept) kept[items[i]] = row[column];
  }
}

std::span<const double> KeptOutputs::column_of(const HeadRequest& head) const {
  const Output& all = outputs_.at(head.output);
  if (std::cmp_greater_equal(head.column, all.columns))
    throw Error(Code::OUTPUT_SHAPE, Stage::Aggregate,
                "head \"" + head.name + "\" wants column " + std::to_string(head.column) + " of output \"" +
                    request_.outputs[head.output].name + "\", which has " + std::to_string(all.columns),
                "pass [[column]], an index below " + std::to_string(all.columns));
  return all.kept.at(head.column);
}

std::vector<TileOutput> KeptOutputs::take_rows() {
  std::vector<TileOutput> taken;
  for (std::size_t i = 0; i < outputs_.size(); ++i)
    taken.push_back({request_.outputs[i].name, outputs_[i].columns, std::move(outputs_[i].rows)});
  return taken;
}

}  // namespace microtome::engine
