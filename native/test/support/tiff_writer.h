// Writes small TIFFs for tests: classic or BigTIFF, either byte order, tiles or strips, SubIFDs, and every kind of
// damage (tags can be overwritten or removed, next pointers bent). It checks nothing: what is asked for is written.
//
//   TiffWriter file({.big_tiff = true});
//   file.add(tiff_image(64, 48, 16));                                  // RGB, 8 bit, uncompressed 16-px tiles, grey
//   128 file.add(tiff_image(32, 24, 16).set(tag::kCompression, {7}).tiles({jpeg0, jpeg1, ...})); auto slide =
//   slide::Slide::open(file.source());                    // in memory TempFile on_disk(file.bytes()); // or as a file:
//   on_disk.path()
#pragma once

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "test/support/memory_source.h"

namespace microtome::test {

namespace tag {
inline constexpr std::uint16_t kNewSubfileType = 254, kWidth = 256, kHeight = 257, kBits = 258, kCompression = 259,
                               kPhotometric = 262, kFillOrder = 266, kDescription = 270, kStripOffsets = 273,
                               kOrientation = 274, kSamples = 277, kRowsPerStrip = 278, kStripCounts = 279,
                               kXResolution = 282, kYResolution = 283, kPlanar = 284, kResolutionUnit = 296,
                               kPredictor = 317, kPalette = 320, kTileWidth = 322, kTileHeight = 323,
                               kTileOffsets = 324, kTileCounts = 325, kSubIfds = 330, kExtraSamples = 338,
                               kSampleFormat = 339, kJpegTables = 347, kIccProfile = 34675;
}  // namespace tag

namespace type {
inline constexpr std::uint16_t kByte = 1, kAscii = 2, kShort = 3, kLong = 4, kRational = 5, kSignedByte = 6,
                               kUndefined = 7, kSignedShort = 8, kSignedLong = 9, kSignedRational = 10, kFloat = 11,
                               kDouble = 12, kLong8 = 16, kSignedLong8 = 17;
}  // namespace type

using Bytes = std::vector<std::uint8_t>;

inline std::shared_ptr<const slide::ByteSource> memory_source(Bytes bytes, std::string name = "memory.tif") {
  return std::make_shared<MemorySource>(std::move(bytes), std::move(name));
}

// A file in the temporary folder, removed at the end of the scope.
class TempFile {
 public:
  explicit TempFile(const Bytes& bytes) {
    const char* folder = std::getenv("TMPDIR");
    path_ = std::string(folder == nullptr ? "/tmp" : folder) + "/microtome-test-XXXXXX";
    const int fd = ::mkstemp(path_.data());
    if (fd < 0) throw std::runtime_error("no temporary file");
    for (std::size_t done = 0; done < bytes.size();) {
      const ssize_t count = ::write(fd, bytes.data() + done, bytes.size() - done);
      if (count <= 0) break;
      done += static_cast<std::size_t>(count);
    }
    ::close(fd);
  }
  ~TempFile() { ::unlink(path_.c_str()); }
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

// One image file directory. Every setter returns *this; a tag set twice keeps the last value.
class TiffDirectory {
 public:
  struct Value {
    std::uint16_t type = type::kShort;
    std::vector<std::uint64_t> numbers;   // a rational takes two
    std::optional<std::uint64_t> count;   // what the entry claims, when it is not the truth
    std::optional<std::uint64_t> offset;  // where the entry says the values are, when it is not the truth
  };

