// One image file directory: its known and its private entries, their values on demand. Nothing is trusted: a value is
// read only after its type, its count and its place in the file were checked, and never more of it than the caller
// asked for.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "slide/byte_source.h"
#include "slide/tiff_tags.h"

namespace microtome::slide {

// What the header says. `source` is borrowed: the slide that owns it outlives every directory.
struct TiffFile {
  const ByteSource* source = nullptr;
  bool big_endian = false;
  bool big_tiff = false;
  // Hamamatsu's kind of a classic TIFF: the pointers to directories have 8 bytes, and behind each directory stands the
  // upper half of every entry's value or offset, 4 bytes for each.
  bool ndpi = false;
  std::uint64_t first_directory = 0;
};

struct TiffEntry {
  Tag tag{};
  std::uint16_t type = 0;
  std::uint64_t count = 0;
  bool is_inline = false;                       // the values are in the entry itself
  std::array<std::uint8_t, 8> inline_values{};  // in the file's byte order
  std::uint64_t offset = 0;                     // of the values, when not inline

  [[nodiscard]] unsigned value_bytes() const noexcept;  // per value; 0 for a type that TIFF does not know
  [[nodiscard]] bool is_unsigned() const noexcept;
};

class TiffDirectory {
 public:
  // Throws TRUNCATED when the directory does not lie inside the file, NOT_A_SLIDE when it is no directory.
  [[nodiscard]] static TiffDirectory read(const TiffFile& file, std::uint64_t offset);

  [[nodiscard]] const TiffFile& file() const noexcept { return file_; }
  [[nodiscard]] std::uint64_t next() const noexcept { return next_; }  // 0: the last one
  [[nodiscard]] const TiffEntry* find(Tag tag) const noexcept;

  // Where its own bytes begin in the file: the directory itself, the next one, and values of known tags that lie
  // outside it.
  [[nodiscard]] std::vector<std::uint64_t> places() const;

  // The first value; nothing when the tag is absent. Throws NOT_A_SLIDE for a value of another kind.
  [[nodiscard]] std::optional<std::uint64_t> number(Tag tag) const;
  // At most the first `most` values; empty when the tag is absent.
  [[nodiscard]] std::vector<std::uint64_t> numbers(Tag tag, std::uint64_t most) const;
  // At most the first `most` bytes, up to the first NUL; empty when the tag is absent.
  [[nodiscard]] std::string text(Tag tag, std::uint64_t most) const;
  // All bytes; throws LIMIT_EXCEEDED when there are more than `most`.
  [[nodiscard]] std::vector<std::uint8_t> blob(Tag tag, std::uint64_t most) const;
  // The first value, of any type of number: RATIONAL and SRATIONAL are divided, and give what a division by zero gives.
  // May be negative, infinite or no number. Nothing when the tag is absent; throws NOT_A_SLIDE for text.
  [[nodiscard]] std::optional<double> real(Tag tag) const;

 private:
  // The first `bytes` bytes of an entry's values. Throws TRUNCATED when the entry's claim leaves the file.
  [[nodiscard]] std::vector<std::uint8_t> raw(const TiffEntry& entry, std::uint64_t bytes) const;

  TiffFile file_;
  std::uint64_t offset_ = 0;
  std::uint64_t next_ = 0;
  std::vector<TiffEntry> entries_;  // known and private tags, each once (the first of duplicates)
};

}  // namespace microtome::slide
