// Stored tiles to RGB pixels. JPEG through our own baseline decoder or libjpeg-turbo; the codecs that are compiled in
// directly; every other one through libvips, which is given each stored tile alone, wrapped in a one-strip TIFF in
// memory, so that no state outlives a tile. A TileDecoder belongs to one thread at a time (it keeps a decompressor and
// scratch memory).
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "core/error.h"
#include "core/image.h"
#include "decode/codec_libraries.h"
#include "decode/codecs.h"
#include "decode/portable_jpeg.h"
#include "decode/tile_window.h"
#include "slide/slide.h"

namespace microtome::decode {

enum class TileState : std::uint8_t { Decoded, Missing };

class TileDecoder {
 public:
  TileDecoder();
  ~TileDecoder();
  TileDecoder(TileDecoder&&) noexcept;
  TileDecoder& operator=(TileDecoder&&) noexcept;

  // Decodes one stored tile and writes the pixels of `windows`, which lie within its size: straight to their places by
  // our own JPEG decoder, and by every codec where there is one window, of all that is stored. What the tile has no
  // pixels for is white, and so is all of it when it is missing.
  // Throws CORRUPT_TILE (libjpeg warnings included), TRUNCATED, LIMIT_EXCEEDED, with path and tile address set.
  TileState decode(const slide::Slide& slide, const slide::Storage& storage, std::size_t directory, TileAddress address,
                   std::span<const TileWindow> windows);

  // Whether this storage's tiles can be decoded at 1/reduction of their sides (2, 4 or 8): JPEG of three samples whose
  // tile sides are multiples of it.
  [[nodiscard]] static bool can_reduce(const slide::Storage& storage, int reduction) noexcept;
  // The whole tile at 1/reduction of its sides, straight from the JPEG coefficients (block averages, not the pixels
  // that reducing the full picture would give). `out` has the tile's size divided by it. Throws as decode().
  TileState decode_reduced(const slide::Slide& slide, const slide::Storage& storage, std::size_t directory,
                           TileAddress address, int reduction, RgbView out);

  // Whether the tiles of this storage may be JPEG streams that take_jpeg() gives.
  [[nodiscard]] static bool may_give_jpeg(const slide::Storage& storage) noexcept;
  // The stored tile as a complete JPEG stream at the front of `room`, for a decoder that is not one of ours. Nothing
  // unless it is a stream of the kind of PortableJpeg, of the tile's whole size, that fits: a tile that is missing or
  // damaged has no stream, and decode() says what is wrong with it.
  [[nodiscard]] std::optional<PortableJpeg> take_jpeg(const slide::Slide& slide, const slide::Storage& storage,
                                                      std::size_t directory, TileAddress address,
                                                      std::span<std::uint8_t> room);

  // Fetches the compressed bytes of tiles that will be decoded next, neighbours with one read. A hint: what could not
  // be fetched is read when it is decoded. The caller must forget them before the slide goes.
  void read_ahead(const slide::Slide& slide, const slide::Storage& storage, std::size_t directory,
                  std::span<const TileAddress> addresses);
  void forget_read_ahead() noexcept;

  // decode() in two steps, for callers that take a tile a few rows at a time: load() decodes and keeps the samples
  // until the next call of load(), decode() or decode_reduced(); copy() converts the window whose top left pixel of the
  // tile is (x, y) and that is as large as `out`. What the tile has no pixels for is white. `storage` is borrowed and
  // must outlive the copies.
  TileState load(const slide::Slide& slide, const slide::Storage& storage, std::size_t directory, TileAddress address);
  void copy(std::int64_t x, std::int64_t y, RgbView out) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace microtome::decode
