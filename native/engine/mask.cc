#include "engine/mask.h"

#include <algorithm>

#include "tiles/read_policy.h"
#include "tissue/wsinfer_mask.h"

namespace microtome::engine {
namespace {

// Planes and lists of one overview pixel while tissue is looked for, the overview itself apart.
constexpr std::int64_t kTissueBytesPerPx = 14;
// The mask, and the sums over it that the grid is laid with.
constexpr std::int64_t kMaskBytesPerPx = 5;
// The edges that polygons are drawn from, for each byte of their positions.
constexpr std::int64_t kEdgeBytesPerByte = 3;

constexpr std::int64_t kMaskSidePx = 8192;                  // of masks drawn from polygons
constexpr std::int64_t kMaxMaskPx = std::int64_t{1} << 40;  // keeps the product of the sides in range

tissue::TissueMask from_given(const GivenMask& given, const slide::Storage& level0) {
  if (given.width_px <= 0 || given.height_px <= 0 || given.width_px > kMaxMaskPx / given.height_px ||
      given.data->size() != static_cast<std::uint64_t>(given.width_px * given.height_px))
    throw Error(Code::INVALID_OPTION, Stage::Tissue,
                "the mask has " + std::to_string(given.data->size()) + " bytes where " +
                    std::to_string(given.width_px) + " x " + std::to_string(given.height_px) + " were expected");
  const auto data = given.data->as<std::uint8_t>();
  tissue::TissueMask mask;
  mask.width_px = given.width_px;
  mask.height_px = given.height_px;
  mask.data.resize(data.size());
  std::transform(data.begin(), data.end(), mask.data.begin(),
                 [](std::uint8_t value) { return static_cast<std::uint8_t>(value == 0 ? 0 : 255); });
  mask.level0_per_px_x = static_cast<double>(level0.width_px) / static_cast<double>(given.width_px);
  mask.level0_per_px_y = static_cast<double>(level0.height_px) / static_cast<double>(given.height_px);
  return mask;
}

tissue::TissueMask from_polygons(const GivenPolygons& given, const slide::Storage& level0, const CancelToken& cancel) {
  auto left = given.positions->as<double>();
  const auto pairs = given.rings->as<std::uint32_t>();
  std::vector<tissue::Ring> rings;
  rings.reserve(pairs.size() / 2);
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    const std::size_t values = std::size_t{2} * pairs[i];
    if (values > left.size()) throw Error(Code::INVALID_OPTION, Stage::Tissue, "a polygon ring has too few positions");
    rings.push_back({left.first(values), static_cast<std::int32_t>(pairs[i + 1])});
    left = left.subspan(values);
  }
  return tissue::rasterise_polygons(rings, level0.width_px, level0.height_px, kMaskSidePx, &cancel);
}

}  // namespace

MaskMaker::MaskMaker(const slide::Slide& slide, const MaskSource& source, decode::BadTilePolicy on_bad_tile)
    : slide_(slide), source_(source) {
  if (const auto* options = std::get_if<tissue::TissueOptions>(&source))
    overview_.emplace(slide, options->overview_side_px, on_bad_tile, decode::MissingTiles::FromFiner);
}

FoundMask MaskMaker::make(decode::TileDecoder& decoder, const CancelToken& cancel) {
  const slide::Storage& level0 = slide_.levels().front().storage;
  FoundMask found;
  if (const auto* given = std::get_if<GivenMask>(&source_)) {
    found.mask = from_given(*given, level0);
  } else if (const auto* polygons = std::get_if<GivenPolygons>(&source_)) {
    found.mask = from_polygons(*polygons, level0, cancel);
  } else if (const auto* options = std::get_if<tissue::TissueOptions>(&source_)) {
    const decode::Region overview = overview_->read(decoder, &cancel);
    overview_.reset();  // what it read with is not needed while tissue is looked for
    found.tiles = {overview.bad_tiles, overview.missing_tiles, overview.made_tiles, overview.costly_tiles};
    found.mask =
        options->method == tissue::Method::Wsinfer
            ? tissue::make_wsinfer_mask(overview.image, level0.width_px, level0.height_px, tiles::require_mpp(slide_))
            : tissue::make_tissue_mask(overview.image, level0.width_px, level0.height_px, *options);
  }
  return found;
}

std::int64_t mask_bytes(const slide::Slide& slide, const MaskSource& source) {
  if (const auto* given = std::get_if<GivenMask>(&source))
    return kMaskBytesPerPx * static_cast<std::int64_t>(given->data->size());
  if (const auto* polygons = std::get_if<GivenPolygons>(&source)) {
    const slide::Storage& level0 = slide.levels().front().storage;
    return kMaskBytesPerPx * tissue::polygon_mask_bytes(level0.width_px, level0.height_px, kMaskSidePx) +
           kEdgeBytesPerByte * static_cast<std::int64_t>(polygons->positions->size());
  }
  if (const auto* options = std::get_if<tissue::TissueOptions>(&source)) {
    const std::int64_t rgb = decode::overview_bytes(slide, options->overview_side_px);
    return rgb + rgb / 3 * kTissueBytesPerPx + decode::finer_bytes(slide, options->overview_side_px);
  }
  return 0;
}

}  // namespace microtome::engine
