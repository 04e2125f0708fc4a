#include "openslide/slide_facts.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "openslide/level_start.h"
#include "slide/numeric_text.h"
#include "slide/resolution.h"

namespace microtome::openslide {
namespace {

// The side of a tile where OpenSlide tells none, or one that is no good unit of work.
constexpr std::int64_t kTileSidePx = 512;
constexpr std::int64_t kSmallestTilePx = 64;
constexpr std::int64_t kLargestTilePx = 4096;  // above it OpenSlide works in pieces of its own
// Sums and products of sides and downsamples stay far inside what numbers hold.
constexpr std::int64_t kLargestSidePx = std::int64_t{1} << 40;
constexpr double kLargestDownsample = 1e6;

struct Size {
  std::int64_t width = 0;
  std::int64_t height = 0;
};

Error refused(const std::string& found) {
  return {Code::NOT_A_SLIDE, Stage::Slide, found, "the file is damaged, or no slide"};
}

std::string text_of(const Size& size) { return std::to_string(size.width) + " x " + std::to_string(size.height); }

std::optional<std::string> property(const Api& api, Api::Osr* osr, const std::string& name) {
  const char* const value = api.property_value(osr, name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::int64_t tile_side(const Api& api, Api::Osr* osr, std::int32_t level, const char* which) {
  const auto text = property(api, osr, "openslide.level[" + std::to_string(level) + "].tile-" + which);
  const auto side = text ? slide::parse_positive(*text) : std::nullopt;
  if (!side || *side < kSmallestTilePx || *side > kLargestTilePx || *side != std::floor(*side)) return kTileSidePx;
  return static_cast<std::int64_t>(*side);
}

slide::Storage rendered(const Size& size, const Size& tile) {
  slide::Storage storage;
  storage.width_px = size.width;
  storage.height_px = size.height;
  storage.tile_width_px = tile.width;
  storage.tile_height_px = tile.height;
  storage.tiled = true;
  storage.compression = slide::Compression::Rendered;
  storage.photometric = slide::Photometric::Rgb;
  return storage;
}

Size level_size(const Api& api, Api::Osr* osr, std::int32_t level) {
  Size size;
  api.level_dimensions(osr, level, &size.width, &size.height);
  return size;
}

// How many pixels of level 0 a side of a level covers: OpenSlide scales by the downsample alone. Where that is a whole
// number it is exact; else it is a mean of both axes, and the level covers what level 0 has.
std::int64_t covered(std::int64_t side, double downsample, std::int64_t full) {
  if (downsample != std::floor(downsample)) return full;
  return side * static_cast<std::int64_t>(downsample);
}

void read_levels(const Api& api, Api::Osr* osr, const slide::Limits& limits, SlideFacts& facts) {
  const std::int32_t count = api.level_count(osr);
  if (count < 1) throw refused("OpenSlide finds no level in the file");
  if (static_cast<std::uint64_t>(count) > limits.directories)
    throw Error(Code::LIMIT_EXCEEDED, Stage::Slide,
                "the slide has " + std::to_string(count) + " levels, [[limits.directories]] allows " +
                    std::to_string(limits.directories));
  const Size full = level_size(api, osr, 0);
  double before = 1;
  for (std::int32_t i = 0; i < count; ++i) {
    const Size size = level_size(api, osr, i);
    const double downsample = api.level_downsample(osr, i);
    const std::string name = "level " + std::to_string(i);
    if (size.width < 1 || size.height < 1 || size.width > kLargestSidePx || size.height > kLargestSidePx)
      throw refused(name + " is " + text_of(size) + " pixels");
    if (!std::isfinite(downsample) || downsample < before || downsample > kLargestDownsample)
      throw refused(name + " is reduced " + std::to_string(downsample) + " times, the level before it " +
                    std::to_string(before) + " times");
    before = downsample;
    slide::Level level;
    level.index = i;
    level.downsample = downsample;
    level.level0_width_px = i == 0 ? full.width : covered(size.width, downsample, full.width);
    level.level0_height_px = i == 0 ? full.height : covered(size.height, downsample, full.height);
    level.storage = rendered(size, {tile_side(api, osr, i, "width"), tile_side(api, osr, i, "height")});
    level.directory = facts.pictures.size();
    facts.pictures.push_back({.level = i, .name = "", .downsample = downsample, .storage = level.storage});
    if (may_lie_between_pixels(std::max(size.width, size.height), downsample))
      facts.warnings.push_back(name + " is reduced " + std::to_string(downsample) +
                               " times, which is no whole number: OpenSlide may interpolate its pixels");
    facts.levels.push_back(std::move(level));
  }
}

void read_associated(const Api& api, Api::Osr* osr, const slide::Limits& limits, SlideFacts& facts) {
  for (const char* const* name = api.associated_names(osr); name != nullptr && *name != nullptr; ++name) {
    if (facts.associated.size() >= limits.directories)
      throw Error(Code::LIMIT_EXCEEDED, Stage::Slide,
                  "the slide has more associated images than the " + std::to_string(limits.directories) +
                      " that [[limits.directories]] allows");
    Size size;
    api.associated_dimensions(osr, *name, &size.width, &size.height);
    slide::Associated image;
    image.name = *name;
    image.width_px = size.width;
    image.height_px = size.height;
    image.directory = facts.pictures.size();
    if (size.width < 1 || size.height < 1 || size.width > kLargestSidePx || size.height > kLargestSidePx) {
      facts.warnings.push_back("the associated image \"" + image.name + "\" is left out: OpenSlide says that it is " +
                               text_of(size) + " pixels");
      continue;
    }
    image.storage = rendered(size, size);
    facts.pictures.push_back({.level = -1, .name = image.name, .downsample = 1, .storage = *image.storage});
    facts.associated.push_back(std::move(image));
  }
}

void read_properties(const Api& api, Api::Osr* osr, const slide::Limits& limits, SlideFacts& facts) {
  std::uint64_t bytes = 0;
  for (const char* const* name = api.property_names(osr); name != nullptr && *name != nullptr; ++name) {
    const char* const value = api.property_value(osr, *name);
    if (value == nullptr) continue;
    const std::string_view key(*name), text(value);
    bytes += key.size() + text.size();
    if (bytes > limits.metadata_bytes) {
      facts.warnings.push_back("of the properties those from \"" + std::string(key.substr(0, 80)) +
                               "\" on are left out: together they have more bytes than [[limits.metadataBytes]]");
      return;
    }
    facts.properties.emplace_back(key, text);
  }
}

void warn_of_bounds(const Api& api, Api::Osr* osr, SlideFacts& facts) {
  const auto number = [&](const char* name) { return property(api, osr, std::string("openslide.bounds-") + name); };
  const auto x = number("x"), y = number("y"), width = number("width"), height = number("height");
  if (!x || !y || !width || !height) return;
  const auto& storage = facts.levels.front().storage;
  if (*width == std::to_string(storage.width_px) && *height == std::to_string(storage.height_px)) return;
  facts.warnings.push_back("of level 0 only " + width->substr(0, 20) + " x " + height->substr(0, 20) +
                           " pixels, from x = " + x->substr(0, 20) + ", y = " + y->substr(0, 20) +
                           " on, were scanned; what was not scanned is white");
}

std::optional<slide::Mpp> read_mpp(const Api& api, Api::Osr* osr, const slide::OpenOptions& options,
                                   std::vector<std::string>& warnings) {
  if (options.slide_mpp) return slide::chosen_mpp(*options.slide_mpp);
  const auto x = property(api, osr, "openslide.mpp-x"), y = property(api, osr, "openslide.mpp-y");
  if (!x && !y) return std::nullopt;
  const auto x_um = slide::parse_positive(x.value_or("")), y_um = slide::parse_positive(y.value_or(""));
  if (x_um && y_um) return slide::stated_mpp(*x_um, *y_um, "openslide");
  warnings.push_back("openslide.mpp-x and openslide.mpp-y are no two finite numbers above zero; they are not used");
  return std::nullopt;
}

}  // namespace

SlideFacts read_facts(const Api& api, const Handle& handle, const slide::OpenOptions& options) {
  Api::Osr* const osr = handle.get();
  SlideFacts facts;
  read_levels(api, osr, options.limits, facts);
  read_associated(api, osr, options.limits, facts);
  read_properties(api, osr, options.limits, facts);
  warn_of_bounds(api, osr, facts);
  facts.mpp = read_mpp(api, osr, options, facts.warnings);
  if (const auto text = handle.error()) throw refused("OpenSlide cannot say what the slide is: " + *text);
  return facts;
}

void require_same_slide(const Api& api, const Handle& handle, const SlideFacts& facts) {
  Api::Osr* const osr = handle.get();
  bool same = api.level_count(osr) == static_cast<std::int32_t>(facts.levels.size());
  for (const Picture& picture : facts.pictures) {
    Size size;
    if (picture.level >= 0)
      api.level_dimensions(osr, picture.level, &size.width, &size.height);
    else
      api.associated_dimensions(osr, picture.name.c_str(), &size.width, &size.height);
    same = same && size.width == picture.storage.width_px && size.height == picture.storage.height_px;
    if (picture.level >= 0) same = same && api.level_downsample(osr, picture.level) == picture.downsample;
  }
  if (!same)
    throw Error(Code::SLIDE_CHANGED, Stage::Slide,
                "the slide has other levels or images than when it was opened first");
}

}  // namespace microtome::openslide
