// JPEG marker segments, read before any decoder sees a byte: what the frame holds, and how a stored
// tile, its shared tables and the colour space of the TIFF tag become one complete stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace microtome::decode {

// How the samples of a JPEG are to be understood, by the slide's photometric tag. Never guessed from markers.
enum class JpegColor : std::uint8_t { AsStored, YCbCr };

struct JpegFrame {
  std::int64_t width_px = 0;
  std::int64_t height_px = 0;
  int components = 0;
};

// Reads the segments up to the first scan. Throws BadTile unless the stream is a baseline, extended or progressive
// Huffman-coded JPEG of 8 bits with a size, and its segments lie within it; UnknownJpegProcess where the header names
// another process of JPEG.
[[nodiscard]] JpegFrame read_jpeg_frame(std::span<const std::uint8_t> tile);

// A complete stream and whether it brings every table it needs.
struct JpegStream {
  std::vector<std::uint8_t> bytes;
  // Every quantisation and Huffman table that the first scan refers to is in `bytes` before it, and one scan is all
  // there is to the image. Else a decompressor that is kept from tile to tile would fill the gap with the tables of the
  // tile before: such a stream needs a new one.
  bool self_contained = false;
};

// Writes into `out` (whose memory is used again): start of image, an Adobe marker that states the colour space (three
// components), the tables of the slide (TIFF tag 347; an end marker is not asked for), and the tile without its own
// APPn markers and comments. Throws BadTile on damaged segments of the tile, BadJpegTables on damaged tables; `tile`
// must have passed read_jpeg_frame.
void splice_jpeg(std::span<const std::uint8_t> tables, std::span<const std::uint8_t> tile, int components,
                 JpegColor color, JpegStream& out);

}  // namespace microtome::decode