  // Integers; SHORT when all fit and no type is given, else LONG (LONG8 when larger).
  TiffDirectory& set(std::uint16_t tag, std::vector<std::uint64_t> numbers, std::uint16_t type = 0) {
    if (type == 0) {
      const std::uint64_t most = numbers.empty() ? 0 : *std::max_element(numbers.begin(), numbers.end());
      type = most <= 0xFFFF ? type::kShort : most <= 0xFFFFFFFF ? type::kLong : type::kLong8;
    }
    tags_[tag] = {type, std::move(numbers), {}, {}};
    return *this;
  }
  TiffDirectory& text(std::uint16_t tag, const std::string& text) {
    std::vector<std::uint64_t> numbers;
    for (const char c : text) numbers.push_back(static_cast<unsigned char>(c));
    numbers.push_back(0);
    tags_[tag] = {type::kAscii, std::move(numbers), {}, {}};
    return *this;
  }
  TiffDirectory& rational(std::uint16_t tag, std::uint64_t numerator, std::uint64_t denominator) {
    tags_[tag] = {type::kRational, {numerator, denominator}, {}, {}};
    return *this;
  }
  TiffDirectory& signed_rational(std::uint16_t tag, std::int32_t numerator, std::int32_t denominator) {
    const auto bits = [](std::int32_t value) { return std::uint64_t{static_cast<std::uint32_t>(value)}; };
    tags_[tag] = {type::kSignedRational, {bits(numerator), bits(denominator)}, {}, {}};
    return *this;
  }
  TiffDirectory& real(std::uint16_t tag, float value) {
    tags_[tag] = {type::kFloat, {std::bit_cast<std::uint32_t>(value)}, {}, {}};
    return *this;
  }
  TiffDirectory& real(std::uint16_t tag, double value) {
    tags_[tag] = {type::kDouble, {std::bit_cast<std::uint64_t>(value)}, {}, {}};
    return *this;
  }
  TiffDirectory& blob(std::uint16_t tag, const Bytes& bytes) {
    tags_[tag] = {type::kUndefined, {bytes.begin(), bytes.end()}, {}, {}};
    return *this;
  }
  TiffDirectory& remove(std::uint16_t tag) {
    tags_.erase(tag);
    return *this;
  }
  // The entry of `tag` claims this count, whatever is written.
  TiffDirectory& claim_count(std::uint16_t tag, std::uint64_t count) {
    tags_[tag].count = count;
    return *this;
  }
  // The entry of `tag` points there (its values are not inline).
  TiffDirectory& claim_offset(std::uint16_t tag, std::uint64_t offset) {
    tags_[tag].offset = offset;
    return *this;
  }
  // The stored bytes, row by row, plane after plane; an empty one is written as missing (offset 0, count 0).
  // The offset and count tags are those of tiles when TileWidth is set, else those of strips.
  TiffDirectory& tiles(std::vector<Bytes> tiles) {
    tiles_ = std::move(tiles);
    same_tile_.reset();
    return *this;
  }
  // `count` entries that all point to one copy of `bytes`: a large table in a small file.
  TiffDirectory& repeat_tile(std::size_t count, Bytes bytes) {
    tiles_.assign(count, {});
    same_tile_ = std::move(bytes);
    return *this;
  }
  // Without the offset and count tables (set them by hand with set()).
  TiffDirectory& no_tables() {
    tables_ = false;
    return *this;
  }
  TiffDirectory& sub(TiffDirectory directory) {  // listed in tag 330
    subs_.push_back(std::move(directory));
    return *this;
  }
  // Bends the next pointer to top-level directory `index` (SubIFDs have no next directory by default).
  TiffDirectory& next_is_top(std::size_t index) {
    next_top_ = index;
    return *this;
  }
  TiffDirectory& next_is_offset(std::uint64_t offset) {
    next_offset_ = offset;
    return *this;
  }

