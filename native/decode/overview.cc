#include "decode/overview.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "decode/area_average.h"
#include "decode/require_tiles.h"

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
                "the overview of " + std::to_string(width) + " x " + std::to_string(height) + " pixels needs " +
                    (overflow ? "more than 2^64" : std::to_string(bytes)) + " bytes, [[limits.requestBytes]] is " +
                    std::to_string(slide.limits().request_bytes),
                "ask for a smaller one, or raise [[limits.requestBytes]] where the slide is opened")
        .with_path(slide.source().name());
}

struct Sides {
  std::int64_t width_px = 0;
  std::int64_t height_px = 0;
};

Sides sides_of(const Level& level, std::int64_t max_side_px) {
  const std::int64_t longer = longer_side(level);
  return {reduced(level.storage.width_px, longer, max_side_px), reduced(level.storage.height_px, longer, max_side_px)};
}

Region make_region(const slide::Slide& slide, Sides sides) {
  require_size(slide, sides.width_px, sides.height_px);
  try {
    Region region;
    region.image = RgbImage(sides.width_px, sides.height_px);
    return region;
  } catch (const std::bad_alloc&) {
    throw Error(Code::OUT_OF_MEMORY, Stage::Decode, "no memory is left for the overview")
        .with_path(slide.source().name());
  }
}

}  // namespace

class OverviewReader::Impl {
 public:
  Impl(const slide::Slide& slide, const Level& level, Sides sides, BadTilePolicy on_bad_tile)
      : slide_(slide),
        level_(level),
        on_bad_tile_(on_bad_tile),
        region_(make_region(slide, sides)),
        average_(level.storage.width_px, level.storage.height_px, region_.image.view()) {}

  Region read(TileDecoder& decoder, const CancelToken* cancel) {
    try {
      const auto& storage = level_.storage;
      const std::int64_t count = storage.tiles_across() * storage.tiles_down();
      for (; next_ < count; ++next_) {
        if (cancel != nullptr) cancel->check(Stage::Decode);
        add_next(decoder);
      }
      return std::move(region_);
    } catch (const std::bad_alloc&) {
      throw Error(Code::OUT_OF_MEMORY, Stage::Decode, "no memory is left for the overview")
          .with_path(slide_.source().name());
    }
  }

 private:
  void require_bytes() {
    if (slide_.source().is_local() || next_ < required_) return;
    const std::int64_t across = level_.storage.tiles_across();
    const std::int64_t end = std::min(next_ + kTilesAtOnce, across * level_.storage.tiles_down());
    std::vector<TileAddress> tiles;
    for (std::int64_t i = next_; i < end; ++i) tiles.push_back({level_.index, i % across, i / across});
    kept_ = require_stored_tiles(slide_, level_.storage, level_.directory, tiles);
    required_ = end;
  }

  void add_next(TileDecoder& decoder) {
    require_bytes();
    const auto& storage = level_.storage;
    const TileAddress address{level_.index, next_ % storage.tiles_across(), next_ / storage.tiles_across()};
    if (address.column == 0) {
      const std::int64_t y = address.row * storage.tile_height_px;
      average_.begin_band(y, std::min(storage.tile_height_px, storage.height_px - y));
    }
    add_tile(decoder, address);
    if (address.column + 1 == storage.tiles_across()) average_.end_band();
  }

  void add_tile(TileDecoder& decoder, TileAddress address) {
    const auto& storage = level_.storage;
    bool white = false;
    try {
      const TileState state = decoder.load(slide_, storage, level_.directory, address);
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
      if (!white) decoder.copy(0, done, piece);
      average_.add(x, y + done, piece);
    }
  }

  static constexpr std::int64_t kPieceBytes = 1 << 18;

  const slide::Slide& slide_;
  const Level& level_;
  const BadTilePolicy on_bad_tile_;
  Region region_;
  AreaAverage average_;
  std::vector<std::uint8_t> rgb_;
  std::int64_t next_ = 0;             // stored tile, in the order of the file
  std::int64_t required_ = 0;         // the bytes of those before it are here
  std::shared_ptr<const void> kept_;  // as long as this lives
};

OverviewReader::OverviewReader(const slide::Slide& slide, std::int64_t max_side_px, BadTilePolicy on_bad_tile) {
  if (max_side_px < 1)
    throw Error(Code::INVALID_OPTION, Stage::Decode,
                "the longest side of the overview is " + std::to_string(max_side_px) + " pixels, expected at least 1");
  const Level& level = level_for(slide, max_side_px);
  require_codec(level.storage, slide.source().name());
  impl_ = std::make_unique<Impl>(slide, level, sides_of(level, max_side_px), on_bad_tile);
}

OverviewReader::~OverviewReader() = default;
OverviewReader::OverviewReader(OverviewReader&&) noexcept = default;
OverviewReader& OverviewReader::operator=(OverviewReader&&) noexcept = default;

Region OverviewReader::read(TileDecoder& decoder, const CancelToken* cancel) { return impl_->read(decoder, cancel); }

Region read_overview(TileDecoder& decoder, const slide::Slide& slide, std::int64_t max_side_px,
                     BadTilePolicy on_bad_tile, const CancelToken* cancel) {
  return OverviewReader(slide, max_side_px, on_bad_tile).read(decoder, cancel);
}

std::int64_t overview_bytes(const slide::Slide& slide, std::int64_t max_side_px) {
  const Sides sides = sides_of(level_for(slide, max_side_px), max_side_px);
  return 3 * sides.width_px * sides.height_px;
}

}  // namespace microtome::decode
