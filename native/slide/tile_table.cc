#include "slide/tile_table.h"

#include <algorithm>
#include <string>

#include "core/error.h"
#include "slide/checked_math.h"
#include "slide/endian.h"
#include "slide/storage.h"

namespace microtome::slide {
namespace {

// A multiple of every entry's width. One read of this size costs little more than a small one, and holds the entries of
// a dozen rows of the largest slides.
constexpr std::uint64_t kBlockBytes = 64 << 10;

// Tiles have tags of their own, but some writers use those of strips for both.
const TiffEntry* find_either(const TiffDirectory& directory, bool tiled, Tag tiles, Tag strips) {
  const TiffEntry* entry = tiled ? directory.find(tiles) : nullptr;
  return entry != nullptr ? entry : directory.find(strips);
}

void check_table(const TiffDirectory& directory, const TiffEntry& entry, std::uint64_t expected, const Limits& limits) {
  const std::string name = tag_name(entry.tag);
  if (!entry.is_unsigned() || entry.value_bytes() < 2)
    throw Error(Code::NOT_A_SLIDE, Stage::Slide,
                "table " + name + " has values of type " + std::to_string(entry.type) + ", expected integers");
  if (entry.count < expected)
    throw Error(Code::NOT_A_SLIDE, Stage::Slide,
                "table " + name + " has " + std::to_string(entry.count) + " entries, the image has " +
                    std::to_string(expected) + " stored tiles");
  const std::uint64_t file_bytes = directory.file().source->size();
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
}

}  // namespace

TileTable::Column::Column(const TiffFile& file, const TiffEntry& entry, std::uint64_t used)
    : file_(file),
      entry_(entry),
      bytes_(used * entry.value_bytes()),
      width_(entry.value_bytes()),
      blocks_(static_cast<std::size_t>((bytes_ + kBlockBytes - 1) / kBlockBytes)) {}

TileTable::Column::Block TileTable::Column::read(std::size_t block) const {
  if (entry_.is_inline) return {entry_.inline_values.begin(), entry_.inline_values.end()};
  const std::uint64_t start = block * kBlockBytes;
  Block values(static_cast<std::size_t>(std::min(kBlockBytes, bytes_ - start)));
  file_.source->read(entry_.offset + start, values);
  return values;
}

const TileTable::Column::Block& TileTable::Column::load(std::size_t block) const {
  std::scoped_lock lock(mutex_);
  if (const Block* other = blocks_[block].load(std::memory_order_relaxed)) return *other;
  owned_.push_back(std::make_unique<const Block>(read(block)));
  blocks_[block].store(owned_.back().get(), std::memory_order_release);
  return *owned_.back();
}

std::uint64_t TileTable::Column::at(std::uint64_t index) const {
  const std::uint64_t position = index * width_;
  const auto number = static_cast<std::size_t>(position / kBlockBytes);
  const Block* block = blocks_[number].load(std::memory_order_acquire);
  if (block == nullptr) block = &load(number);
  return load_unsigned(block->data() + position % kBlockBytes, width_, file_.big_endian);
}

TileTable::TileTable(const TiffDirectory& directory, const Storage& storage, const Limits& limits) {
  const auto across = static_cast<std::uint64_t>(storage.tiles_across());
  const auto down = static_cast<std::uint64_t>(storage.tiles_down());
  const auto planes = static_cast<std::uint64_t>(storage.planar ? storage.samples : 1);
  const auto size = checked_multiply(across, down, planes);
  if (!size) throw Error(Code::NOT_A_SLIDE, Stage::Slide, "the image has more than 2^64 stored tiles");
  size_ = *size;
  per_plane_ = across * down;
  row_bytes_ = decoded_row_bytes(storage);
  tile_rows_ = static_cast<std::uint64_t>(storage.tile_height_px);
  // Tiles are stored whole; the last strip only as far as the image goes.
  last_rows_ = storage.tiled ? tile_rows_ : static_cast<std::uint64_t>(storage.height_px) - (down - 1) * tile_rows_;

  const TiffEntry* offsets = find_either(directory, storage.tiled, Tag::TileOffsets, Tag::StripOffsets);
  if (offsets == nullptr)
    throw Error(Code::NOT_A_SLIDE, Stage::Slide,
                std::string("tag ") + tag_name(storage.tiled ? Tag::TileOffsets : Tag::StripOffsets) +
                    " is missing, expected " + std::to_string(size_) + " entries");
  check_table(directory, *offsets, size_, limits);
  offsets_.emplace(directory.file(), *offsets, size_);

  const TiffEntry* counts = find_either(directory, storage.tiled, Tag::TileByteCounts, Tag::StripByteCounts);
  if (counts != nullptr) {
    check_table(directory, *counts, size_, limits);
    counts_.emplace(directory.file(), *counts, size_);
  } else if (storage.compression != Compression::None) {
    throw Error(Code::NOT_A_SLIDE, Stage::Slide,
                std::string("tag ") + tag_name(storage.tiled ? Tag::TileByteCounts : Tag::StripByteCounts) +
                    " is missing, and the sizes of compressed tiles cannot be known without it");
  }
}

std::uint64_t TileTable::computed_bytes(std::uint64_t index) const noexcept {
  const bool last = index % per_plane_ == per_plane_ - 1;
  return row_bytes_ * (last ? last_rows_ : tile_rows_);  // within decoded_tile_bytes
}

StoredTile TileTable::at(std::uint64_t index) const {
  return {offsets_->at(index), counts_ ? counts_->at(index) : computed_bytes(index)};
}

}  // namespace microtome::slide
