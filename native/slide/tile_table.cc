#include "slide/tile_table.h"

#include <algorithm>
#include <string>

#include "core/error.h"
#include "slide/checked_math.h"
#include "slide/storage.h"

namespace microtome::slide {
namespace {

// Tiles have tags of their own, but some writers use those of strips for both.
const TiffEntry* find_either(const TiffDirectory& directory, bool tiled, Tag tiles, Tag strips) {
  const TiffEntry* entry = tiled ? directory.find(tiles) : nullptr;
  return entry != nullptr ? entry : directory.find(strips);
}

}  // namespace

void TileTable::read_geometry(const Storage& storage) {
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
  parts_ = static_cast<std::uint64_t>(storage.strip_parts);
  strips_per_plane_ = parts_ == 1 ? per_plane_ : (down + parts_ - 1) / parts_;
}

TileTable::TileTable(const TiffDirectory& directory, const Storage& storage, const Limits& limits)
    : limits_(limits),
      file_bytes_(directory.file().source->size()),
      compressed_(storage.compression != Compression::None),
      places_(directory.places()) {
  read_geometry(storage);
  const std::uint64_t entries = size_ / per_plane_ * strips_per_plane_;
  const TiffEntry* offsets = find_either(directory, storage.tiled, Tag::TileOffsets, Tag::StripOffsets);
  if (offsets == nullptr)
    throw Error(Code::NOT_A_SLIDE, Stage::Slide,
                std::string("tag ") + tag_name(storage.tiled ? Tag::TileOffsets : Tag::StripOffsets) +
                    " is missing, expected " + std::to_string(entries) + " entries");
  offsets_.emplace(directory.file(), *offsets, entries, limits);

  const TiffEntry* counts = find_either(directory, storage.tiled, Tag::TileByteCounts, Tag::StripByteCounts);
  if (counts == nullptr) return;
  counts_.emplace(directory.file(), *counts, entries, limits);
}

std::optional<std::uint64_t> TileTable::first_offset() const {
  constexpr std::uint64_t kFirstEntries = 16;
  for (const std::uint64_t offset : offsets_->first(kFirstEntries))
    if (offset != 0) return offset;
  return std::nullopt;
}

std::uint64_t TileTable::computed_bytes(std::uint64_t index) const noexcept {
  const bool last = index % per_plane_ == per_plane_ - 1;
  return row_bytes_ * (last ? last_rows_ : tile_rows_);  // no overflow: read_storage bounds the bytes of a tile
}

// Where bytes come later, both tables are waited for at once.
std::uint64_t TileTable::offset_at(std::uint64_t entry) const {
  try {
    return offsets_->at(entry);
  } catch (BytesPending& pending) {
    if (counts_) counts_->add_missing(entry, pending);
    throw;
  }
}

StoredTile TileTable::at(std::uint64_t index) const {
  if (parts_ > 1) return part_at(index);
  const std::uint64_t offset = offset_at(index);
  const std::uint64_t bytes = counts_ ? counts_->at(index) : 0;
  if (bytes != 0 || offset == 0) return {offset, bytes};
  return {offset, compressed_ ? bytes_to_next(index, offset) : computed_bytes(index)};
}

StoredTile TileTable::part_at(std::uint64_t index) const {
  const std::uint64_t row = index % per_plane_;
  const std::uint64_t strip = index / per_plane_ * strips_per_plane_ + row / parts_;
  const std::uint64_t offset = offset_at(strip);
  if (offset == 0) return {};
  const std::uint64_t before = row % parts_ * tile_rows_ * row_bytes_;
  const std::uint64_t bytes = computed_bytes(index);
  const std::uint64_t counted = counts_ ? counts_->at(strip) : 0;
  if ((counted != 0 && before + bytes > counted) || offset > file_bytes_)
    throw Error(Code::TRUNCATED, Stage::Slide,
                "strip " + std::to_string(strip) + " has " + std::to_string(counted) + " bytes at byte " +
                    std::to_string(offset) + ", expected " + std::to_string(before + bytes) +
                    " or more inside the file (" + std::to_string(file_bytes_) + " bytes)");
  return {offset + before, bytes};
}

// One number for each place where bytes of something begin: twice the offset, and one more where that is a stored tile
// without a count. The order is that of the file.
const std::vector<std::uint64_t>& TileTable::marks() const {
  std::scoped_lock lock(marks_mutex_);
  if (marks_) return *marks_;
  const std::uint64_t entries = offsets_->size();
  if (entries > limits_.table_bytes / sizeof(std::uint64_t))
    throw Error(Code::LIMIT_EXCEEDED, Stage::Slide,
                "byte counts of the tiles are missing, and finding where each ends takes " + std::to_string(entries) +
                    " x 8 bytes, [[limits.tableBytes]] is " + std::to_string(limits_.table_bytes));
  std::vector<std::uint64_t> marks;
  marks.reserve(static_cast<std::size_t>(entries) + places_.size());
  const auto add = [&](std::uint64_t offset, bool counted) {
    if (offset != 0 && offset < file_bytes_ && offset < std::uint64_t{1} << 62)
      marks.push_back(2 * offset + (counted ? 0 : 1));
  };
  for (const std::uint64_t place : places_) add(place, true);
  for (std::uint64_t i = 0; i < entries; ++i) add(offsets_->at(i), counts_ && counts_->at(i) != 0);
  std::sort(marks.begin(), marks.end());
  marks_ = std::make_unique<const std::vector<std::uint64_t>>(std::move(marks));
  return *marks_;
}

// Of a compressed tile without a count: as far as the next thing in the file. None where something that has bytes of
// its own begins at the same place: nothing was written for this tile.
std::uint64_t TileTable::bytes_to_next(std::uint64_t index, std::uint64_t offset) const {
  if (offset > file_bytes_)
    throw Error(Code::TRUNCATED, Stage::Slide,
                "stored tile " + std::to_string(index) + " begins at byte " + std::to_string(offset) +
                    ", beyond the end of the file (" + std::to_string(file_bytes_) + " bytes)");
  const std::vector<std::uint64_t>& all = marks();
  if (std::binary_search(all.begin(), all.end(), 2 * offset)) return 0;
  const auto next = std::upper_bound(all.begin(), all.end(), 2 * offset + 1);
  const std::uint64_t end = next == all.end() ? file_bytes_ : *next / 2;
  // No codec makes a tile that much larger; where the last tile of a level is before gigabytes of others, they are not
  // read with it.
  constexpr std::uint64_t kOverhead = 1 << 20;
  const std::uint64_t most = std::min(4 * row_bytes_ * tile_rows_ + kOverhead, limits_.stored_tile_bytes);
  return std::min(end - offset, most);
}

}  // namespace microtome::slide