 private:
  friend class TiffWriter;
  std::map<std::uint16_t, Value> tags_;
  std::vector<Bytes> tiles_;
  std::optional<Bytes> same_tile_;
  std::vector<TiffDirectory> subs_;
  bool tables_ = true;
  std::optional<std::size_t> next_top_;
  std::optional<std::uint64_t> next_offset_;
};

// A plain image: RGB (or grey with one sample), 8 bit (or 16), uncompressed, filled with 128. `tile` 0: strips of 16
// rows.
inline TiffDirectory tiff_image(std::uint64_t width, std::uint64_t height, std::uint64_t tile,
                                std::uint64_t samples = 3, std::uint64_t bits = 8) {
  TiffDirectory directory;
  directory.set(tag::kWidth, {width}).set(tag::kHeight, {height}).set(tag::kCompression, {1});
  directory.set(tag::kBits, std::vector<std::uint64_t>(samples, bits)).set(tag::kSamples, {samples});
  directory.set(tag::kPhotometric, {samples >= 3 ? 2u : 1u});
  std::vector<Bytes> tiles;
  if (tile != 0) {
    directory.set(tag::kTileWidth, {tile}).set(tag::kTileHeight, {tile});
    const std::uint64_t count = ((width + tile - 1) / tile) * ((height + tile - 1) / tile);
    tiles.assign(count, Bytes(tile * tile * samples * bits / 8, 128));
  } else {
    directory.set(tag::kRowsPerStrip, {16});
    for (std::uint64_t y = 0; y < height; y += 16)
      tiles.emplace_back(width * std::min<std::uint64_t>(16, height - y) * samples * bits / 8, std::uint8_t{128});
  }
  return directory.tiles(std::move(tiles));
}

class TiffWriter {
 public:
  struct Format {
    bool big_tiff = false;
    bool big_endian = false;
  };

  TiffWriter() = default;
  explicit TiffWriter(Format format) : format_(format) {}

  TiffWriter& add(TiffDirectory directory) {
    tops_.push_back(std::move(directory));
    return *this;
  }
  TiffDirectory& top(std::size_t index) { return tops_.at(index); }

  [[nodiscard]] Bytes bytes() const {
    Output out{format_, {}};
    out.header();
    std::vector<Place> places;
    std::vector<std::pair<Place, const TiffDirectory*>> bent;
    for (const auto& directory : tops_) places.push_back(write(out, directory, bent));
    out.patch(out.first_pointer(), places.empty() ? 0 : places[0].offset);
    for (std::size_t i = 0; i + 1 < places.size(); ++i) out.patch(places[i].next_field, places[i + 1].offset);
    for (const auto& [place, directory] : bent) {
      if (directory->next_top_) out.patch(place.next_field, places.at(*directory->next_top_).offset);
      if (directory->next_offset_) out.patch(place.next_field, *directory->next_offset_);
    }
    return std::move(out.bytes);
  }
  [[nodiscard]] std::shared_ptr<const slide::ByteSource> source(std::string name = "memory.tif") const {
    return memory_source(bytes(), std::move(name));
  }

 private:
  struct Place {
    std::uint64_t offset = 0;
    std::uint64_t next_field = 0;
  };

  struct Output {
    Format format;
    Bytes bytes;

    void number(std::uint64_t value, std::size_t width) {
      for (std::size_t i = 0; i < width; ++i) {
        const std::size_t shift = 8 * (format.big_endian ? width - 1 - i : i);
        bytes.push_back(static_cast<std::uint8_t>(value >> shift));
      }
    }
    void patch(std::uint64_t at, std::uint64_t value) {
      Output field{format, {}};
      field.number(value, pointer());
      std::copy(field.bytes.begin(), field.bytes.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
    }
    [[nodiscard]] std::size_t pointer() const { return format.big_tiff ? 8 : 4; }
    [[nodiscard]] std::uint64_t first_pointer() const { return format.big_tiff ? 8 : 4; }
    void header() {
      bytes.insert(bytes.end(), 2, format.big_endian ? 'M' : 'I');
      number(format.big_tiff ? 43 : 42, 2);
      if (format.big_tiff) {
        number(8, 2);
        number(0, 2);
      }
      number(0, pointer());
    }
    void align() {
      if (bytes.size() % 2 != 0) bytes.push_back(0);
    }
  };

