// The window that is all of a tile, for TileDecoder::decode.
#pragma once

#include <array>

#include "decode/tile_window.h"

namespace microtome::test {

inline std::array<decode::TileWindow, 1> all_of(const RgbView& out) { return {{{0, 0, out}}}; }

}  // namespace microtome::test
