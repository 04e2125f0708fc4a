#include "decode/slide_image.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "decode/area_average.h"
#include "decode/level_picture.h"
#include "decode/tile_rect.h"

namespace microtome::decode {
namespace {

using slide::Level;
using Fit = SlideImageRequest::Fit;

constexpr const char* kName = "the image of the slide";

struct Sides {
  std::int64_t width_px = 0;
  std::int64_t height_px = 0;
};

Sides sides_of(const Level& level) { return {level.storage.width_px, level.storage.height_px}; }

std::string text_of(Sides sides) {
  return std::to_string(sides.width_px) + " x " + std::to_string(sides.height_px) + " pixels";
}

double pixels_of(Sides sides) { return static_cast<double>(sides.width_px) * static_cast<double>(sides.height_px); }

void require_request(const slide::Slide& slide, const SlideImageRequest& request) {
  const bool sides = request.fit == Fit::Budget || (request.width_px >= 1 && request.height_px >= 1);
  if (!sides || (request.fit == Fit::Budget && (request.max_pixels < 1 || request.multiple_of < 1)))
    throw Error(Code::INVALID_OPTION, Stage::Decode,
                sides ? "an image of at most " + std::to_string(request.max_pixels) + " pixels with sides that are " +
                            "multiples of " + std::to_string(request.multiple_of) + " was asked for"
                      : "an image of " + text_of({request.width_px, request.height_px}) + " was asked for");
  const auto levels = static_cast<std::int64_t>(slide.levels().size());
  if (request.level && (*request.level < 0 || *request.level >= levels))
    throw Error(Code::LEVEL_OUT_OF_RANGE, Stage::Decode,
                "the model takes an image of level " + std::to_string(*request.level) + ", the slide has " +
                    std::to_string(levels) + " levels")
        .with_path(slide.source().name());
}

// Where `sides` go in the picture of a request that is not Budget: all of it, or as much as has their aspect.
Area place_of(Sides sides, const SlideImageRequest& request) {
  if (request.fit == Fit::Stretch) return {0, 0, request.width_px, request.height_px};
  const auto width = static_cast<double>(sides.width_px), height = static_cast<double>(sides.height_px);
  const double scale =
      std::min(static_cast<double>(request.width_px) / width, static_cast<double>(request.height_px) / height);
  const auto side = [&](double from, std::int64_t most) {
    return std::clamp<std::int64_t>(std::llround(from * scale), 1, most);
  };
  const std::int64_t w = side(width, request.width_px), h = side(height, request.height_px);
  return {(request.width_px - w) / 2, (request.height_px - h) / 2, w, h};
}

bool is_large_enough(const Level& level, const SlideImageRequest& request) {
  const Sides sides = sides_of(level);
  const Area place = place_of(sides, request);
  return place.width_px <= sides.width_px && place.height_px <= sides.height_px;
}

Error enlarged(const slide::Slide& slide, const Level& level, const SlideImageRequest& request) {
  const std::string which = request.level ? "level " + std::to_string(level.index) + " has " : "the largest level has ";
  return Error(Code::LEVEL_OUT_OF_RANGE, Stage::Decode,
               which + text_of(sides_of(level)) + ", the model takes an image of " +
                   text_of({request.width_px, request.height_px}) + ": the level would have to be enlarged",
               request.level ? "choose a larger level, or none" : "use a model that takes a smaller image")
      .with_path(slide.source().name());
}

// The best of the levels that may be read, by `is_better` (of two); nullptr where none is right. A level with tiles
// that are too large to be decoded is taken only where there is no other: its error is told then.
template <typename Right, typename Better>
const Level* best_level(const slide::Slide& slide, const SlideImageRequest& request, Right is_right, Better is_better) {
  const Level* best = nullptr;
  bool best_fits = false;
  for (const Level& level : slide.levels()) {
    if ((request.level && level.index != *request.level) || !is_right(level)) continue;
    const bool fits = tile_fits(level.storage, slide.limits());
    const bool replaces = best == nullptr || (fits && !best_fits) || (fits == best_fits && is_better(level, *best));
    if (!replaces) continue;
    best = &level;
    best_fits = fits;
  }
  return best;
}

bool is_smaller(const Level& a, const Level& b) { return pixels_of(sides_of(a)) < pixels_of(sides_of(b)); }
bool is_larger(const Level& a, const Level& b) { return is_smaller(b, a); }
bool is_any(const Level&) { return true; }

SlideImagePlan plan_of(const Level& level, Area from, Sides picture, Area into) {
  return {static_cast<std::size_t>(level.index), from, picture.width_px, picture.height_px, into, 0};
}

SlideImagePlan plan_of_size(const slide::Slide& slide, const SlideImageRequest& request) {
  const Level* level =
      best_level(slide, request, [&](const Level& one) { return is_large_enough(one, request); }, is_smaller);
  if (level == nullptr) throw enlarged(slide, *best_level(slide, request, is_any, is_larger), request);
  const Sides sides = sides_of(*level);
  return plan_of(*level, {0, 0, sides.width_px, sides.height_px}, {request.width_px, request.height_px},
                 place_of(sides, request));
}

// In proportion, at most `max_pixels`.
Sides reduced(Sides sides, std::int64_t max_pixels) {
  const double scale = std::sqrt(static_cast<double>(max_pixels) / pixels_of(sides));
  const auto side = [&](std::int64_t from) {
    const auto length = static_cast<std::int64_t>(static_cast<double>(from) * scale);
    return std::clamp<std::int64_t>(length, 1, std::min(from, max_pixels));
  };
  return {side(sides.width_px), side(sides.height_px)};
}

SlideImagePlan plan_of_budget(const slide::Slide& slide, const SlideImageRequest& request) {
  const auto is_within = [&](const Level& level) {
    return pixels_of(sides_of(level)) <= static_cast<double>(request.max_pixels);
  };
  const Level* within = best_level(slide, request, is_within, is_larger);
  const Level& level = within != nullptr ? *within : *best_level(slide, request, is_any, is_smaller);
  const Sides whole = sides_of(level);
  const Sides sides = within != nullptr ? whole : reduced(whole, request.max_pixels);
  const auto multiple = [&](std::int64_t side) { return side / request.multiple_of * request.multiple_of; };
  const Sides picture{multiple(sides.width_px), multiple(sides.height_px)};
  if (picture.width_px == 0 || picture.height_px == 0)
    throw Error(Code::LEVEL_OUT_OF_RANGE, Stage::Decode,
                "level " + std::to_string(level.index) + " gives an image of " + text_of(sides) +
                    ", the model takes sides that are multiples of " + std::to_string(request.multiple_of),
                "choose a larger level, or a model that takes more pixels")
        .with_path(slide.source().name());
  const Area into{0, 0, picture.width_px, picture.height_px};
  return plan_of(level, within != nullptr ? into : Area{0, 0, whole.width_px, whole.height_px}, picture, into);
}

}  // namespace

SlideImagePlan plan_slide_image(const slide::Slide& slide, const SlideImageRequest& request) {
  require_request(slide, request);
  SlideImagePlan plan = request.fit == Fit::Budget ? plan_of_budget(slide, request) : plan_of_size(slide, request);
  const slide::Storage& storage = slide.levels()[plan.level].storage;
  require_tile_size(slide, storage);
  plan.bytes = picture_bytes(slide, kName, plan.width_px, plan.height_px) +
               AreaAverage::sums_bytes(plan.from.width_px, plan.from.height_px, plan.into.width_px, plan.into.height_px,
                                       storage.tile_height_px);
  if (request.missing == MissingTiles::FromFiner) plan.bytes += AreaReader::finer_bytes(slide, plan.level);
  return plan;
}

SlideImageReader::SlideImageReader(const slide::Slide& slide, const SlideImageRequest& request) {
  const SlideImagePlan plan = plan_slide_image(slide, request);
  picture_ = std::make_unique<LevelPicture>(slide, LevelPictureRequest{.name = kName,
                                                                       .level = plan.level,
                                                                       .from = plan.from,
                                                                       .width_px = plan.width_px,
                                                                       .height_px = plan.height_px,
                                                                       .into = plan.into,
                                                                       .background = request.background,
                                                                       .on_bad_tile = request.on_bad_tile,
                                                                       .missing = request.missing});
}

SlideImageReader::~SlideImageReader() = default;
SlideImageReader::SlideImageReader(SlideImageReader&&) noexcept = default;
SlideImageReader& SlideImageReader::operator=(SlideImageReader&&) noexcept = default;

Region SlideImageReader::read(TileDecoder& decoder, const CancelToken* cancel) {
  return picture_->read(decoder, cancel);
}

}  // namespace microtome::decode
