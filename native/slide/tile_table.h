// Where the stored tiles of one directory are. The constructor checks that the tables are large enough and lie inside
// the file, and reads nothing; at() reads the block of the table that an entry lies in on first use and keeps it in the
// file's own width. So a slide costs the parts of its tables that hold tissue: a table of a million tiles takes 4 to
// 16 MB when every tile is used. Safe to use from any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "slide/slide.h"
#include "slide/tiff_directory.h"

namespace microtome::slide {

class TileTable {
 public:
  // Throws NOT_A_SLIDE when a table is missing or too small, TRUNCATED when it leaves the file, LIMIT_EXCEEDED above
  // limits.table_bytes.
  TileTable(const TiffDirectory& directory, const Storage& storage, const Limits& limits);

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  // What the tables say, unchecked. Throws when the table cannot be read.
  [[nodiscard]] StoredTile at(std::uint64_t index) const;

 private:
  // One table, in blocks of kBlockBytes.
  class Column {
   public:
    Column(const TiffFile& file, const TiffEntry& entry, std::uint64_t used);
    [[nodiscard]] std::uint64_t at(std::uint64_t index) const;

   private:
    using Block = std::vector<std::uint8_t>;

    const Block& load(std::size_t block) const;
    [[nodiscard]] Block read(std::size_t block) const;

    TiffFile file_;
    TiffEntry entry_;
    std::uint64_t bytes_;  // of the entries in use, at most limits.table_bytes
    unsigned width_;
    // A mutex and pointers, not call_once: a read that fails must be repeatable. A pointer is written once, under the
    // mutex, and read without it.
    mutable std::mutex mutex_;
    mutable std::vector<std::unique_ptr<const Block>> owned_;
    mutable std::vector<std::atomic<const Block*>> blocks_;
  };

  [[nodiscard]] std::uint64_t computed_bytes(std::uint64_t index) const noexcept;

  std::uint64_t size_ = 0;
  std::optional<Column> offsets_;
  std::optional<Column> counts_;  // absent: uncompressed, and the sizes follow from the geometry
  std::uint64_t row_bytes_ = 0;
  std::uint64_t tile_rows_ = 0;
  std::uint64_t last_rows_ = 0;  // of the last strip of each plane
  std::uint64_t per_plane_ = 0;
};

}  // namespace microtome::slide
