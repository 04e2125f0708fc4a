// For slides whose bytes come later: are the compressed bytes of these stored tiles here?
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/error.h"
#include "slide/slide.h"

namespace microtome::decode {

// So many stored tiles are asked for at once by those who read one after another.
inline constexpr std::int64_t kTilesAtOnce = 64;

// Throws BytesPending, naming all that is missing, unless every one of them is here. What comes back keeps them here;
// it is null for a file. What is wrong with a tile is not said here: whoever decodes it gets the error that names it.
[[nodiscard]] std::shared_ptr<const void> require_stored_tiles(const slide::Slide& slide, const slide::Storage& storage,
                                                               std::size_t directory,
                                                               std::span<const TileAddress> tiles);

// Where their bytes are in the source. Throws BytesPending where the tables that say so are not here.
[[nodiscard]] std::vector<slide::ByteRange> stored_ranges(const slide::Slide& slide, const slide::Storage& storage,
                                                          std::size_t directory, std::span<const TileAddress> tiles);

}  // namespace microtome::decode
