#include "gpu/tile_kernel.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <type_traits>

#include "core/error.h"

namespace microtome::gpu {
namespace {

using preprocess::ChannelOrder;
using preprocess::ElementType;
using preprocess::Layout;

// Both compilers lay these out in this way.
static_assert(sizeof(PixelShape) == 24 && alignof(PixelShape) == 8);
static_assert(sizeof(TensorShape) == 32 && alignof(TensorShape) == 8);
static_assert(sizeof(TileRow) == 72 && alignof(TileRow) == 8 && std::is_trivially_copyable_v<TileRow>);
static_assert(sizeof(TapRange) == 12 && alignof(TapRange) == 4);

constexpr std::int64_t kMaxSidePx = 16384;  // of a tensor's tile: 3 * side * side stays below 2^31
constexpr std::int64_t kMaxTiles = 65535;   // of a grid's third axis
constexpr std::int64_t kMaxImagePx = 65535;

void require(bool holds, const char* what) {
  if (!holds) throw Error(Code::INTERNAL, Stage::Preprocess, std::string("a launch for tiles: ") + what);
}

TensorShape shape_of(const preprocess::TensorFormat& format) {
  require(format.size_px >= 1 && format.size_px <= kMaxSidePx, "a tensor's tile has a side of 1 to 16384 pixels");
  const auto side = static_cast<U32>(format.size_px);
  const bool planar = format.layout == Layout::Nchw;
  const U32 step = planar ? side * side : 1;
  const bool swapped = format.order == ChannelOrder::Bgr;
  return {3 * U64{side} * side, side, side, planar ? 1u : 3u, swapped ? 2 * step : 0, swapped ? 0 - step : step, 0};
}

struct Names {
  const char* plain;
  const char* resized;
};

Names names_of(ElementType type, const std::array<Names, 3>& all) { return all.at(static_cast<std::size_t>(type)); }

constexpr std::array<Names, 3> kPixels{{{"tile_pixels_f32", "tile_pixels_resized_f32"},
                                        {"tile_pixels_f16", "tile_pixels_resized_f16"},
                                        {"tile_pixels_u8", "tile_pixels_resized_u8"}}};
constexpr std::array<Names, 3> kRows{{{"tile_rows_f32", "tile_rows_resized_f32"},
                                      {"tile_rows_f16", "tile_rows_resized_f16"},
                                      {"tile_rows_u8", "tile_rows_resized_u8"}}};

// The parts that all launches have alike: the first argument differs, and what comes before the tensor's shape.
LaunchPlan begin(const std::array<Names, 3>& names, DevicePointer first, std::int64_t tiles, const TensorTarget& to,
                 const std::optional<DeviceTaps>& taps) {
  require(tiles >= 1 && tiles <= kMaxTiles, "1 to 65535 tiles are made at once");
  require(first != 0 && to.tensor != 0 && to.table != 0, "an address is missing");
  require(to.tensor % 4 == 0 && to.table % 4 == 0, "a tensor or its table does not lie at a multiple of 4");
  const auto side = static_cast<unsigned>(shape_of(to.format).width_px);
  const Names name = names_of(to.format.type, names);
  LaunchPlan plan(
      taps ? name.resized : name.plain,
      {(side + kBlockColumns - 1) / kBlockColumns, (side + kBlockRows - 1) / kBlockRows, static_cast<unsigned>(tiles)});
  plan.add(&first, sizeof first);
  plan.add(&to.tensor, sizeof to.tensor);
  plan.add(&to.table, sizeof to.table);
  if (taps) {
    require(taps->ranges != 0 && taps->weights != 0, "an address of taps is missing");
    require(taps->ranges % 4 == 0 && taps->weights % 4 == 0, "taps do not lie at a multiple of 4");
    plan.add(&taps->ranges, sizeof taps->ranges);
    plan.add(&taps->weights, sizeof taps->weights);
  }
  return plan;
}

void require_inside(const Crop& crop, std::int64_t width_px, std::int64_t height_px) {
  require(width_px >= 1 && width_px <= kMaxImagePx && height_px >= 1 && height_px <= kMaxImagePx,
          "an image has sides of 1 to 65535 pixels");
  require(crop.width_px >= 1 && crop.height_px >= 1 && crop.x >= 0 && crop.y >= 0 && crop.width_px <= width_px &&
              crop.x <= width_px - crop.width_px && crop.height_px <= height_px && crop.y <= height_px - crop.height_px,
          "a crop is not inside its image");
}

}  // namespace

std::array<void*, LaunchPlan::kMaxParams> LaunchPlan::params() noexcept {
  std::array<void*, kMaxParams> all{};
  for (std::size_t i = 0; i < count_; ++i) all[i] = values_.data() + offsets_[i];
  return all;
}

void LaunchPlan::add(const void* value, std::size_t bytes) {
  require(count_ < kMaxParams && bytes <= values_.size() - used_, "there are too many arguments");
  std::memcpy(values_.data() + used_, value, bytes);
  offsets_[count_++] = used_;
  used_ += (bytes + 7) / 8 * 8;
}

std::vector<std::uint8_t> value_table(const preprocess::TensorFormat& format) {
  std::array<std::uint8_t, 3 * 256> every_value;
  for (std::size_t v = 0; v < 256; ++v)
    for (std::size_t c = 0; c < 3; ++c) every_value[3 * v + c] = static_cast<std::uint8_t>(v);
  // As an image of 256 x 1 pixels, whose planes are in the model's order of channels.
  preprocess::TensorFormat planar = format;
  planar.layout = Layout::Nchw;
  planar.read_later = false;
  std::vector<std::uint8_t> table(preprocess::tensor_bytes(256, 1, format.type));
  preprocess::image_to_tensor({every_value.data(), 256, 1, 3 * 256}, planar, table.data());
  if (format.order == ChannelOrder::Bgr) {
    const auto plane = static_cast<std::ptrdiff_t>(table.size() / 3);
    std::swap_ranges(table.begin(), table.begin() + plane, table.end() - plane);
  }
  return table;
}

std::uint32_t TapTables::entry(std::int64_t width_px, std::int64_t height_px, std::int64_t size_px) {
  const std::array sides{width_px, height_px, size_px};
  for (const Known& one : known_)
    if (one.sides_px == sides) return one.entry;
  preprocess::ResizeScratch taps;
  preprocess::prepare_taps({width_px, height_px, size_px, size_px}, taps);
  const auto entry = static_cast<std::uint32_t>(ranges_.size());
  const auto first_weight = static_cast<I32>(weights_.size());
  for (std::size_t i = 0; i < taps.starts.size(); i += 3)
    ranges_.push_back({taps.starts[i], taps.starts[i + 1], first_weight + taps.starts[i + 2]});
  weights_.insert(weights_.end(), taps.weights.begin(), taps.weights.end());
  known_.push_back({sides, entry});
  return entry;
}

LaunchPlan launch_pixels(const PixelBatch& from, const TensorTarget& to, const std::optional<DeviceTaps>& taps) {
  LaunchPlan plan = begin(kPixels, from.pixels, from.tiles, to, taps);
  require_inside(from.crop, from.width_px, from.height_px);
  require(taps || (from.crop.width_px == to.format.size_px && from.crop.height_px == to.format.size_px),
          "a crop that is not resized has not the tensor's size");
  require(from.stride_bytes >= 3 * from.width_px, "rows of pixels overlap");
  require(from.tile_bytes / from.height_px >= from.stride_bytes, "tiles overlap");
  const auto stride = static_cast<U64>(from.stride_bytes);
  const PixelShape shape{static_cast<U64>(from.crop.y) * stride + 3 * static_cast<U64>(from.crop.x),
                         static_cast<U64>(from.tile_bytes), stride};
  const TensorShape tensor = shape_of(to.format);
  plan.add(&shape, sizeof shape);
  plan.add(&tensor, sizeof tensor);
  return plan;
}

TileRow tile_row(const DecodedImage& image, const Crop& crop, std::uint32_t tile, std::uint32_t taps) {
  require_inside(crop, image.width_px, image.height_px);
  const bool one_plane = image.kind == kInterleaved || image.kind == kGrey;
  const bool subsampled = image.kind == kLumaChroma && image.chroma != kFullChroma;
  const std::int64_t chroma_width = subsampled ? (image.width_px + 1) / 2 : image.width_px;
  const std::int64_t chroma_height =
      subsampled && image.chroma == kHalfBothChroma ? (image.height_px + 1) / 2 : image.height_px;
  TileRow row{};
  for (std::size_t i = 0; i < (one_plane ? 1u : 3u); ++i) {
    const std::int64_t samples = image.kind == kInterleaved ? 3 * image.width_px
                                 : i == 0                   ? image.width_px
                                                            : chroma_width;
    require(image.planes[i] != 0, "the address of a plane is missing");
    require(image.stride_bytes[i] >= samples && image.stride_bytes[i] <= UINT32_MAX, "rows of a plane overlap");
    row.plane[i] = image.planes[i];
    row.stride_bytes[i] = static_cast<U32>(image.stride_bytes[i]);
  }
  row.kind = image.kind;
  row.chroma = subsampled ? image.chroma : kFullChroma;
  row.chroma_width = static_cast<U32>(chroma_width);
  row.chroma_height = static_cast<U32>(chroma_height);
  row.crop_x = static_cast<U32>(crop.x);
  row.crop_y = static_cast<U32>(crop.y);
  row.taps = taps;
  row.tile = tile;
  return row;
}

LaunchPlan launch_rows(DevicePointer rows, std::int64_t count, const TensorTarget& to,
                       const std::optional<DeviceTaps>& taps) {
  LaunchPlan plan = begin(kRows, rows, count, to, taps);
  require(rows % sizeof(std::uint64_t) == 0, "rows do not lie at a multiple of 8");
  const TensorShape tensor = shape_of(to.format);
  plan.add(&tensor, sizeof tensor);
  return plan;
}

}  // namespace microtome::gpu
