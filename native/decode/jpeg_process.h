// Who is to blame for a tile whose header names a process of JPEG that is not decoded here: the tile, or the slide.
#pragma once

#include <cstddef>

#include "core/error.h"
#include "slide/slide.h"

namespace microtome::decode {

// True when another tile of the level has a header that can be decoded: then the header of `tile` is damaged. Reads the
// beginning of a few tiles. False for a slide whose bytes come later: nothing is fetched to word an error.
[[nodiscard]] bool another_jpeg_decodes(const slide::Slide& slide, const slide::Storage& storage, std::size_t directory,
                                        TileAddress tile);

}  // namespace microtome::decode
