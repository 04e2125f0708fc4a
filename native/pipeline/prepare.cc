#include "pipeline/prepare.h"

#include <unordered_set>

namespace microtome::pipeline {
namespace {

tissue::TissueMask from_given(const GivenMask& given, const slide::Storage& level0) {
  if (given.width_px <= 0 || given.height_px <= 0 ||
      given.data.size() != static_cast<std::uint64_t>(given.width_px) * static_cast<std::uint64_t>(given.height_px))
    throw Error(Code::INVALID_OPTION, Stage::Tissue,
                "the mask has " + std::to_string(given.data.size()) + " bytes where " + std::to_string(given.width_px) +
                    " x " + std::to_string(given.height_px) + " were expected");
  tissue::TissueMask mask;
  mask.width_px = given.width_px;
  mask.height_px = given.height_px;
  mask.data = given.data;
  for (auto& value : mask.data) value = value == 0 ? 0 : 255;
  mask.level0_per_px_x = static_cast<double>(level0.width_px) / static_cast<double>(given.width_px);
  mask.level0_per_px_y = static_cast<double>(level0.height_px) / static_cast<double>(given.height_px);
  return mask;
}

std::optional<tissue::TissueMask> make_mask(decode::TileDecoder& decoder, const slide::Slide& slide,
                                            const GridRequest& request, Prepared& prepared, const CancelToken& cancel) {
  const auto& level0 = slide.levels().front().storage;
  if (const auto* given = std::get_if<GivenMask>(&request.mask)) return from_given(*given, level0);
  if (const auto* rings = std::get_if<std::vector<tissue::Ring>>(&request.mask))
    return tissue::rasterise_polygons(*rings, level0.width_px, level0.height_px);
  if (const auto* options = std::get_if<tissue::TissueOptions>(&request.mask)) {
    const auto overview =
        decode::read_overview(decoder, slide, options->overview_side_px, request.on_bad_tile, &cancel);
    prepared.overview_bad_tiles = overview.bad_tiles;
    prepared.overview_missing_tiles = overview.missing_tiles;
    return tissue::make_tissue_mask(overview.image, level0.width_px, level0.height_px, *options);
  }
  return std::nullopt;
}

tiles::ReadPolicy choose_policy(const slide::Slide& slide, const GridRequest& request) {
  if (request.level) return tiles::policy_for_level(slide, *request.level, request.slide_mpp);
  if (request.mpp) return tiles::policy_for_mpp(slide, *request.mpp, request.slide_mpp);
  throw Error(Code::INVALID_OPTION, Stage::Tiles, "neither a level nor a target mpp is given");
}

}  // namespace

Prepared prepare(decode::TileDecoder& decoder, const slide::Slide& slide, const GridRequest& request,
                 StageMetrics& metrics, const CancelToken& cancel) {
  Prepared prepared;
  // The level is chosen first: a slide that cannot be read at the asked resolution is refused before any decode.
  const auto policy = choose_policy(slide, request);
  const auto& level = slide.levels()[static_cast<std::size_t>(policy.level)];
  decode::require_codec(level.storage, slide.source().name());
  std::optional<tissue::TissueMask> mask;
  {
    StageMetrics::Busy busy(metrics, Stage::Tissue);
    mask = make_mask(decoder, slide, request, prepared, cancel);
    if (mask) prepared.tissue_fraction = mask->area_fraction();
    busy.count(1, mask ? static_cast<std::int64_t>(mask->data.size()) : 0);
  }
  cancel.check(Stage::Tissue);
  StageMetrics::Busy busy(metrics, Stage::Tiles);
  prepared.plan = tiles::plan_tiles(slide, policy, request.grid, mask ? &*mask : nullptr);
  busy.count(static_cast<std::int64_t>(prepared.plan.tiles.size()), 0);
  return prepared;
}

ReadCost read_cost(const slide::Slide& slide, const tiles::TilePlan& plan) {
  const auto& level = slide.levels()[static_cast<std::size_t>(plan.policy.level)];
  const std::int64_t across = level.storage.tiles_across();
  const int planes = level.storage.planar ? level.storage.samples : 1;
  std::unordered_set<std::int64_t> counted;
  ReadCost cost;
  for (const auto& tile : plan.tiles) {
    const auto under = tiles::stored_tiles_under(level.storage, plan, tile);
    for (std::int64_t row = under.first_row; row <= under.last_row; ++row)
      for (std::int64_t column = under.first_column; column <= under.last_column; ++column) {
        if (!counted.insert(row * across + column).second) continue;
        for (int plane = 0; plane < planes; ++plane)
          cost.stored_bytes += static_cast<std::int64_t>(slide.stored_tile(level.directory, column, row, plane).bytes);
      }
  }
  cost.stored_tiles = static_cast<std::int64_t>(counted.size());
  return cost;
}

}  // namespace microtome::pipeline
