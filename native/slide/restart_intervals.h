// Where the restart intervals of one large JPEG are: Hamamatsu's table of MCU starts. Reads the table block by block,
// as TileTable does: the level of 100,000 x 80,000 pixels of a scanner that writes intervals of 2048 x 8 pixels has
// 490,000 of them, and takes 4 MB where all are used. Safe to use from any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "slide/slide.h"
#include "slide/table_column.h"
#include "slide/tiff_directory.h"

namespace microtome::slide {

class RestartIntervals {
 public:
  // `jpeg` is where the whole JPEG lies, `head_bytes` how long its head is, `count` the number of its intervals. Throws
  // NOT_A_SLIDE when the directory has no table of that many, TRUNCATED when it leaves the file, LIMIT_EXCEEDED above
  // limits.table_bytes.
  RestartIntervals(const TiffDirectory& directory, StoredTile jpeg, std::uint64_t head_bytes, std::uint64_t count,
                   const Limits& limits);

  // Whether the table says that the first interval begins behind the head. Reads that entry alone.
  [[nodiscard]] bool begins_behind_head() const;

  // The bytes of an interval, with the marker before it (not before the first) and the one behind it: see
  // Slide::stored_tile. Throws CORRUPT_TILE where the table goes back or leaves the JPEG.
  [[nodiscard]] StoredTile at(std::uint64_t number) const;

 private:
  [[nodiscard]] std::uint64_t start(std::uint64_t number) const;  // from the beginning of the JPEG

  StoredTile jpeg_;
  std::uint64_t head_bytes_;
  std::uint64_t count_;
  std::optional<TableColumn> lower_;
  std::optional<TableColumn> upper_;  // the upper 32 bits; absent in files without them
};

}  // namespace microtome::slide
