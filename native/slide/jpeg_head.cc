#include "slide/jpeg_head.h"

#include <algorithm>

#include "slide/jpeg_marker.h"

namespace microtome::slide {
namespace {

constexpr std::int64_t kBlockPx = 8;

using Bytes = std::span<const std::uint8_t>;

std::int64_t pair_at(Bytes bytes, std::size_t at) { return bytes[at] << 8 | bytes[at + 1]; }

struct Segment {
  std::uint8_t marker = 0;
  std::size_t begin = 0;  // of the 0xFF
  std::size_t end = 0;
  Bytes body;  // behind the length
};

// Nothing where the bytes are over or hold something else.
std::optional<Segment> segment_at(Bytes stream, std::size_t at) {
  Segment segment;
  segment.begin = at;
  while (at + 1 < stream.size() && stream[at] == 0xFF && stream[at + 1] == 0xFF) ++at;  // fill bytes
  if (stream.size() - std::min(at, stream.size()) < 4 || stream[at] != 0xFF) return std::nullopt;
  segment.marker = stream[at + 1];
  if (segment.marker < jpeg_marker::kSof0 ||
      (segment.marker >= jpeg_marker::kRst0 && segment.marker <= jpeg_marker::kEoi))
    return std::nullopt;
  const auto length = static_cast<std::size_t>(pair_at(stream, at + 2));
  if (length < 2 || length > stream.size() - at - 2) return std::nullopt;
  segment.end = at + 2 + length;
  segment.body = stream.subspan(at + 4, length - 2);
  return segment;
}

bool read_frame(Bytes body, JpegHead& head) {
  if (head.components != 0 || body.size() < 6 || body[0] != 8) return false;
  head.height_px = pair_at(body, 1);
  head.width_px = pair_at(body, 3);
  head.components = body[5];
  if (head.components == 0 || body.size() != 6 + 3 * static_cast<std::size_t>(head.components)) return false;
  std::int64_t across = 1, down = 1;  // blocks of an MCU
  for (int i = 0; i < head.components; ++i) {
    const std::uint8_t sampling = body[static_cast<std::size_t>(7 + 3 * i)];
    const std::int64_t h = sampling >> 4, v = sampling & 15;
    if (h < 1 || h > 4 || v < 1 || v > 4) return false;
    across = std::max(across, h);
    down = std::max(down, v);
  }
  // One component alone is not interleaved: its MCU is a block, whatever its sampling.
  head.mcu_width_px = kBlockPx * (head.components == 1 ? 1 : across);
  head.mcu_height_px = kBlockPx * (head.components == 1 ? 1 : down);
  return true;
}

}  // namespace

std::optional<JpegHead> read_jpeg_head(Bytes stream) {
  if (stream.size() < 2 || stream[0] != 0xFF || stream[1] != jpeg_marker::kSoi) return std::nullopt;
  JpegHead head;
  for (std::size_t at = 2;;) {
    const auto segment = segment_at(stream, at);
    if (!segment) return std::nullopt;
    at = segment->end;
    const Bytes body = segment->body;
    if (jpeg_marker::is_frame(segment->marker)) {
      if ((segment->marker != jpeg_marker::kSof0 && segment->marker != jpeg_marker::kSof1) || !read_frame(body, head))
        return std::nullopt;
    } else if (segment->marker == jpeg_marker::kDri) {
      if (body.size() != 2) return std::nullopt;
      head.restart_mcus = pair_at(body, 0);
    } else if (segment->marker == jpeg_marker::kSos) {
      if (head.components == 0 || body.empty() || body[0] != head.components) return std::nullopt;
      head.bytes = at;
      return head;
    }
  }
}

std::vector<std::uint8_t> jpeg_head_of_size(Bytes stream, std::int64_t width_px, std::int64_t height_px) {
  std::vector<std::uint8_t> out(stream.begin(), stream.begin() + 2);
  for (std::size_t at = 2;;) {
    const auto segment = segment_at(stream, at);
    if (!segment) return out;  // read_jpeg_head() has seen them all
    at = segment->end;
    if (segment->marker == jpeg_marker::kDri) continue;
    const Bytes all = stream.subspan(segment->begin, segment->end - segment->begin);
    out.insert(out.end(), all.begin(), all.end());
    if (jpeg_marker::is_frame(segment->marker)) {
      std::uint8_t* const size = out.data() + out.size() - segment->body.size() + 1;
      size[0] = static_cast<std::uint8_t>(height_px >> 8);
      size[1] = static_cast<std::uint8_t>(height_px);
      size[2] = static_cast<std::uint8_t>(width_px >> 8);
      size[3] = static_cast<std::uint8_t>(width_px);
    }
    if (segment->marker == jpeg_marker::kSos) return out;
  }
}

}  // namespace microtome::slide
