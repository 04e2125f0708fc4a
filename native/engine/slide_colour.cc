#include "engine/slide_colour.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "tiles/sample.h"

namespace microtome::engine {
namespace {

constexpr std::int64_t kCachedTiles = 4;  // decoded stored tiles that are kept while the sample is read

std::vector<PassLane> sampled(const tiles::TilePlan& plan, std::uint64_t seed) {
  std::vector<tiles::GridCell> places;
  for (const tiles::PlannedTile& tile : plan.tiles)
    places.push_back({static_cast<std::uint32_t>(tile.x), static_cast<std::uint32_t>(tile.y)});
  if (places.size() > preprocess::kStainTiles) places = tiles::sample_evenly(places, preprocess::kStainTiles, seed);
  tiles::TilePlan part{.policy = plan.policy,
                       .stored = plan.stored,
                       .size_px = plan.size_px,
                       .footprint_px = plan.footprint_px,
                       .step_px = plan.step_px,
                       .level0_per_px_x = plan.level0_per_px_x,
                       .level0_per_px_y = plan.level0_per_px_y,
                       .tiles = {}};
  for (const tiles::GridCell& place : places) part.tiles.push_back({place.column, place.row});
  std::vector<PassLane> lanes;
  lanes.push_back({0, std::move(part), 1});
  return lanes;
}

std::int64_t stored_bytes(std::int64_t width_px, std::int64_t height_px) { return 3 * width_px * height_px; }

}  // namespace

SlideColour::SlideColour(const slide::Slide& slide, const ColourRequest& request) {
  if (!request.icc) return;
  const std::vector<std::uint8_t> profile = slide.icc_profile();
  if (profile.empty())
    warnings_.emplace_back("the slide has no ICC profile: its colours are taken for sRGB");
  else
    icc_ = std::make_unique<decode::IccTransform>(profile);
}

void SlideColour::apply(const RgbView& pixels) const {
  if (icc_) icc_->apply(pixels);
  if (stain_) stain_->apply(pixels);
}

void SlideColour::set_stain(std::span<const std::uint8_t> sample, const preprocess::StainFit& reference) {
  const auto method = std::holds_alternative<preprocess::MacenkoFit>(reference) ? preprocess::StainMethod::Macenko
                                                                                : preprocess::StainMethod::Reinhard;
  stain_.emplace(preprocess::fit_stain(method, sample), reference);
}

StainSampling::StainSampling(const std::shared_ptr<const slide::Slide>& slide, const tiles::TilePlan& plan,
                             const ColourRequest& colour, decode::BadTilePolicy on_bad_tile, StageMetrics& metrics)
    : side_px_(plan.size_px),
      pass_(slide, sampled(plan, colour.seed), on_bad_tile,
            kCachedTiles * stored_bytes(plan.stored.tile_width_px, plan.stored.tile_height_px), metrics),
      sample_(colour.seed, static_cast<std::size_t>(pass_.size())),
      pixels_(static_cast<std::size_t>(stored_bytes(plan.size_px, plan.size_px))) {}

std::vector<std::uint8_t> StainSampling::run(TileReader& reader, const SlideColour& colour, const CancelToken& cancel) {
  const std::unique_ptr<TileReader, std::function<void(TileReader*)>> release(
      &reader, [this](TileReader* used) { pass_.release(*used); });
  for (; done_ < pass_.size(); ++done_) {
    const Range one{done_, done_ + 1};
    pass_.fetch(reader, one);
    pass_.fill(reader, cancel, one, {pixels_.data(), nullptr});
    reader.white_tiles.clear();
    const RgbView tile{pixels_.data(), side_px_, side_px_, 3 * side_px_};
    colour.apply(tile);
    sample_.add(pass_.item_at(done_), tile);
  }
  return sample_.pixels();
}

std::int64_t StainSampling::bytes(const slide::Slide& slide, const GridRequest& grid) {
  const TileSizes sizes = tile_sizes(slide, grid);
  return (1 + kCachedTiles) * stored_bytes(sizes.stored_width_px, sizes.stored_height_px) +
         stored_bytes(sizes.footprint_px, sizes.footprint_px) + stored_bytes(grid.grid.size_px, grid.grid.size_px) +
         3 * static_cast<std::int64_t>(preprocess::kStainPixels);
}

}  // namespace microtome::engine
