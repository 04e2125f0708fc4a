// JPEG 2000 codestreams, read by ourselves before OpenJPEG sees a byte: what they hold, that all of it is there, and
// that decoding takes no more time and memory than the tile is worth.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace microtome::decode {

struct Jpeg2000Component {
  int bits = 0;
  bool is_signed = false;
  int dx = 1;  // subsampling
  int dy = 1;
};

struct Jpeg2000Stream {
  std::span<const std::uint8_t> codestream;  // from start to end, out of its boxes when there are any
  std::int64_t width_px = 0;
  std::int64_t height_px = 0;
  std::vector<Jpeg2000Component> components;
  bool component_transform = false;  // the first three components are stored transformed
  bool by_openjpeg = false;          // its encoder left its name in a comment
  bool boxed = false;                // came in JP2's boxes
};

// Reads the main header and goes from tile-part to tile-part. Throws BadTile on damage, when a tile or a tile-part is
// missing, and for what no slide needs: images that do not begin at 0, more than 1024 tiles inside, coding that
// changes from tile to tile, more than 2^20 packets or 2^17 precincts. At most `components_most` components.
[[nodiscard]] Jpeg2000Stream read_jpeg2000(std::span<const std::uint8_t> tile, int components_most);

}  // namespace microtome::decode
