// Writes NDPIs for tests: classic little-endian TIFFs with pointers of 8 bytes to directories, and the upper half of
// every entry's value behind them. Pieces may lie far apart, so that a file of many gigabytes takes kilobytes. It
// checks nothing: what is asked for is written.
//
//   IntervalJpeg level = interval_jpeg(tool, picture, 512, 64, {.interval_px = 128});
//   NdpiWriter file;
//   file.add({.width = 512, .height = 64, .jpeg = level.jpeg, .starts = level.starts, .lens = 20});
//   auto slide = slide::Slide::open(file.source());  // level.pixels is what it should read
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "slide/byte_source.h"
#include "test/support/jpeg_tool.h"

namespace microtome::test {

// Bytes at some places, zeros between them.
class SparseSource final : public slide::ByteSource {
 public:
  explicit SparseSource(std::map<std::uint64_t, Bytes> pieces) : pieces_(std::move(pieces)) {
    if (!pieces_.empty()) size_ = std::prev(pieces_.end())->first + std::prev(pieces_.end())->second.size();
  }
  [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  void read(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    if (offset > size_ || out.size() > size_ - offset)
      throw Error(Code::TRUNCATED, Stage::Slide, "the source ends before the bytes asked for").with_path(name_);
    std::fill(out.begin(), out.end(), std::uint8_t{0});
    const std::uint64_t end = offset + out.size();
    for (const auto& [at, bytes] : pieces_) {
      const std::uint64_t first = std::max(at, offset), last = std::min(at + bytes.size(), end);
      if (first < last) std::memcpy(out.data() + (first - offset), bytes.data() + (first - at), last - first);
    }
  }

 private:
  std::map<std::uint64_t, Bytes> pieces_;
  std::uint64_t size_ = 0;
  std::string name_ = "sparse.ndpi";
};

struct IntervalJpeg {
  Bytes jpeg;
  std::vector<std::uint64_t> starts;  // of the intervals, from the beginning of the JPEG
  Bytes pixels;                       // RGB: every interval decoded as a JPEG of its own
};

struct IntervalShape {
  int interval_px = 128;                            // wide; one row of MCUs high
  int mcu_rows = 8;                                 // high: 16 for 4:2:0
  JpegTool::Options options{.half_chroma = false};  // 4:4:4
  std::optional<std::pair<int, int>> stated = {};   // the frame's size, where it is not the truth
  bool restart_markers = true;                      // false: the bytes are there, DRI says 0
};

inline std::size_t jpeg_head_bytes(const Bytes& jpeg) {
  for (std::size_t at = 2;;) {
    const std::uint8_t marker = jpeg.at(at + 1);
    at += 2 + (static_cast<std::size_t>(jpeg.at(at + 2)) << 8 | jpeg.at(at + 3));
    if (marker == 0xDA) return at;
  }
}

// One JPEG of `width` x `height` pixels with restart markers. The interval of each MCU row is encoded alone: a restart
// forgets all that went before. `height` is a multiple of mcu_rows, `width` of interval_px.
inline IntervalJpeg interval_jpeg(const JpegTool& tool, const Bytes& rgb, int width, int height, IntervalShape shape) {
  const int rows = shape.mcu_rows, step = shape.interval_px;
  const auto row_bytes = static_cast<std::size_t>(3 * step);
  IntervalJpeg out;
  out.pixels.resize(rgb.size());
  Bytes scan;
  for (int y = 0, number = 0; y < height; y += rows)
    for (int x = 0; x < width; x += step, ++number) {
      Bytes part;
      const auto place = [&](int row) {
        return static_cast<std::size_t>(3) * static_cast<std::size_t>((y + row) * width + x);
      };
      for (int row = 0; row < rows; ++row)
        part.insert(part.end(), rgb.begin() + static_cast<std::ptrdiff_t>(place(row)),
                    rgb.begin() + static_cast<std::ptrdiff_t>(place(row) + row_bytes));
      const Bytes jpeg = tool.encode(part, step, rows, shape.options);
      const std::size_t head = jpeg_head_bytes(jpeg);
      if (number == 0) out.jpeg.assign(jpeg.begin(), jpeg.begin() + static_cast<std::ptrdiff_t>(head));
      if (number > 0) scan.insert(scan.end(), {0xFF, static_cast<std::uint8_t>(0xD0 + (number - 1) % 8)});
      out.starts.push_back(scan.size());
      scan.insert(scan.end(), jpeg.begin() + static_cast<std::ptrdiff_t>(head), jpeg.end() - 2);
      const Bytes decoded = tool.decode(jpeg, step, rows);
      for (int row = 0; row < rows; ++row)
        std::copy_n(decoded.begin() + row * 3 * step, row_bytes,
                    out.pixels.begin() + static_cast<std::ptrdiff_t>(place(row)));
    }
  // The frame's size, and DRI before the scan.
  const auto [stated_width, stated_height] = shape.stated.value_or(std::pair(width, height));
  const int mcus = step / (shape.options.half_chroma || shape.options.half_width ? 16 : 8);
  for (std::size_t at = 2; at < out.jpeg.size();) {
    const std::uint8_t marker = out.jpeg[at + 1];
    const std::size_t bytes = 2 + (static_cast<std::size_t>(out.jpeg[at + 2]) << 8 | out.jpeg[at + 3]);
    if (marker == 0xC0) {
      const int sides[] = {stated_height, stated_width};
      for (std::size_t i = 0; i < 2; ++i) {
        out.jpeg[at + 5 + 2 * i] = static_cast<std::uint8_t>(sides[i] >> 8);
        out.jpeg[at + 6 + 2 * i] = static_cast<std::uint8_t>(sides[i]);
      }
    }
    if (marker == 0xDA && shape.restart_markers) {
      const std::uint8_t dri[] = {
          0xFF, 0xDD, 0, 4, static_cast<std::uint8_t>(mcus >> 8), static_cast<std::uint8_t>(mcus)};
      out.jpeg.insert(out.jpeg.begin() + static_cast<std::ptrdiff_t>(at), std::begin(dri), std::end(dri));
      break;
    }
    at += bytes;
  }
  for (std::uint64_t& start : out.starts) start += out.jpeg.size();
  out.jpeg.insert(out.jpeg.end(), scan.begin(), scan.end());
  out.jpeg.insert(out.jpeg.end(), {0xFF, 0xD9});
  return out;
}

class NdpiWriter {
 public:
  struct Page {
    std::uint64_t width = 0;
    std::uint64_t height = 0;
    Bytes jpeg;
    std::vector<std::uint64_t> starts;  // empty: no table
    float lens = 20;
    std::int32_t z = 0;
    std::string reference = "R-17";
    std::string properties = "Objective.Lens.Magnificant=20\r\nCreated=2026/01/02\r\nNothing=\r\nNo equals\r\n";
    std::uint64_t before_jpeg = 0;  // bytes left out before its JPEG, and before its directory
    std::uint64_t before_directory = 0;
    std::uint16_t compression = 7;
    std::optional<std::uint64_t> stated_bytes = {};  // of the JPEG, where that is not the truth
  };

