#include "addon/row_queue.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace microtome::addon {
namespace {

using engine::RowBlock;

// Values that belong to several blocks.
struct Joined {
  LargeFloats values;
  std::vector<RowBlock> of;  // they count as long as the copy is in use
};

RowBlock joined(std::vector<RowBlock>&& blocks) {
  if (blocks.size() == 1) return std::move(blocks.front());
  struct Row {
    std::uint32_t item;
    const float* values;
  };
  const auto columns = static_cast<std::size_t>(blocks.front().columns);
  std::vector<Row> rows;
  for (const RowBlock& block : blocks)
    for (std::size_t i = 0; i < block.items.size(); ++i)
      rows.push_back({block.items[i], block.values->data() + i * columns});
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.item < b.item; });
  auto held = std::make_shared<Joined>();
  held->values.reserve(rows.size() * columns);
  RowBlock all{.row = blocks.front().row, .columns = blocks.front().columns, .tokens = blocks.front().tokens};
  for (const Row& row : rows) {
    all.items.push_back(row.item);
    held->values.insert(held->values.end(), row.values, row.values + columns);
  }
  held->of = std::move(blocks);
  all.values = {held, &held->values};
  return all;
}

}  // namespace

void RowQueue::put(RowBlock block) {
  std::function<void()> call;
  {
    std::scoped_lock lock(mutex_);
    if (!call_) return;
    blocks_.push_back(std::move(block));
    if (!std::exchange(is_busy_, true)) call = call_;
  }
  if (call) call();
}

std::optional<RowBlock> RowQueue::take() {
  std::vector<RowBlock> blocks;
  {
    std::scoped_lock lock(mutex_);
    std::size_t values = 0, rows = 0;
    while (!blocks_.empty()) {
      const RowBlock& next = blocks_.front();
      values += next.values->size();
      rows += next.items.size();
      const bool fits = values <= kMostValues && rows <= kMostRows;
      if (!blocks.empty() && (!fits || next.row != blocks.front().row)) break;
      blocks.push_back(std::move(blocks_.front()));
      blocks_.pop_front();
    }
  }
  if (blocks.empty()) return std::nullopt;
  return joined(std::move(blocks));
}

void RowQueue::done() {
  std::function<void()> call;
  {
    std::scoped_lock lock(mutex_);
    is_busy_ = !blocks_.empty();
    if (is_busy_) call = call_;
  }
  if (call) call();
}

void RowQueue::end() {
  std::deque<RowBlock> dropped;
  std::scoped_lock lock(mutex_);
  call_ = nullptr;
  dropped.swap(blocks_);
}

}  // namespace microtome::addon
