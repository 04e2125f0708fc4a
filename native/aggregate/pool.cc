#include "aggregate/pool.h"

#include <algorithm>

#include "core/error.h"

namespace microtome::aggregate {
namespace {

void add_mean(std::span<const double> row, std::size_t token_columns, std::size_t skip, std::vector<double>& out) {
  const std::size_t first = out.size();
  out.resize(first + token_columns, 0.0);
  const std::span<double> sums = std::span(out).subspan(first);
  for (std::size_t at = skip * token_columns; at < row.size(); at += token_columns)
    for (std::size_t i = 0; i < token_columns; ++i) sums[i] += row[at + i];
  const auto tokens = static_cast<double>(row.size() / token_columns - skip);
  for (double& sum : sums) sum /= tokens;
}

}  // namespace

std::int64_t pooled_columns(const Pool& pool, std::int64_t row_columns, std::int64_t token_columns) noexcept {
  return pool.kind == Pool::Kind::None ? row_columns : token_columns;
}

std::vector<double> pooled(const Pool& pool, std::span<const double> rows, std::size_t row_columns,
                           std::size_t token_columns, const std::string& output_name) {
  if (pool.kind == Pool::Kind::None) return {rows.begin(), rows.end()};
  const std::size_t tokens = row_columns / token_columns;
  if (pool.kind == Pool::Kind::Mean && tokens <= static_cast<std::size_t>(pool.skip))
    throw Error(Code::OUTPUT_SHAPE, Stage::Aggregate,
                "output \"" + output_name + "\" has " + std::to_string(tokens) + " tokens for each tile, and " +
                    std::to_string(pool.skip) + " are left out of their mean",
                "pass a lower [[poolSkip]]");
  std::vector<double> out;
  out.reserve(rows.size() / tokens);
  for (std::size_t at = 0; at < rows.size(); at += row_columns) {
    const auto row = rows.subspan(at, row_columns);
    if (pool.kind == Pool::Kind::First)
      out.insert(out.end(), row.begin(), row.begin() + static_cast<std::ptrdiff_t>(token_columns));
    else
      add_mean(row, token_columns, static_cast<std::size_t>(pool.skip), out);
  }
  return out;
}

}  // namespace microtome::aggregate
