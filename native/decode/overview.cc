#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "decode/area_average.h"
#include "decode/region.h"

namespace microtome::decode {
namespace {

using slide::Level;

std::int64_t longer_side(const Level& level) { return std::max(level.storage.width_px, level.storage.height_px); }

// The smallest level whose longer side is at least `side_px`; level 0 when none is.
const Level& level_for(const slide::Slide& slide, std::int64_t side_px) {
  const Level* best = &slide.levels().front();
  for (const Level& level : slide.levels())
    if (longer_side(level) >= side_px && longer_side(level) < longer_side(*best)) best = &level;
  return *best;
}

// A side of the overview: in proportion, rounded, at least one pixel, never more than the level has.
std::int64_t reduced(std::int64_t side_px, std::int64_t longer_px, std::int64_t max_side_px) {
  if (longer_px <= max_side_px) return side_px;
  const double exact = static_cast<double>(side_px) * static_cast<double>(max_side_px) / static_cast<double>(longer_px);
  return std::clamp<std::int64_t>(std::llround(exact), 1, std::min(side_px, max_side_px));
}

void require_size(const slide::Slide& slide, std::int64_t width, std::int64_t height) {
  std::uint64_t bytes = 0;
  const bool overflow = __builtin_mul_overflow(width, height, &bytes) || __builtin_mul_overflow(bytes, 3, &bytes);
  if (overflow || bytes > slide.limits().request_bytes)
    throw Error(Code::LIMIT_EXCEEDED, Stage::Decode,
                "the overview of " + std::to_string(width) + " x " + std::to_string(height) +
                    " pixels needs more than [[limits.requestBytes]], which is " +
                    std::to_string(slide.limits().request_bytes))
        .with_path(slide.source().name());
}

class Overview {
 public:
  Overview(TileDecoder& decoder, const slide::Slide& slide, const Level& level, BadTilePolicy on_bad_tile,
           Region& region)
      : decoder_(decoder),
        slide_(slide),
        level_(level),
        on_bad_tile_(on_bad_tile),
        region_(region),
        average_(level.storage.width_px, level.storage.height_px, region.image.view()) {}

  void run(const CancelToken* cancel) {
    const auto& storage = level_.storage;
    for (std::int64_t row = 0; row < storage.tiles_down(); ++row) {
      const std::int64_t y = row * storage.tile_height_px;
      average_.begin_band(y, std::min(storage.tile_height_px, storage.height_px - y));
      for (std::int64_t column = 0; column < storage.tiles_across(); ++column) {
        if (cancel != nullptr) cancel->check(Stage::Decode);
        add_tile({level_.index, column, row});
      }
      average_.end_band();
    }
  }

 private:
  void add_tile(TileAddress address) {
    const auto& storage = level_.storage;
    bool white = false;
    try {
      const TileState state = decoder_.load(slide_, storage, level_.directory, address);
      white = state == TileState::Missing;
      if (white) ++region_.missing_tiles;
    } catch (const Error& error) {
      if (on_bad_tile_ != BadTilePolicy::Fill || !is_bad_tile(error)) throw;
      white = true;
      ++region_.bad_tiles;
    }
    const std::int64_t x = address.column * storage.tile_width_px, y = address.row * storage.tile_height_px;
    const std::int64_t width = std::min(storage.tile_width_px, storage.width_px - x);
    const std::int64_t height = std::min(storage.tile_height_px, storage.height_px - y);
    // A few rows at a time: a strip can be as large as the limit allows, and as RGB three times that.
    const std::int64_t rows_at_once = std::clamp<std::int64_t>(kPieceBytes / (3 * width), 1, height);
    rgb_.resize(static_cast<std::size_t>(3 * width * rows_at_once));
    if (white) std::memset(rgb_.data(), 255, rgb_.size());
    for (std::int64_t done = 0; done < height; done += rows_at_once) {
      const RgbView piece{rgb_.data(), width, std::min(rows_at_once, height - done), 3 * width};
      if (!white) decoder_.copy(0, done, piece);
      average_.add(x, y + done, piece);
    }
  }

  static constexpr std::int64_t kPieceBytes = 1 << 18;

  TileDecoder& decoder_;
  const slide::Slide& slide_;
  const Level& level_;
  const BadTilePolicy on_bad_tile_;
  Region& region_;
  AreaAverage average_;
  std::vector<std::uint8_t> rgb_;
};

}  // namespace

Region read_overview(TileDecoder& decoder, const slide::Slide& slide, std::int64_t max_side_px,
                     BadTilePolicy on_bad_tile, const CancelToken* cancel) {
  if (max_side_px < 1)
    throw Error(Code::INVALID_OPTION, Stage::Decode,
                "the longest side of the overview is " + std::to_string(max_side_px) + " pixels, expected at least 1");
  const Level& level = level_for(slide, max_side_px);
  require_codec(level.storage, slide.source().name());
  const std::int64_t longer = longer_side(level);
  const std::int64_t width = reduced(level.storage.width_px, longer, max_side_px);
  const std::int64_t height = reduced(level.storage.height_px, longer, max_side_px);
  require_size(slide, width, height);
  try {
    Region region;
    region.image = RgbImage(width, height);
    Overview(decoder, slide, level, on_bad_tile, region).run(cancel);
    return region;
  } catch (const std::bad_alloc&) {
    throw Error(Code::OUT_OF_MEMORY, Stage::Decode, "no memory is left for the overview")
        .with_path(slide.source().name());
  }
}

}  // namespace microtome::decode
