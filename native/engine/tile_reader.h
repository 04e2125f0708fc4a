// What one thread needs to read tiles; nothing in it is shared, all of it is used again.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/image.h"
#include "core/large_memory.h"
#include "decode/tile_decoder.h"
#include "decode/tile_window.h"
#include "engine/image_scratch.h"
#include "preprocess/preprocess.h"
#include "preprocess/quality.h"

namespace microtome::engine {

struct TileReader {
  // That a tile of a group needs a stored tile.
  struct Use {
    std::uint32_t stored = 0;  // index among the plan's stored tiles
    std::uint32_t tile = 0;    // in the group
  };

  // What a tile of a group has of a stored tile.
  struct Part {
    std::uint32_t tile = 0;   // in the group
    std::int64_t from_x = 0;  // in the stored tile
    std::int64_t from_y = 0;
    std::int64_t to_x = 0;  // in the tile
    std::int64_t to_y = 0;
    std::int64_t width_px = 0;
    std::int64_t height_px = 0;
  };

  decode::TileDecoder decoder;
  RgbImage footprints;  // pixels of the level, where they must be reduced: those of a group below each other
  preprocess::ResizeScratch resize;
  preprocess::QualityScratch quality;
  LargeBytes pixels;  // between the decoder and a tensor: one stored tile, or the reduced tiles of a group
  std::vector<std::uint8_t> white;  // a row of a tile
  std::vector<TileAddress> ahead;
  std::vector<Use> uses;
  std::vector<Part> parts;  // of the stored tile that is visited
  std::vector<decode::TileWindow> windows;
  std::unique_ptr<ImageScratch> images;  // made when the first image comes that is no slide
  std::shared_ptr<const void> kept;      // the compressed bytes of a range whose source gives them later

  // Stored tiles that were white since this list was emptied, by index among the plan's; one may be there twice.
  std::vector<std::uint32_t> white_tiles;

  // Gives back what one unusually large job left behind.
  void trim(std::int64_t kept_bytes) {
    if (std::ssize(pixels) > kept_bytes) LargeBytes().swap(pixels);
    if (std::ssize(footprints.data) > kept_bytes) footprints = RgbImage();
  }
};

}  // namespace microtome::engine
