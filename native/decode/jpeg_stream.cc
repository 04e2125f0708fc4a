#include "decode/jpeg_stream.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

#include "decode/bad_tile.h"
#include "decode/jpeg_markers.h"

namespace microtome::decode {
namespace {

// One marker and, where it has one, its segment (length bytes included).
struct Segment {
  std::uint8_t marker = 0;
  std::size_t begin = 0;  // of the 0xFF before the marker
  std::size_t body = 0;   // of what follows the length
  std::size_t end = 0;
};

std::string hex(std::uint8_t value) {
  char text[8];
  std::snprintf(text, sizeof text, "0x%02X", value);
  return text;
}

// Walks the segments before the first scan. Every step is checked against the end of the bytes.
class SegmentReader {
 public:
  explicit SegmentReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {
    if (bytes.size() < 4 || bytes[0] != 0xFF || bytes[1] != jpeg_marker::kSoi)
      throw BadTile("the JPEG does not start with a start-of-image marker");
  }

  // True when nothing but padding is left.
  [[nodiscard]] bool at_end() const noexcept {
    return std::all_of(bytes_.begin() + static_cast<std::ptrdiff_t>(std::min(at_, bytes_.size())), bytes_.end(),
                       [](std::uint8_t byte) { return byte == 0 || byte == 0xFF; });
  }

  // The next segment; end-of-image has no body. Stops being callable after SOS or EOI.
  Segment next() {
    Segment segment;
    segment.begin = at_;
    if (byte(at_) != 0xFF) throw BadTile("JPEG: " + hex(byte(at_)) + " was found where a marker was expected");
    while (byte(at_) == 0xFF) ++at_;  // fill bytes
    segment.marker = byte(at_++);
    if (segment.marker == jpeg_marker::kEoi) {
      segment.body = segment.end = at_;
      return segment;
    }
    if (segment.marker < jpeg_marker::kSof0 || (segment.marker >= 0xD0 && segment.marker <= jpeg_marker::kSoi))
      throw BadTile("JPEG: unexpected marker " + hex(segment.marker));
    const std::size_t length = static_cast<std::size_t>(byte(at_)) << 8 | byte(at_ + 1);
    if (length < 2 || length > bytes_.size() - at_)
      throw BadTile("JPEG: the segment of marker " + hex(segment.marker) + " does not fit into the stored bytes");
    segment.body = at_ + 2;
    segment.end = at_ += length;
    return segment;
  }

