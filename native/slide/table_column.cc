#include "slide/table_column.h"

#include <algorithm>
#include <string>

#include "core/error.h"
#include "slide/checked_math.h"
#include "slide/endian.h"

namespace microtome::slide {
namespace {

// A multiple of every entry's width. One read of this size costs little more than a small one, and holds the entries of
// a dozen rows of the largest slides.
constexpr std::uint64_t kBlockBytes = 64 << 10;

// The bytes of the entries in use.
std::uint64_t checked_bytes(const TiffFile& file, const TiffEntry& entry, std::uint64_t expected,
                            const Limits& limits) {
  const std::string name = tag_name(entry.tag);
  if (!entry.is_unsigned() || entry.value_bytes() < 2)
    throw Error(Code::NOT_A_SLIDE, Stage::Slide,
                "table " + name + " has values of type " + std::to_string(entry.type) + ", expected integers");
  if (entry.count < expected)
    throw Error(Code::NOT_A_SLIDE, Stage::Slide,
                "table " + name + " has " + std::to_string(entry.count) + " entries, the image has " +
                    std::to_string(expected) + " stored tiles");
  const std::uint64_t file_bytes = file.source->size();
  const auto claimed = checked_multiply(entry.count, entry.value_bytes());
  if (!entry.is_inline && (!claimed || !inside(entry.offset, *claimed, file_bytes)))
    throw Error(Code::TRUNCATED, Stage::Slide,
                "table " + name + " claims " + std::to_string(entry.count) + " entries at byte " +
                    std::to_string(entry.offset) + ", beyond the end of the file (" + std::to_string(file_bytes) +
                    " bytes)");
  const std::uint64_t bytes = expected * entry.value_bytes();  // no more than `claimed`
  if (bytes > limits.table_bytes)
    throw Error(Code::LIMIT_EXCEEDED, Stage::Slide,
                "table " + name + " takes " + std::to_string(bytes) + " bytes, [[limits.tableBytes]] is " +
                    std::to_string(limits.table_bytes));
  return bytes;
}

}  // namespace

TableColumn::TableColumn(const TiffFile& file, const TiffEntry& entry, std::uint64_t used, const Limits& limits)
    : file_(file),
      entry_(entry),
      bytes_(checked_bytes(file, entry, used, limits)),
      width_(entry.value_bytes()),
      blocks_(static_cast<std::size_t>((bytes_ + kBlockBytes - 1) / kBlockBytes)) {}

TableColumn::Block TableColumn::read(std::size_t block) const {
  if (entry_.is_inline) return {entry_.inline_values.begin(), entry_.inline_values.end()};
  const std::uint64_t start = block * kBlockBytes;
  Block values(static_cast<std::size_t>(std::min(kBlockBytes, bytes_ - start)));
  file_.source->read(entry_.offset + start, values);
  return values;
}

const TableColumn::Block& TableColumn::load(std::size_t block) const {
  std::scoped_lock lock(mutex_);
  if (const Block* other = blocks_[block].load(std::memory_order_relaxed)) return *other;
  owned_.push_back(std::make_unique<const Block>(read(block)));
  blocks_[block].store(owned_.back().get(), std::memory_order_release);
  return *owned_.back();
}

std::uint64_t TableColumn::at(std::uint64_t index) const {
  const std::uint64_t position = index * width_;
  const auto number = static_cast<std::size_t>(position / kBlockBytes);
  const Block* block = blocks_[number].load(std::memory_order_acquire);
  if (block == nullptr) block = &load(number);
  return load_unsigned(block->data() + position % kBlockBytes, width_, file_.big_endian);
}

void TableColumn::add_missing(std::uint64_t index, BytesPending& pending) const {
  try {
    static_cast<void>(at(index));
  } catch (const BytesPending& more) {
    pending.ranges.insert(pending.ranges.end(), more.ranges.begin(), more.ranges.end());
  }
}

std::vector<std::uint64_t> TableColumn::first(std::uint64_t most) const {
  const std::uint64_t count = std::min(most, size());
  Block bytes(static_cast<std::size_t>(count * width_));
  if (entry_.is_inline)
    std::copy_n(entry_.inline_values.begin(), bytes.size(), bytes.begin());
  else
    file_.source->read(entry_.offset, bytes);
  std::vector<std::uint64_t> values;
  for (std::uint64_t i = 0; i < count; ++i)
    values.push_back(load_unsigned(bytes.data() + i * width_, width_, file_.big_endian));
  return values;
}

}  // namespace microtome::slide
