// A rectangle of one level made small, stored tile by stored tile. What the level leaves out can be made from the next
// finer one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/cancel_token.h"
#include "core/image.h"
#include "decode/area_average.h"
#include "decode/bad_tile.h"
#include "decode/tile_decoder.h"
#include "slide/slide.h"

namespace microtome::decode {

// What a stored tile that the file leaves out becomes: white, or the picture that the finer levels have of its place.
enum class MissingTiles : std::uint8_t { White, FromFiner };

struct AreaCounts {
  std::int64_t bad_tiles = 0;      // could not be decoded; white under Fill
  std::int64_t missing_tiles = 0;  // of the level, white
  std::int64_t made_tiles = 0;     // of the level, missing and made from finer ones
  // Of missing_tiles: a finer level has something there, but making them would take too much work.
  std::int64_t costly_tiles = 0;
};

// What the readers of one picture share.
struct AreaShared {
  AreaShared(const slide::Slide& from, BadTilePolicy policy, MissingTiles missing);

  // So many tiles of finer levels are decoded at most for one picture: about twenty seconds of one core.
  static constexpr std::int64_t kMostFinerTiles = 16384;
  // And so many are looked for: a large slide has a few million in all its levels.
  static constexpr std::int64_t kMostLookUps = 1 << 25;

  // The next finer level that can be decoded; nothing for the finest.
  [[nodiscard]] std::optional<std::size_t> finer(std::size_t level) const noexcept;

  const slide::Slide& slide;
  const BadTilePolicy on_bad_tile;
  const MissingTiles missing_tiles;
  const std::vector<bool> decodable;  // by level; only where tiles are made from finer ones
  AreaCounts counts;
  std::int64_t finer_tiles_left = kMostFinerTiles;
  std::int64_t look_ups_left = kMostLookUps;
};

// In pixels of a level, inside it.
struct Area {
  std::int64_t x = 0;
  std::int64_t y = 0;
  std::int64_t width_px = 0;
  std::int64_t height_px = 0;
};

// Reads a level in bands, so that memory stays bounded whatever its size. Where the slide's bytes come later, read()
// throws BytesPending; called again when they are here it goes on where it stopped. One thread at a time. What it was
// made from outlives it.
class AreaReader {
 public:
  // `out` is no larger than `area` in either direction. `finer`: this is a part of a picture of a coarser level.
  AreaReader(AreaShared& shared, std::size_t level, Area area, RgbView out, bool finer = false);
  ~AreaReader();
  AreaReader(const AreaReader&) = delete;
  AreaReader& operator=(const AreaReader&) = delete;

  void read(TileDecoder& decoder, const CancelToken* cancel);

  // After read(): something was decoded, here or in a finer level.
  [[nodiscard]] bool found() const noexcept { return found_; }
  // After read(): something that a finer level has was left white for the work that it takes.
  [[nodiscard]] bool costly() const noexcept { return costly_; }

  // Memory of pieces made from finer levels, for a picture read from `level`.
  [[nodiscard]] static std::int64_t finer_bytes(const slide::Slide& slide, std::size_t level) noexcept;

 private:
  struct Made;

  [[nodiscard]] TileAddress address_of(std::int64_t index) const noexcept;
  [[nodiscard]] Area part_of(TileAddress address) const noexcept;
  void require_bytes();
  void add_next(TileDecoder& decoder, const CancelToken* cancel);
  void add_tile(TileDecoder& decoder, TileAddress address);
  // White where `decoder` is null; else the tile that it has loaded.
  void add_pixels(const TileDecoder* decoder, TileAddress address);
  void add_missing(TileAddress address);
  void add_made(TileDecoder& decoder, const CancelToken* cancel);
  void start_piece();

  AreaShared& shared_;
  const slide::Level& level_;
  const std::size_t level_number_;
  const bool finer_;
  const Area area_;
  AreaAverage average_;
  const std::int64_t first_column_;
  const std::int64_t first_row_;
  const std::int64_t columns_;  // stored tiles that the area touches
  const std::int64_t rows_;
  std::vector<std::uint8_t> rgb_;
  std::int64_t next_ = 0;             // of those, row by row
  std::int64_t required_ = 0;         // the bytes of those before it are here
  std::shared_ptr<const void> kept_;  // as long as this lives
  bool in_band_ = false;
  std::unique_ptr<Made> made_;  // the missing tile that is being made
  bool found_ = false;
  bool costly_ = false;
};

}  // namespace microtome::decode
