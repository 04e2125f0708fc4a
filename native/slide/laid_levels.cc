#include "slide/laid_levels.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

#include "slide/associated_images.h"

namespace microtome::slide {
namespace {

constexpr double kMostLevelPx = INT32_MAX;
constexpr double kMostFactor = 1e6;
// The side of a tile where those of the first page are no good unit of work.
constexpr std::int64_t kTileSidePx = 512;
constexpr std::int64_t kSmallestTilePx = 64;
constexpr std::int64_t kLargestTilePx = 4096;

std::int64_t tile_side(const Storage& storage, std::int64_t side) noexcept {
  return storage.tiled && side >= kSmallestTilePx && side <= kLargestTilePx ? side : kTileSidePx;
}

Storage laid_storage(const ImageSize& size, const Storage& first) {
  Storage storage;
  storage.width_px = size.width_px;
  storage.height_px = size.height_px;
  storage.tile_width_px = tile_side(first, first.tile_width_px);
  storage.tile_height_px = tile_side(first, first.tile_height_px);
  storage.tiled = true;
  storage.compression = Compression::Rendered;
  storage.photometric = Photometric::Rgb;
  return storage;
}

class LaidBuilder {
 public:
  LaidBuilder(const std::vector<Page>& pages, const TiffRules& rules) : pages_(pages), rules_(rules) {}

  LaidPyramid run(const std::vector<LaidLevel>& laid) {
    std::vector<bool> is_level(pages_.size(), false);
    for (std::size_t i = 0; i < laid.size(); ++i) {
      const std::string why = reason_against(laid[i]);
      if (i == 0 && !why.empty()) refuse(laid[i], why);
      if (!why.empty()) {
        result_.pyramid.warnings.push_back("level " + std::to_string(i) + " of the file is left out: " + why);
        continue;
      }
      add(laid[i]);
      for (const LaidLevel::Place& place : laid[i].places) is_level[place.page] = true;
    }
    result_.pyramid.associated = associated_images(pages_, is_level, rules_);
    return std::move(result_);
  }

 private:
  [[nodiscard]] std::string reason_against(const LaidLevel& laid) const {
    if (!(laid.width_px >= 1 && laid.width_px <= kMostLevelPx && laid.height_px >= 1 && laid.height_px <= kMostLevelPx))
      return "its size is not within 1 to 2147483647 pixels";
    for (const LaidLevel::Place& place : laid.places) {
      if (place.page == Page::kNone) return "the file does not have all of its pages";
      const Page& page = pages_[place.page];
      if (page.error) return page.error->found();
    }
    if (result_.pyramid.levels.empty()) return "";
    const Level& before = result_.pyramid.levels.back();
    const bool smaller = laid.width_px < static_cast<double>(before.storage.width_px) &&
                         laid.height_px < static_cast<double>(before.storage.height_px);
    if (!smaller || !(laid.factor > before.downsample && laid.factor <= kMostFactor))
      return "it is no reduction of the level before it";
    return "";
  }

  [[noreturn]] void refuse(const LaidLevel& laid, const std::string& why) const {
    for (const LaidLevel::Place& place : laid.places) {
      if (place.page != Page::kNone && pages_[place.page].error) throw *pages_[place.page].error;
    }
    throw Error(Code::NOT_A_SLIDE, Stage::Slide, "the largest level cannot be read: " + why);
  }

  // How much of level 0 a side covers: all of it, and a little more where the side was rounded up.
  static std::int64_t covered(std::int64_t side, double factor, std::int64_t full) {
    constexpr double kRounding = 1e-6;
    return std::max(full, static_cast<std::int64_t>(std::ceil(static_cast<double>(side) * factor - kRounding)));
  }

  void add(const LaidLevel& laid) {
    auto& levels = result_.pyramid.levels;
    const ImageSize size{static_cast<std::int64_t>(laid.width_px), static_cast<std::int64_t>(laid.height_px)};
    const ImageSize full =
        levels.empty() ? size : ImageSize{levels.front().storage.width_px, levels.front().storage.height_px};
    Level level;
    level.index = static_cast<int>(levels.size());
    level.downsample = levels.empty() ? 1 : laid.factor;
    level.level0_width_px = levels.empty() ? size.width_px : covered(size.width_px, laid.factor, full.width_px);
    level.level0_height_px = levels.empty() ? size.height_px : covered(size.height_px, laid.factor, full.height_px);
    level.storage = laid_storage(size, *pages_[laid.places.front().page].storage);
    level.directory = pages_.size() + levels.size();
    std::vector<LaidPage> on_it;
    for (const LaidLevel::Place& place : laid.places)
      on_it.push_back({place.page, *pages_[place.page].storage, place.x_px, place.y_px});
    levels.push_back(std::move(level));
    result_.pages.push_back(std::move(on_it));
  }

  const std::vector<Page>& pages_;
  const TiffRules& rules_;
  LaidPyramid result_;
};

}  // namespace

LaidPyramid build_laid_pyramid(const std::vector<Page>& pages, std::size_t slide, const std::vector<LaidLevel>& laid,
                               const TiffRules& rules) {
  LaidPyramid result = LaidBuilder(pages, rules).run(laid);
  auto& warnings = result.pyramid.warnings;
  const std::vector<std::string> remarks = rules.remarks(pages, slide);
  warnings.insert(warnings.begin(), remarks.begin(), remarks.end());
  return result;
}

}  // namespace microtome::slide