 private:
  [[nodiscard]] std::uint8_t byte(std::size_t at) const {
    if (at >= bytes_.size()) throw BadTile("the JPEG ends before its first scan");
    return bytes_[at];
  }

  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 2;
};

bool is_frame(std::uint8_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != jpeg_marker::kDht && marker != 0xC8 && marker != 0xCC;
}

bool is_application_or_comment(std::uint8_t marker) {
  return (marker >= jpeg_marker::kApp0 && marker <= jpeg_marker::kApp15) || marker == jpeg_marker::kCom;
}

// The processes of ITU-T T.81 beside baseline, extended and progressive with Huffman codes; JPEG-LS has a standard of
// its own.
const char* process_name(std::uint8_t marker) {
  switch (marker) {
    case 0xC3:
      return "lossless JPEG (SOF3)";
    case 0xC5:
    case 0xC6:
    case 0xC7:
    case jpeg_marker::kDhp:
      return "hierarchical JPEG";
    case 0xC9:
    case 0xCA:
      return "arithmetic-coded JPEG";
    case 0xCB:
      return "arithmetic-coded lossless JPEG";
    case 0xCD:
    case 0xCE:
    case 0xCF:
      return "arithmetic-coded hierarchical JPEG";
    case jpeg_marker::kJpegLs:
      return "JPEG-LS";
    default:
      return nullptr;
  }
}

// Whether a segment has the form of a frame header, of whatever process: a damaged marker before other data has not.
bool may_be_frame(std::span<const std::uint8_t> body) {
  return body.size() >= 9 && body[0] >= 2 && body[0] <= 16 && (body[3] | body[4]) != 0 && body[5] != 0 &&
         body.size() == 6 + 3 * static_cast<std::size_t>(body[5]);
}

JpegFrame parse_frame(std::span<const std::uint8_t> body) {
  if (body.size() < 6) throw BadTile("JPEG: the frame header is too short");
  if (body[0] == 12) throw UnknownJpegProcess("JPEG of 12-bit samples");
  if (body[0] != 8) throw BadTile("the JPEG has " + std::to_string(body[0]) + " bits per sample, expected 8");
  JpegFrame frame;
  frame.height_px = body[1] << 8 | body[2];
  frame.width_px = body[3] << 8 | body[4];
  frame.components = body[5];
  if (frame.width_px == 0 || frame.height_px == 0) throw BadTile("the JPEG states no size");
  if (body.size() != 6 + 3 * static_cast<std::size_t>(frame.components))
    throw BadTile("JPEG: the frame header does not agree with its number of components");
  return frame;
}

void append(std::vector<std::uint8_t>& out, std::span<const std::uint8_t> bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

// Which tables the segments seen so far define, and which of them the frame and its first scan refer to. One bit for
// each table number; a body too short to say leaves its bit unset, which only makes the stream count as incomplete.
class TableUse {
 public:
  void define(std::uint8_t marker, std::span<const std::uint8_t> body) {
    if (marker == jpeg_marker::kDqt) define_each(body, quant_bytes, 15, quant_);
    if (marker == jpeg_marker::kDht) define_each(body, huffman_bytes, 31, huffman_);
  }

  void frame(std::uint8_t marker, std::span<const std::uint8_t> body) {
    sequential_ = marker != jpeg_marker::kSof2;
    components_ = body[5];
    for (int i = 0; i < components_; ++i) needs_quant_ |= bit(body[static_cast<std::size_t>(8 + 3 * i)]);
  }

  // The first scan. Refers to Huffman tables 0-15 (DC) and 16-31 (AC), as DHT numbers them.
  [[nodiscard]] bool complete_at(std::span<const std::uint8_t> scan) const {
    if (!sequential_ || scan.empty() || scan[0] != components_) return false;
    if (scan.size() < 1 + 2 * static_cast<std::size_t>(components_)) return false;
    std::uint32_t needs = 0;
    for (int i = 0; i < components_; ++i) {
      const std::uint8_t selectors = scan[static_cast<std::size_t>(2 + 2 * i)];
      needs |= bit(selectors >> 4) | bit((selectors & 15) | 16);
    }
    return (needs & ~huffman_) == 0 && (needs_quant_ & ~quant_) == 0;
  }

 private:
  static std::uint32_t bit(unsigned number) { return number < 32 ? 1u << number : 0; }

  static std::size_t quant_bytes(std::uint8_t head, std::span<const std::uint8_t>) { return head >> 4 == 0 ? 64 : 128; }

  static std::size_t huffman_bytes(std::uint8_t, std::span<const std::uint8_t> rest) {
    std::size_t symbols = 16;
    for (std::size_t i = 0; i < 16 && i < rest.size(); ++i) symbols += rest[i];
    return symbols;
  }

  // Each table is one byte with its number in `number_bits`, then as many as `size` says.
  template <typename Size>
  static void define_each(std::span<const std::uint8_t> body, Size size, unsigned number_bits, std::uint32_t& defined) {
    while (!body.empty()) {
      const std::uint8_t head = body[0];
      body = body.subspan(1);
      const std::size_t bytes = size(head, body);
      if (bytes > body.size()) return;
      defined |= bit(head & number_bits);
      body = body.subspan(bytes);
    }
  }

  std::uint32_t quant_ = 0, huffman_ = 0, needs_quant_ = 0;
  int components_ = 0;
  bool sequential_ = false;
};

// Some writers leave the end marker out: the tables are over where the bytes are.
void append_tables(std::span<const std::uint8_t> tables, TableUse& use, std::vector<std::uint8_t>& out) {
  if (tables.empty()) return;
  SegmentReader reader(tables);
  while (!reader.at_end()) {
    const Segment segment = reader.next();
    if (segment.marker == jpeg_marker::kEoi) return;
    if (segment.marker == jpeg_marker::kSos || is_frame(segment.marker)) throw BadTile("they hold image data");
    if (segment.marker != jpeg_marker::kDqt && segment.marker != jpeg_marker::kDht &&
        segment.marker != jpeg_marker::kDri)
      continue;
    append(out, tables.subspan(segment.begin, segment.end - segment.begin));
    use.define(segment.marker, tables.subspan(segment.body, segment.end - segment.body));
  }
}

// libjpeg takes the colour space from this marker before any other sign: 0 as stored, 1 YCbCr.
void append_adobe(int components, JpegColor color, std::vector<std::uint8_t>& out) {
  if (components != 3) return;
  const std::uint8_t transform = color == JpegColor::YCbCr ? 1 : 0;
  append(out, std::array<std::uint8_t, 16>{0xFF, jpeg_marker::kApp14, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0,
                                           0, transform});
}

}  // namespace

JpegFrame read_jpeg_frame(std::span<const std::uint8_t> tile) {
  SegmentReader reader(tile);
  JpegFrame frame;
  for (;;) {
    const Segment segment = reader.next();
    if (segment.marker == jpeg_marker::kEoi) throw BadTile("the JPEG holds no image data");
    if (segment.marker == jpeg_marker::kSos) {
      if (frame.components == 0) throw BadTile("JPEG: a scan comes before the frame header");
      return frame;
    }
    if (const char* process = process_name(segment.marker)) {
      if (!may_be_frame(tile.subspan(segment.body, segment.end - segment.body)))
        throw BadTile("JPEG: marker " + hex(segment.marker) + " is followed by no frame header");
      throw UnknownJpegProcess(std::string(process) + ", marker " + hex(segment.marker));
    }
    if (!is_frame(segment.marker)) continue;
    if (frame.components != 0) throw BadTile("the JPEG has more than one frame header");
    frame = parse_frame(tile.subspan(segment.body, segment.end - segment.body));
    if (frame.components == 0) throw BadTile("the JPEG has no components");
  }
}

void splice_jpeg(std::span<const std::uint8_t> tables, std::span<const std::uint8_t> tile, int components,
                 JpegColor color, JpegStream& stream) {
  std::vector<std::uint8_t>& out = stream.bytes;
  out.clear();
  out.reserve(tables.size() + tile.size() + 32);
  out.push_back(0xFF);
  out.push_back(jpeg_marker::kSoi);
  append_adobe(components, color, out);
  TableUse use;
  try {
    append_tables(tables, use, out);
  } catch (const BadTile& bad) {
    throw BadJpegTables(bad.what());
  }
  SegmentReader reader(tile);
  for (;;) {
    const Segment segment = reader.next();
    const auto body = tile.subspan(segment.body, segment.end - segment.body);
    if (segment.marker == jpeg_marker::kSos || segment.marker == jpeg_marker::kEoi) {
      stream.self_contained = segment.marker == jpeg_marker::kSos && use.complete_at(body);
      append(out, tile.subspan(segment.begin));  // the scans, and whatever stands between and after them
      return;
    }
    if (is_application_or_comment(segment.marker)) continue;
    append(out, tile.subspan(segment.begin, segment.end - segment.begin));
    if (is_frame(segment.marker)) use.frame(segment.marker, body);
    use.define(segment.marker, body);
  }
}

}  // namespace microtome::decode
