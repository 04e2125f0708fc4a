#include "engine/kept_outputs.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"

namespace microtome::engine {

std::int64_t OutputUse::bytes(std::int64_t row_columns) const noexcept {
  return (std::ssize(columns) + (rows ? row_columns : 0)) * std::int64_t{sizeof(double)} +
         (features ? row_columns : 0) * std::int64_t{sizeof(float)};
}

std::vector<OutputUse> uses_of(const ScoreRequest& request, std::size_t encoder) {
  std::vector<OutputUse> uses(request.encoders[encoder].outputs.size());
  const auto add = [&](const TileValue& value) {
    if (value.encoder == encoder) uses[value.output].columns.insert(value.column);
  };
  for (const SelectRule& rule : request.select)
    if (rule.kind != SelectRule::Kind::Quality) add(rule.by);
  for (const HeadRequest& head : request.heads) {
    if (head.simple()) {
      add(head.simple()->of);
      continue;
    }
    for (const HeadInputRequest& input : head.graph()->inputs) {
      const auto* features = std::get_if<Features>(&input.from);
      if (features != nullptr && features->encoder == encoder) uses[features->output].features = true;
    }
  }
  if (request.keep_tiles)
    for (OutputUse& use : uses) use.rows = true;
  return uses;
}

KeptOutputs::KeptOutputs(const EncoderRequest& encoder, std::vector<OutputUse> uses, std::int64_t items,
                         std::int64_t reserved_bytes, MemoryBudget& budget)
    : encoder_(encoder),
      uses_(std::move(uses)),
      items_(items),
      budget_(budget),
      unused_(reserved_bytes),
      outputs_(uses_.size()) {}

// The first row of an output tells how long its rows are.
void KeptOutputs::size(std::size_t output, std::int64_t columns) {
  Output& all = outputs_[output];
  const OutputUse& use = uses_[output];
  if (all.columns == 0) {
    const std::int64_t needed = use.bytes(columns) * items_;
    const std::int64_t more = std::max<std::int64_t>(needed - unused_, 0);
    if (more > 0) reserved_.push_back(budget_.reserve(more, "the outputs of the tiles", Stage::Aggregate));
    unused_ = std::max<std::int64_t>(unused_ - needed, 0);
    if (use.rows) all.rows.resize(static_cast<std::size_t>(columns * items_));
    if (use.features) all.features.resize(static_cast<std::size_t>(columns * items_));
    for (const std::size_t column : use.columns)
      if (std::cmp_less(column, columns)) all.kept[column].resize(static_cast<std::size_t>(items_));
    all.columns = columns;
  }
  if (all.columns != columns)
    throw Error(Code::OUTPUT_SHAPE, Stage::Aggregate,
                "output \"" + encoder_.outputs[output].name + "\" changes its row length between tiles: " +
                    std::to_string(all.columns) + " values, then " + std::to_string(columns));
}

void KeptOutputs::rows(std::size_t output, std::span<const std::uint32_t> items, std::span<double> values) {
  const std::size_t columns = values.size() / items.size();
  {
    std::scoped_lock lock(mutex_);
    size(output, static_cast<std::int64_t>(columns));
  }
  // Rows of a slide have no item in common, so that only the sizing is locked.
  Output& all = outputs_[output];
  const OutputUse& use = uses_[output];
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto row = values.subspan(i * columns, columns);
    const std::ptrdiff_t to = items[i] * std::ssize(row);
    if (use.rows) std::copy(row.begin(), row.end(), all.rows.begin() + to);
    if (use.features)
      std::transform(row.begin(), row.end(), all.features.begin() + to, [&](double value) {
        const auto single = static_cast<float>(value);
        if (!std::isfinite(single))
          throw Error(Code::OUTPUT_NOT_FINITE, Stage::Aggregate,
                      "a value of the output \"" + encoder_.outputs[output].name + "\" is beyond what float32 holds");
        return single;
      });
    for (auto& [column, kept] : all.kept) kept[items[i]] = row[column];
  }
}

std::span<const double> KeptOutputs::column(std::size_t output, std::size_t column, const std::string& who) const {
  const Output& all = outputs_.at(output);
  if (std::cmp_greater_equal(column, all.columns))
    throw Error(Code::OUTPUT_SHAPE, Stage::Aggregate,
                who + " wants column " + std::to_string(column) + " of output \"" + encoder_.outputs[output].name +
                    "\", which has " + std::to_string(all.columns),
                "pass [[column]], an index below " + std::to_string(all.columns));
  return all.kept.at(column);
}

}  // namespace microtome::engine
