#include "decode/overview.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "decode/level_picture.h"
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

struct Sides {
  std::int64_t width_px = 0;
  std::int64_t height_px = 0;
};

Sides sides_of(const Level& level, std::int64_t max_side_px) {
  const std::int64_t longer = longer_side(level);
  return {reduced(level.storage.width_px, longer, max_side_px), reduced(level.storage.height_px, longer, max_side_px)};
}

}  // namespace

OverviewReader::OverviewReader(const slide::Slide& slide, std::int64_t max_side_px, BadTilePolicy on_bad_tile,
                               MissingTiles missing) {
  if (max_side_px < 1)
    throw Error(Code::INVALID_OPTION, Stage::Decode,
                "the longest side of the overview is " + std::to_string(max_side_px) + " pixels, expected at least 1");
  const Level& level = level_for(slide, max_side_px);
  const Sides sides = sides_of(level, max_side_px);
  picture_ = std::make_unique<LevelPicture>(
      slide, LevelPictureRequest{.name = "the overview",
                                 .level = static_cast<std::size_t>(level.index),
                                 .from = {0, 0, level.storage.width_px, level.storage.height_px},
                                 .width_px = sides.width_px,
                                 .height_px = sides.height_px,
                                 .into = {0, 0, sides.width_px, sides.height_px},
                                 .on_bad_tile = on_bad_tile,
                                 .missing = missing});
}

OverviewReader::~OverviewReader() = default;
OverviewReader::OverviewReader(OverviewReader&&) noexcept = default;
OverviewReader& OverviewReader::operator=(OverviewReader&&) noexcept = default;

Region OverviewReader::read(TileDecoder& decoder, const CancelToken* cancel) { return picture_->read(decoder, cancel); }

std::int64_t overview_bytes(const slide::Slide& slide, std::int64_t max_side_px) {
  const Sides sides = sides_of(level_for(slide, max_side_px), max_side_px);
  return 3 * sides.width_px * sides.height_px;
}

std::int64_t finer_bytes(const slide::Slide& slide, std::int64_t max_side_px) {
  return AreaReader::finer_bytes(slide, static_cast<std::size_t>(level_for(slide, max_side_px).index));
}

}  // namespace microtome::decode
