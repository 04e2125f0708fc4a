// Where the stored tiles of one directory are. The constructor checks that the tables are large enough and lie inside
// the file, and reads nothing; at() reads the block of the table that an entry lies in on first use and keeps it in the
// file's own width. So a slide costs the parts of its tables that hold tissue: a table of a million tiles takes 4 to
// 16 MB when every tile is used. Safe to use from any thread.
//
// Some writers leave byte counts out, or write 0 beside a real offset. Such a tile is not missing. The count of an
// uncompressed one follows from its size; a compressed one is taken to reach to whatever the file has next, as libtiff
// does it, for a stream knows where it ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "slide/slide.h"
#include "slide/table_column.h"
#include "slide/tiff_directory.h"

namespace microtome::slide {

class TileTable {
 public:
  // Throws NOT_A_SLIDE when a table is missing or too small, TRUNCATED when it leaves the file, LIMIT_EXCEEDED above
  // limits.table_bytes.
  TileTable(const TiffDirectory& directory, const Storage& storage, const Limits& limits);

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  // What the tables say, or what follows where they say no count; not compared with the file. No bytes: the tile is
  // missing. Throws when the table cannot be read; TRUNCATED when a part of a strip lies beyond the strip, or a tile
  // without a count beyond the file; LIMIT_EXCEEDED when looking for the next offset would take more than
  // limits.table_bytes.
  [[nodiscard]] StoredTile at(std::uint64_t index) const;
  // False: the file has no table of byte counts.
  [[nodiscard]] bool has_counts() const noexcept { return counts_.has_value(); }
  // The place of the first stored bytes, where one of the first entries says one. Reads only these entries, and keeps
  // nothing.
  [[nodiscard]] std::optional<std::uint64_t> first_offset() const;

 private:
  void read_geometry(const Storage& storage);
  [[nodiscard]] std::uint64_t computed_bytes(std::uint64_t index) const noexcept;
  [[nodiscard]] std::uint64_t offset_at(std::uint64_t entry) const;
  [[nodiscard]] StoredTile part_at(std::uint64_t index) const;
  [[nodiscard]] std::uint64_t bytes_to_next(std::uint64_t index, std::uint64_t offset) const;
  const std::vector<std::uint64_t>& marks() const;

  Limits limits_;
  std::uint64_t file_bytes_ = 0;
  bool compressed_ = false;
  std::uint64_t size_ = 0;
  std::optional<TableColumn> offsets_;
  std::optional<TableColumn> counts_;  // absent: the file has none
  std::uint64_t row_bytes_ = 0;
  std::uint64_t tile_rows_ = 0;
  std::uint64_t last_rows_ = 0;  // of the last strip of each plane
  std::uint64_t per_plane_ = 0;
  // Strips that are read in parts: parts of each, and strips of each plane.
  std::uint64_t parts_ = 1;
  std::uint64_t strips_per_plane_ = 0;
  // Where something begins in the file, in order: see marks(). Made when a tile without a count is asked for.
  std::vector<std::uint64_t> places_;  // of the directory itself
  mutable std::mutex marks_mutex_;
  mutable std::unique_ptr<const std::vector<std::uint64_t>> marks_;
};

}  // namespace microtome::slide
