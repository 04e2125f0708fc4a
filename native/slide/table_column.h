// One table of a directory: as many unsigned integers as the image has stored tiles. The constructor checks that it is
// large enough and lies inside the file, and reads nothing; at() reads the block that an entry lies in on first use and
// keeps it in the file's own width. Safe to use from any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "slide/slide.h"
#include "slide/tiff_directory.h"

namespace microtome::slide {

class TableColumn {
 public:
  // The first `used` entries. Throws NOT_A_SLIDE when there are fewer or they are no integers, TRUNCATED when the table
  // leaves the file, LIMIT_EXCEEDED when the entries in use take more than limits.table_bytes.
  TableColumn(const TiffFile& file, const TiffEntry& entry, std::uint64_t used, const Limits& limits);

  [[nodiscard]] std::uint64_t at(std::uint64_t index) const;  // `index` is below size()
  // Adds what at() would have to wait for, where the bytes of the source come later.
  void add_missing(std::uint64_t index, BytesPending& pending) const;
  [[nodiscard]] std::uint64_t size() const noexcept { return bytes_ / width_; }
  // The first entries, at most `most`; keeps nothing.
  [[nodiscard]] std::vector<std::uint64_t> first(std::uint64_t most) const;

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

}  // namespace microtome::slide
