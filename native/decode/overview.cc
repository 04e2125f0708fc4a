#include "decode/overview.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <string>
#include <utility>

#include "decode/tile_rect.h"

namespace microtome::decode {
namespace {

using slide::Level;

std::int64_t longer_side(const Level& level) { return std::max(level.storage.width_px, level.storage.height_px); }

// The smallest level whose longer side is at least `side_px`; level 0 when none is. One with tiles that are too large
// to be decoded is passed over.
const Level& level_for(const slide::Slide& slide, std::int64_t side_px) {
  const Level* best = &slide.levels().front();
  for (const Level& level : slide.levels())
    if (longer_side(level) >= side_px && longer_side(level) < longer_side(*best) &&
        tile_fits(level.storage, slide.limits()))
      best = &level;
  return *best;
}

// A side of the overview: in proportion, rounded, at least one pixel, never more than the level has.
std::int64_t reduced(std::int64_t side_px, std::int64_t longer_px, std::int64_t max_side_px) {
  if (longer_px <= max_side_px) return side_px;
  const double exact = static_cast<double>(side_px) * static_cast<double>(max_side_px) / static_cast<double>(longer_px);
  return std::clamp<std::int64_t>(std::llround(exact), 1, std::min(side_px, max_side_px));
}

void require_size(const slide::Slide& slide, std::int64_t width, std::int64_t height) {
  std::uint64_t bytes = 0;
  const bool overflow = __builtin_mul_overflow(width, height, &bytes) || __builtin_mul_overflow(bytes, 3, &bytes);
  if (overflow || bytes > slide.limits().request_bytes)
    throw Error(Code::LIMIT_EXCEEDED, Stage::Decode,
                "the overview of " + std::to_string(width) + " x " + std::to_string(height) + " pixels needs " +
                    (overflow ? "more than 2^64" : std::to_string(bytes)) + " bytes, [[limits.requestBytes]] is " +
                    std::to_string(slide.limits().request_bytes),
                "ask for a smaller one, or raise [[limits.requestBytes]] where the slide is opened")
        .with_path(slide.source().name());
}

struct Sides {
  std::int64_t width_px = 0;
  std::int64_t height_px = 0;
};

Sides sides_of(const Level& level, std::int64_t max_side_px) {
  const std::int64_t longer = longer_side(level);
  return {reduced(level.storage.width_px, longer, max_side_px), reduced(level.storage.height_px, longer, max_side_px)};
}

Region make_region(const slide::Slide& slide, Sides sides) {
  require_size(slide, sides.width_px, sides.height_px);
  try {
    Region region;
    region.image = RgbImage(sides.width_px, sides.height_px);
    return region;
  } catch (const std::bad_alloc&) {
    throw Error(Code::OUT_OF_MEMORY, Stage::Decode, "no memory is left for the overview")
        .with_path(slide.source().name());
  }
}

}  // namespace

class OverviewReader::Impl {
 public:
  Impl(const slide::Slide& slide, const Level& level, Sides sides, BadTilePolicy on_bad_tile, MissingTiles missing)
      : slide_(slide),
        region_(make_region(slide, sides)),
        shared_(slide, on_bad_tile, missing),
        reader_(shared_, static_cast<std::size_t>(level.index), {0, 0, level.storage.width_px, level.storage.height_px},
                region_.image.view()) {}

  Region read(TileDecoder& decoder, const CancelToken* cancel) {
    try {
      reader_.read(decoder, cancel);
    } catch (const std::bad_alloc&) {
      throw Error(Code::OUT_OF_MEMORY, Stage::Decode, "no memory is left for the overview")
          .with_path(slide_.source().name());
    }
    region_.bad_tiles = shared_.counts.bad_tiles;
    region_.missing_tiles = shared_.counts.missing_tiles;
    region_.made_tiles = shared_.counts.made_tiles;
    region_.costly_tiles = shared_.counts.costly_tiles;
    return std::move(region_);
  }

 private:
  const slide::Slide& slide_;
  Region region_;
  AreaShared shared_;
  AreaReader reader_;
};

OverviewReader::OverviewReader(const slide::Slide& slide, std::int64_t max_side_px, BadTilePolicy on_bad_tile,
                               MissingTiles missing) {
  if (max_side_px < 1)
    throw Error(Code::INVALID_OPTION, Stage::Decode,
                "the longest side of the overview is " + std::to_string(max_side_px) + " pixels, expected at least 1");
  const Level& level = level_for(slide, max_side_px);
  require_codec(level.storage, slide.source().name());
  require_tile_size(slide, level.storage);
  impl_ = std::make_unique<Impl>(slide, level, sides_of(level, max_side_px), on_bad_tile, missing);
}

OverviewReader::~OverviewReader() = default;
OverviewReader::OverviewReader(OverviewReader&&) noexcept = default;
OverviewReader& OverviewReader::operator=(OverviewReader&&) noexcept = default;

Region OverviewReader::read(TileDecoder& decoder, const CancelToken* cancel) { return impl_->read(decoder, cancel); }

std::int64_t overview_bytes(const slide::Slide& slide, std::int64_t max_side_px) {
  const Sides sides = sides_of(level_for(slide, max_side_px), max_side_px);
  return 3 * sides.width_px * sides.height_px;
}

std::int64_t finer_bytes(const slide::Slide& slide, std::int64_t max_side_px) {
  return AreaReader::finer_bytes(slide, static_cast<std::size_t>(level_for(slide, max_side_px).index));
}

}  // namespace microtome::decode
