#include "engine/prepare.h"

#include <algorithm>

#include "decode/tile_rect.h"

namespace microtome::engine {
namespace {

// The greatest reduction that still leaves pixels at least as fine as the target's. Within half a percent of it they
// are the target's, as for stored levels.
void reduce_while_decoding(const slide::Slide& slide, tiles::ReadPolicy& policy) {
  constexpr double kExact = 1.005;
  const auto& storage = slide.levels()[static_cast<std::size_t>(policy.level)].storage;
  for (const int reduction : {8, 4, 2}) {
    if (reduction > policy.scale * kExact || !decode::TileDecoder::can_reduce(storage, reduction)) continue;
    policy.jpeg_reduction = reduction;
    const double rest = policy.scale / reduction;
    if (rest > kExact || rest < 1 / kExact) return;
    if (policy.mpp) *policy.mpp /= rest;  // what the model really sees
    policy.scale = reduction;
    return;
  }
}

tiles::ReadPolicy choose_policy(const slide::Slide& slide, const GridRequest& request) {
  if (request.level) return tiles::policy_for_level(slide, *request.level, request.slide_mpp);
  if (request.mpp) {
    if (request.grid.placement == tiles::Placement::Wsinfer)
      return tiles::policy_for_level0(slide, *request.mpp, request.slide_mpp);
    auto policy = tiles::policy_for_mpp(slide, *request.mpp, request.slide_mpp);
    if (request.scaled_decode) reduce_while_decoding(slide, policy);
    return policy;
  }
  throw Error(Code::INVALID_OPTION, Stage::Tiles, "neither [[mpp]] nor [[level]] is given");
}

const MaskSource& mask_of(std::span<const GridRequest> requests) {
  static const MaskSource everywhere = Everywhere{};
  for (const GridRequest& request : requests)
    if (!std::holds_alternative<Everywhere>(request.mask)) return request.mask;
  return everywhere;
}

decode::BadTilePolicy policy_of(std::span<const GridRequest> requests) {
  return requests.empty() ? decode::BadTilePolicy::Error : requests.front().on_bad_tile;
}

}  // namespace

Preparation::Preparation(const slide::Slide& slide, std::span<const GridRequest> requests)
    : slide_(slide), requests_(requests), mask_(slide, mask_of(requests), policy_of(requests)) {
  for (const GridRequest& request : requests_) {
    policies_.push_back(choose_policy(slide, request));
    const auto& level = slide.levels()[static_cast<std::size_t>(policies_.back().level)];
    decode::require_codec(slide, level.storage, level.directory);
    decode::require_tile_size(slide, level.storage);
  }
}

Prepared Preparation::run(decode::TileDecoder& decoder, StageMetrics& metrics, const CancelToken& cancel,
                          std::int64_t plan_memory_bytes) {
  Prepared prepared;
  FoundMask found;
  {
    StageMetrics::Busy busy(metrics, Stage::Tissue);
    found = mask_.make(decoder, cancel);
    if (found.mask) prepared.tissue_fraction = found.mask->area_fraction();
    busy.count(1, found.mask ? std::ssize(found.mask->data) : 0);
  }
  prepared.mask_tiles = found.tiles;
  cancel.check(Stage::Tissue);
  StageMetrics::Busy busy(metrics, Stage::Tiles);
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    const bool everywhere = std::holds_alternative<Everywhere>(requests_[i].mask);
    prepared.plans.push_back(tiles::plan_tiles(slide_, policies_[i], requests_[i].grid,
                                               found.mask && !everywhere ? &*found.mask : nullptr, plan_memory_bytes));
    // What this plan did not take is for those after it.
    plan_memory_bytes -= std::ssize(prepared.plans.back().tiles) * tiles::kPlanningBytesPerTile;
    busy.count(std::ssize(prepared.plans.back().tiles), 0);
  }
  return prepared;
}

std::vector<std::string> mask_warnings(const MaskTiles& tiles) {
  std::vector<std::string> all;
  const auto tell = [&](std::int64_t count, const char* what) {
    if (count > 0)
      all.push_back(std::to_string(count) + " stored tiles of the level that the tissue mask is made from " + what);
  };
  tell(tiles.bad, "could not be decoded and read as white");
  tell(tiles.made, "are missing and were made from finer levels");
  tell(tiles.costly, "are missing and read as white: making them from finer levels would take too much work");
  tell(tiles.missing - tiles.costly, "are missing and read as white; no finer level has them");
  return all;
}

std::int64_t grid_positions(const slide::Slide& slide, const GridRequest& request) {
  return tiles::grid_positions(slide, choose_policy(slide, request), request.grid);
}

TileSizes tile_sizes(const slide::Slide& slide, const GridRequest& request) {
  const tiles::ReadPolicy policy = choose_policy(slide, request);
  const auto stored =
      tiles::StoredGrid::of(slide.levels()[static_cast<std::size_t>(policy.level)].storage, policy.jpeg_reduction);
  const double side = static_cast<double>(request.grid.size_px) * policy.scale / policy.jpeg_reduction;
  return {stored.tile_width_px, stored.tile_height_px, static_cast<std::int64_t>(std::min(side, 65535.0)) + 1};
}

ReadCost read_cost(const slide::Slide& slide, std::span<const tiles::TilePlan> plans) {
  ReadCost cost;
  std::vector<bool> counted(plans.size(), false);
  for (std::size_t first = 0; first < plans.size(); ++first) {
    std::vector<const tiles::TilePlan*> same;
    for (std::size_t i = first; i < plans.size(); ++i)
      if (!counted[i] && plans[i].policy.level == plans[first].policy.level &&
          plans[i].stored.reduction == plans[first].stored.reduction) {
        counted[i] = true;
        same.push_back(&plans[i]);
      }
    if (same.empty()) continue;
    const auto& level = slide.levels()[static_cast<std::size_t>(plans[first].policy.level)];
    const tiles::StoredTileUses uses(same);
    for (std::size_t i = 0; i < uses.size(); ++i)
      for (int part = 0; part < level.storage.parts(); ++part)
        cost.stored_bytes +=
            static_cast<std::int64_t>(slide.stored_tile(level.directory, uses.column(i), uses.row(i), part).bytes);
    cost.stored_tiles += static_cast<std::int64_t>(uses.size());
  }
  return cost;
}

ReadCost read_cost(const slide::Slide& slide, const decode::SlideImageRequest& image) {
  const slide::Level& level = slide.levels()[decode::plan_slide_image(slide, image).level];
  ReadCost cost;
  for (std::int64_t row = 0; row < level.storage.tiles_down(); ++row)
    for (std::int64_t column = 0; column < level.storage.tiles_across(); ++column, ++cost.stored_tiles)
      for (int part = 0; part < level.storage.parts(); ++part)
        cost.stored_bytes += static_cast<std::int64_t>(slide.stored_tile(level.directory, column, row, part).bytes);
  return cost;
}

}  // namespace microtome::engine
