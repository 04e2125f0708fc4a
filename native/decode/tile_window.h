// A part of a stored tile and where its pixels go.
#pragma once

#include <cstdint>

#include "core/image.h"

namespace microtome::decode {

// Pixels [x, x + to.width_px) x [y, y + to.height_px) of the tile.
struct TileWindow {
  std::int64_t x = 0;
  std::int64_t y = 0;
  RgbView to;
};

}  // namespace microtome::decode