  NdpiWriter& add(Page page) {
    pages_.push_back(std::move(page));
    return *this;
  }
  Page& page(std::size_t index) { return pages_.at(index); }

  [[nodiscard]] std::map<std::uint64_t, Bytes> pieces() const {
    std::map<std::uint64_t, Bytes> out;
    Bytes header{'I', 'I', 42, 0};
    std::uint64_t at = 12;
    std::vector<std::uint64_t> directories;
    std::vector<Bytes> bodies;
    std::vector<std::size_t> next_fields;
    for (const Page& page : pages_) {
      at += page.before_jpeg;
      const std::uint64_t jpeg_at = at;
      out[at] = page.jpeg;
      at += page.jpeg.size() + page.before_directory;
      Values values;
      Bytes entries, upper;
      const auto all = entries_of(page, jpeg_at, values, at);
      for (const Entry& entry : all) {
        number(entries, entry.tag, 2);
        number(entries, entry.type, 2);
        number(entries, entry.count, 4);
        number(entries, entry.value & 0xFFFFFFFF, 4);
        number(upper, entry.value >> 32, 4);
      }
      out[at] = values.bytes;
      at += values.bytes.size();
      directories.push_back(at);
      Bytes body;
      number(body, all.size(), 2);
      body.insert(body.end(), entries.begin(), entries.end());
      next_fields.push_back(body.size());
      number(body, 0, 8);
      body.insert(body.end(), upper.begin(), upper.end());
      at += body.size();
      bodies.push_back(std::move(body));
    }
    number(header, directories.empty() ? 0 : directories[0], 8);
    out[0] = header;
    for (std::size_t i = 0; i < bodies.size(); ++i) {
      Bytes next;
      number(next, i + 1 < directories.size() ? directories[i + 1] : 0, 8);
      std::copy(next.begin(), next.end(), bodies[i].begin() + static_cast<std::ptrdiff_t>(next_fields[i]));
      out[directories[i]] = bodies[i];
    }
    return out;
  }
  [[nodiscard]] std::shared_ptr<const slide::ByteSource> source() const {
    return std::make_shared<SparseSource>(pieces());
  }
  // All of it; for files without gaps.
  [[nodiscard]] Bytes bytes() const {
    Bytes all(SparseSource(pieces()).size());
    SparseSource(pieces()).read(0, all);
    return all;
  }

