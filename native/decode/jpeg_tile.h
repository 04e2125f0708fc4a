// One stored tile of JPEG at a time: made a complete stream, then decoded by whoever may. Used by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "decode/baseline_jpeg.h"
#include "decode/jpeg_decoder.h"
#include "decode/jpeg_stream.h"
#include "decode/tile_window.h"
#include "slide/slide.h"

namespace microtome::decode {

class JpegTile {
 public:
  // The tile's bytes, of which `frame` was read, with the slide's tables. What its colours are, the slide's photometric
  // tag says alone. Throws BadTile, see splice_jpeg.
  void load(const slide::Storage& storage, std::span<const std::uint8_t> tile, const JpegFrame& frame);

  // As it was loaded: complete.
  [[nodiscard]] std::span<const std::uint8_t> stream() const noexcept { return stream_.bytes; }

  // By our own decoder, which takes most tiles of colour, see BaselineJpeg. False: not this one.
  [[nodiscard]] bool decode_baseline(std::span<const TileWindow> windows);

  // By libjpeg-turbo, into packed 8-bit grey or RGB at 1/reduction of the sides, see JpegDecoder. Throws BadTile on
  // damage; `out` then holds anything.
  void decode_turbo(int reduction, std::uint8_t* out, std::int64_t stride_bytes);

  // Gives scratch memory back where it is more than this.
  void trim(std::size_t kept_bytes) noexcept;

 private:
  JpegStream stream_;
  JpegFrame frame_;
  BaselineJpeg baseline_;
  std::optional<JpegDecoder> turbo_;  // opened when needed
};

}  // namespace microtome::decode
