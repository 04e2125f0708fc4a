#include "tiles/read_policy.h"

#include <cmath>
#include <cstdio>
#include <string>

#include "core/error.h"
#include "tiles/tile_plan.h"

namespace microtome::tiles {
namespace {

constexpr double kExactTolerance = 0.005;  // a level this near to the target is read as stored
constexpr double kMaxEnlargement = 2;
constexpr double kMppRounding = 1e-9;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

bool usable(const slide::Mpp& mpp) noexcept {
  return mpp.trusted && std::isfinite(mpp.x) && std::isfinite(mpp.y) && mpp.x > 0 && mpp.y > 0;
}

double mean_mpp(const slide::Mpp& mpp) noexcept { return (mpp.x + mpp.y) / 2; }

// What the caller says, else what the slide says credibly, else nothing.
std::optional<double> known_mpp(const slide::Slide& slide, std::optional<double> given) {
  if (given) {
    if (std::isfinite(*given) && *given > 0) return given;
    throw Error(
        Code::INVALID_OPTION, Stage::Tiles,
        "a slide resolution of " + number(*given) + " microns per pixel was given, a positive number was expected");
  }
  const auto& mpp = slide.mpp();
  if (mpp && usable(*mpp)) return mean_mpp(*mpp);
  return std::nullopt;
}

void require_target(double target_mpp) {
  if (!std::isfinite(target_mpp) || target_mpp <= 0)
    throw Error(Code::INVALID_OPTION, Stage::Tiles,
                "a target of " + number(target_mpp) + " microns per pixel was given, a positive number was expected");
}

[[noreturn]] void refuse_enlargement(const slide::Slide& slide, double level_mpp, double target_mpp) {
  throw Error(Code::MODEL_MISMATCH, Stage::Tiles,
              "the finest level of the slide has " + number(level_mpp) + " microns per pixel, and the model needs " +
                  number(target_mpp),
              "leave this slide out, or pass [[mpp=" + number(level_mpp) + "]]")
      .with_path(slide.source().name());
}

}  // namespace

double require_mpp(const slide::Slide& slide, std::optional<double> given) {
  if (const auto known = known_mpp(slide, given)) return *known;
  const auto& mpp = slide.mpp();
  std::string found = "the slide states no microns per pixel";
  if (mpp)
    found = "the slide states " + number(mpp->x) + " x " + number(mpp->y) +
            " microns per pixel (source: " + mpp->source + "), which is not plausible for microscopy";
  throw Error(Code::MPP_UNKNOWN, Stage::Tiles, found + "; the model asks for a resolution in microns per pixel")
      .with_path(slide.source().name());
}

ReadPolicy policy_for_level(const slide::Slide& slide, int level, std::optional<double> slide_mpp) {
  const auto& levels = slide.levels();
  if (level < 0 || static_cast<std::size_t>(level) >= levels.size())
    throw Error(Code::LEVEL_OUT_OF_RANGE, Stage::Tiles,
                "level " + std::to_string(level) + " was asked for, the slide has levels 0 to " +
                    std::to_string(static_cast<std::int64_t>(levels.size()) - 1))
        .with_path(slide.source().name());
  ReadPolicy policy;
  policy.level = level;
  policy.name = "level";
  if (const auto known = known_mpp(slide, slide_mpp))
    policy.mpp = *known * levels[static_cast<std::size_t>(level)].downsample;
  return policy;
}

ReadPolicy policy_for_mpp(const slide::Slide& slide, double target_mpp, std::optional<double> given_mpp) {
  require_target(target_mpp);
  const double slide_mpp = require_mpp(slide, given_mpp);
  const slide::Level* coarsest = nullptr;  // of those fine enough
  const slide::Level* finest = nullptr;    // of all
  for (const slide::Level& level : slide.levels()) {
    if (finest == nullptr || level.downsample < finest->downsample) finest = &level;
    const bool fine_enough = slide_mpp * level.downsample <= target_mpp * (1 + kExactTolerance + kMppRounding);
    if (fine_enough && (coarsest == nullptr || level.downsample > coarsest->downsample)) coarsest = &level;
  }
  if (finest == nullptr)
    throw Error(Code::LEVEL_OUT_OF_RANGE, Stage::Tiles, "the slide has no level").with_path(slide.source().name());

  const slide::Level& chosen = coarsest != nullptr ? *coarsest : *finest;
  const double level_mpp = slide_mpp * chosen.downsample;
  ReadPolicy policy;
  policy.level = chosen.index;
  policy.mpp = target_mpp;
  policy.scale = target_mpp / level_mpp;
  if (std::abs(policy.scale - 1) <= kExactTolerance + kMppRounding) {
    policy.name = "mpp-exact";
    policy.scale = 1;
    policy.mpp = level_mpp;  // what the model really sees
  } else if (coarsest != nullptr) {
    policy.name = "mpp-reduce";
  } else if (level_mpp <= target_mpp * kMaxEnlargement * (1 + kMppRounding)) {
    policy.name = "mpp-enlarge";
  } else {
    refuse_enlargement(slide, level_mpp, target_mpp);
  }
  return policy;
}

ReadPolicy policy_for_level0(const slide::Slide& slide, double target_mpp, std::optional<double> given_mpp) {
  require_target(target_mpp);
  const double slide_mpp = require_mpp(slide, given_mpp);
  ReadPolicy policy;
  policy.name = "mpp-level0";
  policy.mpp = target_mpp;
  policy.scale = target_mpp / slide_mpp;
  if (slide_mpp > target_mpp * kMaxEnlargement * (1 + kMppRounding)) refuse_enlargement(slide, slide_mpp, target_mpp);
  return policy;
}

}  // namespace microtome::tiles