  static std::size_t width_of(std::uint16_t type) {
    switch (type) {
      case type::kByte:
      case type::kAscii:
      case 6:
      case type::kUndefined:
        return 1;
      case type::kShort:
      case 8:
        return 2;
      case 12:
      case type::kLong8:
      case 17:
      case 18:
        return 8;
      default:
        return 4;  // LONG, RATIONAL (two of them), IFD, FLOAT, unknown types
    }
  }

  // Stored bytes, SubIFDs, values that do not fit an entry, then the directory itself.
  static Place write(Output& out, const TiffDirectory& directory,
                     std::vector<std::pair<Place, const TiffDirectory*>>& bent) {
    auto tags = directory.tags_;
    write_tiles(out, directory, tags);
    std::vector<std::uint64_t> sub_offsets;
    for (const auto& sub : directory.subs_) sub_offsets.push_back(write(out, sub, bent).offset);
    if (!sub_offsets.empty())
      tags[tag::kSubIfds] = {out.format.big_tiff ? type::kLong8 : type::kLong, std::move(sub_offsets), {}, {}};
    std::map<std::uint16_t, std::uint64_t> outside;
    for (const auto& [number, value] : tags) {
      if (value.numbers.size() * width_of(value.type) <= out.pointer()) continue;
      out.align();
      outside[number] = out.bytes.size();
      for (const auto one : value.numbers) out.number(one, width_of(value.type));
    }
    out.align();
    Place place{out.bytes.size(), 0};
    out.number(tags.size(), out.format.big_tiff ? 8 : 2);
    for (const auto& [number, value] : tags) {
      const std::uint64_t each = value.type == type::kRational || value.type == type::kSignedRational ? 2 : 1;
      out.number(number, 2);
      out.number(value.type, 2);
      out.number(value.count.value_or(value.numbers.size() / each), out.pointer());
      const std::size_t end = out.bytes.size() + out.pointer();
      if (value.offset) {
        out.number(*value.offset, out.pointer());
      } else if (outside.count(number) != 0) {
        out.number(outside[number], out.pointer());
      } else {
        for (const auto one : value.numbers) out.number(one, width_of(value.type));
      }
      out.bytes.resize(end, 0);
    }
    place.next_field = out.bytes.size();
    out.number(0, out.pointer());
    if (directory.next_top_ || directory.next_offset_) bent.emplace_back(place, &directory);
    return place;
  }

  static void write_tiles(Output& out, const TiffDirectory& directory,
                          std::map<std::uint16_t, TiffDirectory::Value>& tags) {
    if (!directory.tables_) return;
    const bool tiled = tags.count(tag::kTileWidth) != 0;
    const std::uint16_t offsets_tag = tiled ? tag::kTileOffsets : tag::kStripOffsets;
    const std::uint16_t counts_tag = tiled ? tag::kTileCounts : tag::kStripCounts;
    const std::uint16_t width = out.format.big_tiff ? type::kLong8 : type::kLong;
    TiffDirectory::Value offsets{width, {}, {}, {}};
    TiffDirectory::Value counts{type::kLong, {}, {}, {}};
    const std::uint64_t shared_at = out.bytes.size();
    if (directory.same_tile_)
      out.bytes.insert(out.bytes.end(), directory.same_tile_->begin(), directory.same_tile_->end());
    for (const auto& tile : directory.tiles_) {
      const Bytes& bytes = directory.same_tile_ ? *directory.same_tile_ : tile;
      offsets.numbers.push_back(bytes.empty() ? 0 : directory.same_tile_ ? shared_at : out.bytes.size());
      counts.numbers.push_back(bytes.size());
      if (!directory.same_tile_) out.bytes.insert(out.bytes.end(), bytes.begin(), bytes.end());
    }
    tags.emplace(offsets_tag, std::move(offsets));  // keeps what a test has set by hand
    tags.emplace(counts_tag, std::move(counts));
  }

  Format format_;
  std::vector<TiffDirectory> tops_;
};

}  // namespace microtome::test
