#include "engine/prepare.h"

namespace microtome::engine {
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
    auto policy = tiles::policy_for_mpp(slide, *request.mpp, request.slide_mpp);
    if (request.scaled_decode) reduce_while_decoding(slide, policy);
    return policy;
  }
  throw Error(Code::INVALID_OPTION, Stage::Tiles, "neither [[mpp]] nor [[level]] is given");
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
  const int planes = level.storage.planar ? level.storage.samples : 1;
  const tiles::StoredTileUses uses(plan);
  ReadCost cost;
  for (std::size_t i = 0; i < uses.size(); ++i)
    for (int plane = 0; plane < planes; ++plane)
      cost.stored_bytes +=
          static_cast<std::int64_t>(slide.stored_tile(level.directory, uses.column(i), uses.row(i), plane).bytes);
  cost.stored_tiles = static_cast<std::int64_t>(uses.size());
  return cost;
}

}  // namespace microtome::engine
