// What must hold of every slide that was opened, whatever its bytes are.
#pragma once

#include <cmath>
#include <set>
#include <string>

#include "decode/tile_rect.h"
#include "slide/slide.h"
#include "slide/storage.h"
#include "test/fuzz/fuzz_support.h"

namespace microtome::fuzz {

// Enough for a few levels and tiles, and little enough for thousands of runs a second.
inline slide::Limits tight_limits() {
  slide::Limits limits;
  limits.decoded_tile_bytes = 256 << 10;
  limits.stored_tile_bytes = 128 << 10;
  limits.directories = 12;
  limits.table_bytes = 32 << 10;
  limits.metadata_bytes = 16 << 10;
  limits.request_bytes = 512 << 10;
  return limits;
}

inline std::shared_ptr<const slide::Slide> open_or_refuse(const std::shared_ptr<const slide::ByteSource>& source,
                                                          const slide::Limits& limits) {
  std::shared_ptr<const slide::Slide> slide;
  slide::OpenOptions options;
  options.limits = limits;
  const auto error = try_it({Code::NOT_A_SLIDE, Code::UNSUPPORTED_COMPRESSION, Code::UNSUPPORTED_PIXELS,
                             Code::TRUNCATED, Code::LIMIT_EXCEEDED},
                            [&] { slide = slide::Slide::open(source, options); });
  if (error) REQUIRE(error->path() == source->name());
  return slide;
}

inline void check_storage(const slide::Storage& storage, const slide::Limits& limits) {
  constexpr std::int64_t kMostPx = INT32_MAX;
  for (const std::int64_t side : {storage.width_px, storage.height_px, storage.tile_width_px, storage.tile_height_px})
    REQUIRE(side >= 1 && side <= kMostPx);
  if (!storage.tiled) REQUIRE(storage.tile_width_px == storage.width_px && storage.tile_height_px <= storage.height_px);
  REQUIRE(storage.strip_parts >= 1);
  if (storage.strip_parts > 1)
    REQUIRE(!storage.tiled && storage.compression == slide::Compression::None && decode::tile_fits(storage, limits));
  REQUIRE(storage.bits == 8 || storage.bits == 16);
  REQUIRE(storage.samples >= 1);
  // Whatever the limit is, the bytes of a tile can be multiplied out.
  REQUIRE(slide::decoded_row_bytes(storage) <=
          (std::uint64_t{1} << 53) / static_cast<std::uint64_t>(storage.tile_height_px));
  const bool palette = storage.photometric == slide::Photometric::Palette;
  REQUIRE(storage.palette.size() == (palette ? std::size_t{3} << storage.bits : 0));
  const bool colour =
      storage.photometric == slide::Photometric::Rgb || storage.photometric == slide::Photometric::YCbCr;
  const int colours = colour ? 3 : 1;
  REQUIRE(storage.samples >= colours);
  if (storage.alpha == slide::Alpha::None)
    REQUIRE(storage.alpha_sample == -1);
  else
    REQUIRE(storage.alpha_sample >= colours && storage.alpha_sample < storage.samples);
  REQUIRE(storage.jpeg_tables.empty() || storage.compression == slide::Compression::Jpeg);
  REQUIRE(storage.fill_order == 1 || storage.fill_order == 2);
  REQUIRE(!storage.planar || storage.samples > 1);
  REQUIRE((storage.interval_height_px == 0) == storage.jpeg_head.empty());
  if (storage.interval_height_px != 0)
    REQUIRE(storage.tiled && storage.compression == slide::Compression::Jpeg && storage.samples == 3 &&
            storage.parts() >= 1 && storage.tile_height_px == storage.parts() * storage.interval_height_px);
}

inline void check_levels(const slide::Slide& slide) {
  const auto& levels = slide.levels();
  REQUIRE(!levels.empty());
  REQUIRE(levels[0].downsample == 1);
  for (std::size_t i = 0; i < levels.size(); ++i) {
    REQUIRE(levels[i].index == static_cast<int>(i));
    REQUIRE(std::isfinite(levels[i].downsample));
    check_storage(levels[i].storage, slide.limits());
    REQUIRE(levels[i].level0_width_px >= levels[0].storage.width_px);
    REQUIRE(levels[i].level0_height_px >= levels[0].storage.height_px);
    if (i == 0) continue;
    const auto& larger = levels[i - 1].storage;
    const auto& smaller = levels[i].storage;
    REQUIRE(smaller.width_px <= larger.width_px && smaller.height_px <= larger.height_px);
    REQUIRE(smaller.width_px < larger.width_px || smaller.height_px < larger.height_px);
    REQUIRE(levels[i].downsample > levels[i - 1].downsample);
  }
}

inline void check_slide(const slide::Slide& slide) {
  check_levels(slide);
  std::set<std::size_t> directories;
  for (const auto& level : slide.levels()) REQUIRE(directories.insert(level.directory).second);
  std::set<std::string> names;
  for (const auto& image : slide.associated()) {
    REQUIRE(!image.name.empty() && names.insert(image.name).second);
    REQUIRE(directories.insert(image.directory).second);
    REQUIRE(image.width_px >= 1 && image.height_px >= 1);
    REQUIRE(image.storage.has_value() == image.refusal.empty());
    if (!image.storage) continue;
    check_storage(*image.storage, slide.limits());
    REQUIRE(image.storage->width_px == image.width_px && image.storage->height_px == image.height_px);
  }
  REQUIRE(directories.size() <= slide.limits().directories);
  if (const auto& mpp = slide.mpp()) {
    REQUIRE(std::isfinite(mpp->x) && mpp->x > 0 && std::isfinite(mpp->y) && mpp->y > 0);
    REQUIRE(mpp->source == "aperio" || mpp->source == "ome" || mpp->source == "tiff" || mpp->source == "leica" ||
            mpp->source == "ventana" || mpp->source == "trestle");
  }
  REQUIRE(slide.orientation() >= 1 && slide.orientation() <= 8);
}

// One stored tile inside its level: missing, or inside the file and the limit, and the same when asked again.
inline void check_stored_tile(const slide::Slide& slide, std::size_t directory, std::int64_t column, std::int64_t row,
                              int part) {
  const auto ask = [&] { return slide.stored_tile(directory, column, row, part); };
  slide::StoredTile tile;
  const auto error = try_it({Code::TRUNCATED, Code::LIMIT_EXCEEDED, Code::CORRUPT_TILE}, [&] { tile = ask(); });
  if (error) return;
  REQUIRE(tile.bytes <= slide.limits().stored_tile_bytes);
  REQUIRE(tile.offset <= slide.source().size() && tile.bytes <= slide.source().size() - tile.offset);
  REQUIRE((tile.bytes == 0) == (tile.offset == 0));
  const slide::StoredTile again = ask();
  REQUIRE(again.offset == tile.offset && again.bytes == tile.bytes);
}

// `most` tiles spread over the level, first and last among them.
inline void for_some_tiles(const slide::Storage& storage, std::int64_t most,
                           const std::function<void(std::int64_t column, std::int64_t row)>& visit) {
  const std::int64_t count = storage.tiles_across() * storage.tiles_down();
  const std::int64_t visits = std::min(count, most);
  for (std::int64_t i = 0; i < visits; ++i) {
    const std::int64_t index = visits == 1 ? 0 : (count - 1) / (visits - 1) * i;
    visit(index % storage.tiles_across(), index / storage.tiles_across());
  }
}

}  // namespace microtome::fuzz
