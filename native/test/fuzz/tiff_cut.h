// Cuts a TIFF to a size that is of use to a fuzzer: every directory and every tag stays, of the stored tiles only the
// first few, and the others become missing. Written for whole files; of a damaged one as much is kept as can be read.
#pragma once

#include <optional>
#include <set>

#include "slide/endian.h"
#include "test/support/tiff_writer.h"

namespace microtome::fuzz {

class TiffCutter {
 public:
  using Bytes = std::vector<std::uint8_t>;
  struct Budget {
    std::size_t tiles_per_directory = 2;
    std::size_t bytes_per_tile = 16 << 10;
    std::size_t values_per_tag = 4096;
    std::size_t directories = 10;
  };

  TiffCutter(const Bytes& file, const Budget& budget) : file_(file), budget_(budget) {}

  // Nothing when the bytes are no TIFF with at least one directory.
  std::optional<Bytes> run() {
    if (file_.size() < 16 || (file_[0] != 'I' && file_[0] != 'M') || file_[0] != file_[1]) return std::nullopt;
    big_endian_ = file_[0] == 'M';
    const std::uint64_t version = number(2, 2);
    if (version != 42 && version != 43) return std::nullopt;
    big_tiff_ = version == 43;
    test::TiffWriter writer({big_tiff_, big_endian_});
    std::size_t pages = 0;
    for (std::uint64_t offset = big_tiff_ ? number(8, 8) : number(4, 4); offset != 0;) {
      std::uint64_t next = 0;
      const auto directory = read(offset, next, true);
      if (!directory) break;
      writer.add(*directory);
      ++pages;
      offset = next;
    }
    if (pages == 0) return std::nullopt;
    return writer.bytes();
  }

 private:
  [[nodiscard]] bool has(std::uint64_t offset, std::uint64_t bytes) const {
    return offset <= file_.size() && bytes <= file_.size() - offset;
  }
  [[nodiscard]] std::uint64_t number(std::uint64_t offset, unsigned width) const {
    return slide::load_unsigned(file_.data() + offset, width, big_endian_);
  }
  static unsigned width_of(std::uint16_t type) {
    constexpr unsigned kWidths[] = {0, 1, 1, 2, 4, 4, 1, 1, 2, 4, 4, 4, 8, 4, 0, 0, 8, 8, 8};
    return type < std::size(kWidths) ? kWidths[type] : 0;
  }

  std::optional<test::TiffDirectory> read(std::uint64_t offset, std::uint64_t& next, bool with_subs) {
    const unsigned head = big_tiff_ ? 8 : 2, entry = big_tiff_ ? 20 : 12, pointer = big_tiff_ ? 8 : 4;
    if (visited_.size() >= budget_.directories || !visited_.insert(offset).second || !has(offset, head))
      return std::nullopt;
    const std::uint64_t count = number(offset, head);
    if (count > 4096 || !has(offset + head, count * entry + pointer)) return std::nullopt;
    test::TiffDirectory directory;
    std::vector<std::uint64_t> offsets, counts;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t at = offset + head + i * entry;
      const auto tag = static_cast<std::uint16_t>(number(at, 2));
      const auto type = static_cast<std::uint16_t>(number(at + 2, 2));
      const auto values = read_values(at, type);
      if (tag == test::tag::kTileOffsets || tag == test::tag::kStripOffsets)
        offsets = values;
      else if (tag == test::tag::kTileCounts || tag == test::tag::kStripCounts)
        counts = values;
      else if (tag == test::tag::kSubIfds)
        add_subs(directory, values, with_subs);
      else if (!values.empty())
        directory.set(tag, values, type == 10 ? test::type::kRational : type);
    }
    directory.tiles(cut_tiles(offsets, counts));
    next = number(offset + head + count * entry, pointer);
    return directory;
  }

  void add_subs(test::TiffDirectory& directory, const std::vector<std::uint64_t>& offsets, bool wanted) {
    if (!wanted) return;
    for (const std::uint64_t offset : offsets) {
      std::uint64_t unused = 0;
      if (auto sub = read(offset, unused, false)) directory.sub(std::move(*sub));
    }
  }

  // A rational counts as two numbers; a tag whose values are not there has none.
  [[nodiscard]] std::vector<std::uint64_t> read_values(std::uint64_t entry, std::uint16_t type) const {
    const unsigned width = width_of(type), field = big_tiff_ ? 8 : 4;
    const std::uint64_t each = type == test::type::kRational || type == 10 ? 2 : 1;
    std::uint64_t count = number(entry + 4, field);
    if (width == 0 || count > file_.size()) return {};
    const std::uint64_t bytes = count * each * width;
    const std::uint64_t from = bytes <= field ? entry + 4 + field : number(entry + 4 + field, field);
    if (!has(from, bytes)) return {};
    count = std::min<std::uint64_t>(count * each, budget_.values_per_tag);
    std::vector<std::uint64_t> values;
    for (std::uint64_t i = 0; i < count; ++i) values.push_back(number(from + i * width, width));
    return values;
  }

  [[nodiscard]] std::vector<Bytes> cut_tiles(const std::vector<std::uint64_t>& offsets,
                                             const std::vector<std::uint64_t>& counts) const {
    std::vector<Bytes> tiles(offsets.size());
    std::size_t kept = 0;
    for (std::size_t i = 0; i < offsets.size() && i < counts.size() && kept < budget_.tiles_per_directory; ++i) {
      const std::uint64_t bytes = std::min<std::uint64_t>(counts[i], budget_.bytes_per_tile);
      if (bytes == 0 || !has(offsets[i], bytes)) continue;
      tiles[i].assign(file_.begin() + static_cast<std::ptrdiff_t>(offsets[i]),
                      file_.begin() + static_cast<std::ptrdiff_t>(offsets[i] + bytes));
      ++kept;
    }
    return tiles;
  }

  const Bytes& file_;
  const Budget budget_;
  bool big_endian_ = false;
  bool big_tiff_ = false;
  std::set<std::uint64_t> visited_;
};

}  // namespace microtome::fuzz
