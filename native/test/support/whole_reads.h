// Regions and overviews in one go, of a slide whose bytes are all there.
#pragma once

#include <cstddef>
#include <cstdint>

#include "decode/overview.h"
#include "decode/region.h"

namespace microtome::test {

[[nodiscard]] inline decode::Region read_region(decode::TileDecoder& decoder, const slide::Slide& slide,
                                                const slide::Storage& storage, std::size_t directory, int level,
                                                const decode::RegionRequest& request, const CancelToken* cancel) {
  return decode::RegionReader(slide, {&storage, directory, level}, request).read(decoder, cancel);
}

[[nodiscard]] inline decode::Region read_overview(decode::TileDecoder& decoder, const slide::Slide& slide,
                                                  std::int64_t max_side_px, decode::BadTilePolicy on_bad_tile,
                                                  const CancelToken* cancel) {
  return decode::OverviewReader(slide, max_side_px, on_bad_tile).read(decoder, cancel);
}

}  // namespace microtome::test
