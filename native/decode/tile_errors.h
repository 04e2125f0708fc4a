// What a codec throws for a stored tile, turned into an error that says where, and who is to blame: the tile, or the
// slide.
#pragma once

#include <cstddef>

#include "core/error.h"
#include "slide/slide.h"

namespace microtome::decode {

// One tile of one level, or of an associated image (level -1).
struct TilePlace {
  const slide::Slide& slide;
  const slide::Storage& storage;
  std::size_t directory = 0;
  TileAddress address;
};

// From inside a handler: throws what is being handled again, as an Error with the path and a code of the table. It has
// the tile's address unless something that all tiles share is damaged. What is no Error of the tile passes unchanged.
[[noreturn]] void rethrow_at(const TilePlace& place);

template <typename Work>
auto with_address(const TilePlace& place, const Work& work) {
  try {
    return work();
  } catch (...) {
    rethrow_at(place);
  }
}

// The slide's own errors name the tile in their text; here they get the path and the address as data.
[[nodiscard]] slide::StoredTile find_tile(const slide::Slide& slide, std::size_t directory, TileAddress address,
                                          int part);

}  // namespace microtome::decode