 private:
  struct Entry {
    std::uint16_t tag = 0;
    std::uint16_t type = 0;
    std::uint64_t count = 0;
    std::uint64_t value = 0;  // or the offset of the values
  };
  struct Values {
    Bytes bytes;
  };

  static void number(Bytes& out, std::uint64_t value, int width) {
    for (int i = 0; i < width; ++i) out.push_back(static_cast<std::uint8_t>(value >> 8 * i));
  }

  static std::vector<Entry> entries_of(const Page& page, std::uint64_t jpeg_at, Values& values, std::uint64_t at) {
    constexpr std::uint16_t kAscii = 2, kShort = 3, kLong = 4, kRational = 5, kSignedLong = 9, kFloat = 11;
    std::vector<Entry> all;
    const auto one = [&](std::uint16_t tag, std::uint16_t type, std::uint64_t value) {
      all.push_back({tag, type, 1, value});
    };
    const auto apart = [&](std::uint16_t tag, std::uint16_t type, std::uint64_t count, const Bytes& bytes) {
      all.push_back({tag, type, count, at + values.bytes.size()});
      values.bytes.insert(values.bytes.end(), bytes.begin(), bytes.end());
    };
    const auto longs = [&](std::uint16_t tag, int shift) {
      if (page.starts.empty()) return;
      if (page.starts.size() == 1) return one(tag, kLong, page.starts[0] >> shift & 0xFFFFFFFF);
      Bytes bytes;
      for (const std::uint64_t start : page.starts) number(bytes, start >> shift & 0xFFFFFFFF, 4);
      apart(tag, kLong, page.starts.size(), bytes);
    };
    const auto text = [&](std::uint16_t tag, const std::string& value) {
      Bytes bytes(value.begin(), value.end());
      bytes.push_back(0);
      apart(tag, kAscii, bytes.size(), bytes);
    };
    Bytes resolution, bits;
    number(resolution, 40000, 4);
    number(resolution, 1, 4);
    for (int i = 0; i < 3; ++i) number(bits, 8, 2);
    one(256, kLong, page.width);
    one(257, kLong, page.height);
    apart(258, kShort, 3, bits);
    one(259, kShort, page.compression);
    one(262, kShort, 6);
    text(271, "Hamamatsu");
    one(273, kLong, jpeg_at);
    one(277, kShort, 3);
    one(278, kLong, page.height);
    one(279, kLong, page.stated_bytes.value_or(page.jpeg.size()));
    apart(282, kRational, 1, resolution);
    apart(283, kRational, 1, resolution);
    one(296, kShort, 3);
    one(65420, kLong, 1);
    one(65421, kFloat, std::bit_cast<std::uint32_t>(page.lens));
    one(65422, kSignedLong, static_cast<std::uint32_t>(-1500));
    one(65423, kSignedLong, 2500);
    one(65424, kSignedLong, static_cast<std::uint32_t>(page.z));
    longs(65426, 0);
    text(65427, page.reference);
    longs(65432, 32);
    text(65449, page.properties);
    return all;
  }

  std::vector<Page> pages_;
};

}  // namespace microtome::test
