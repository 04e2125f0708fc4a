// Regions put together from stored tiles: exact pixels, white outside, policies, limits, cancelling.
#include "decode/region.h"

#include <limits>

#include "test/decode/codec_support.h"
#include "test/support/bytes.h"
#include "test/support/whole_reads.h"

namespace {

using namespace microtome;
using namespace microtome::decode;
using namespace microtome::test;
using slide::Compression;

constexpr int kWidth = 70, kHeight = 50, kTile = 16;

// The whole level's pixels, and a slide that stores them uncompressed.
struct Level {
  Bytes pixels = picture(kWidth, kHeight);
  FakeSlide slide;

  explicit Level(bool strips = false) {
    auto storage = storage_of(kWidth, kHeight, strips ? kWidth : kTile, kTile, Compression::None);
    storage.tiled = !strips;
    slide.add_level(storage);
    for (std::int64_t row = 0; row < storage.tiles_down(); ++row)
      for (std::int64_t column = 0; column < storage.tiles_across(); ++column)
        slide.set_tile(0, column, row, tile(storage, column, row));
  }

  [[nodiscard]] Bytes tile(const slide::Storage& storage, std::int64_t column, std::int64_t row) const {
    Bytes out;
    const std::int64_t top = row * storage.tile_height_px, left = column * storage.tile_width_px;
    const std::int64_t rows =
        storage.tiled ? storage.tile_height_px : std::min<std::int64_t>(storage.tile_height_px, kHeight - top);
    for (std::int64_t y = top; y < top + rows; ++y)
      for (std::int64_t x = left; x < left + storage.tile_width_px; ++x)
        for (std::int64_t c = 0; c < 3; ++c)
          out.push_back(x < kWidth && y < kHeight ? at(x, y, c) : 1);  // padding that must never show
    return out;
  }
  [[nodiscard]] std::uint8_t at(std::int64_t x, std::int64_t y, std::int64_t c) const {
    return pixels[static_cast<std::size_t>(3 * (y * kWidth + x) + c)];
  }
  [[nodiscard]] Region read(const RegionRequest& request, const CancelToken* cancel = nullptr) const {
    TileDecoder decoder;
    return read_region(decoder, slide, slide.levels()[0].storage, 0, 0, request, cancel);
  }
  [[nodiscard]] int wrong(const RegionRequest& request) const {
    const Region region = read(request);
    int count = 0;
    for (std::int64_t y = 0; y < request.height_px; ++y)
      for (std::int64_t x = 0; x < request.width_px; ++x)
        for (std::int64_t c = 0; c < 3; ++c) {
          const std::int64_t lx = request.x + x, ly = request.y + y;
          const bool inside = lx >= 0 && ly >= 0 && lx < kWidth && ly < kHeight;
          const auto found = region.image.data[static_cast<std::size_t>(3 * (y * request.width_px + x) + c)];
          if (found != (inside ? at(lx, ly, c) : 255)) ++count;
        }
    return count;
  }
};

TEST(regions_are_exact_and_white_outside) {
  for (const bool strips : {false, true}) {
    const Level level(strips);
    for (const RegionRequest& request :
         {RegionRequest{0, 0, kWidth, kHeight}, RegionRequest{5, 7, 1, 1}, RegionRequest{13, 11, 40, 30},
          RegionRequest{-10, -20, 100, 100}, RegionRequest{60, 40, 30, 30}, RegionRequest{16, 16, 16, 16},
          RegionRequest{-49, 0, 50, 5}, RegionRequest{kWidth - 1, 0, 8, 8}, RegionRequest{-1, kHeight - 1, 3, 2}})
      CHECK_EQ(level.wrong(request), 0);
  }
}

TEST(pixels_outside_are_counted) {
  const Level level;
  CHECK_EQ(level.read({0, 0, kWidth, kHeight}).outside_px, 0);
  CHECK_EQ(level.read({-10, -20, 100, 100}).outside_px, 100 * 100 - kWidth * kHeight);
  CHECK_EQ(level.read({kWidth - 1, kHeight - 2, 8, 8}).outside_px, 62);
}

TEST(a_region_wholly_outside_is_refused_with_the_size_of_the_level) {
  const Level level;
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min(), kMost = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t x : {kLeast, kLeast + 5, kMost, kMost - 5})
    CHECK_THROWS(INVALID_OPTION, (void)level.read({x, x, 3, 3}));
  for (const RegionRequest& request : {RegionRequest{-50, 0, 50, 5}, RegionRequest{kWidth, 0, 8, 8},
                                       RegionRequest{0, -5, 8, 5}, RegionRequest{0, kHeight, 8, 8}}) {
    try {
      (void)level.read(request);
      CHECK(false);
    } catch (const Error& error) {
      CHECK(error.code() == Code::INVALID_OPTION);
      CHECK(error.found().find("lies outside level 0, which is 70 x 50 pixels") != std::string::npos);
      CHECK(error.found().find("x = " + std::to_string(request.x)) != std::string::npos);
    }
  }
}

TEST(requests_are_checked_before_memory_is_taken) {
  Level level;
  CHECK_THROWS(INVALID_OPTION, (void)level.read({0, 0, 0, 5}));
  CHECK_THROWS(INVALID_OPTION, (void)level.read({0, 0, 5, -1}));
  CHECK_THROWS(LIMIT_EXCEEDED, (void)level.read({0, 0, std::int64_t{1} << 40, std::int64_t{1} << 40}));
  slide::Limits limits;
  limits.request_bytes = 3 * 100;
  level.slide.set_limits(limits);
  CHECK_EQ(level.read({0, 0, 10, 10}).image.width_px, 10);
  CHECK_THROWS(LIMIT_EXCEEDED, (void)level.read({0, 0, 10, 11}));
}

TEST(a_bad_tile_stops_or_is_white_and_counted) {
  Level level;
  level.slide.set_tile(0, 1, 1, Bytes(10));
  level.slide.set_tile(0, 2, 1, Bytes{});
  CHECK_THROWS(CORRUPT_TILE, (void)level.read({0, 0, kWidth, kHeight}));
  const Region region = level.read({0, 0, kWidth, kHeight, BadTilePolicy::Fill});
  CHECK_EQ(region.bad_tiles, 1);
  CHECK_EQ(region.missing_tiles, 1);
  int wrong = 0;
  for (std::int64_t y = 0; y < kHeight; ++y)
    for (std::int64_t x = 0; x < kWidth; ++x) {
      const bool white = y / kTile == 1 && (x / kTile == 1 || x / kTile == 2);
      const auto found = region.image.data[static_cast<std::size_t>(3 * (y * kWidth + x))];
      if (found != (white ? 255 : level.at(x, y, 0))) ++wrong;
    }
  CHECK_EQ(wrong, 0);
  CHECK_EQ(level.read({40, 0, 20, 10}).bad_tiles, 0);  // a region beside it is not concerned
}

TEST(only_damage_is_filled_over) {
  Level level;
  slide::Limits limits;
  limits.stored_tile_bytes = 5;
  level.slide.set_limits(limits);
  CHECK_THROWS(LIMIT_EXCEEDED, (void)level.read({0, 0, 5, 5, BadTilePolicy::Fill}));
  CHECK(is_bad_tile(Error(Code::CORRUPT_TILE, Stage::Decode, "x").with_tile({0, 1, 2})));
  CHECK(is_bad_tile(Error(Code::TRUNCATED, Stage::Slide, "x").with_tile({0, 1, 2})));
  CHECK(!is_bad_tile(Error(Code::TRUNCATED, Stage::Slide, "x")));
  CHECK(!is_bad_tile(Error(Code::OUT_OF_MEMORY, Stage::Decode, "x").with_tile({0, 1, 2})));
}

TEST(cancelling_stops) {
  const Level level;
  CancelToken cancel;
  CHECK_EQ(level.read({0, 0, 5, 5}, &cancel).bad_tiles, 0);
  cancel.cancel();
  CHECK_THROWS(CANCELLED, (void)level.read({0, 0, 5, 5}, &cancel));
}

TEST(jpeg_tiles_decode_straight_into_a_region) {
  if (!have_jpeg(__func__)) return;
  const JpegTool tool;
  FakeSlide slide;
  auto storage = storage_of(100, 90, 64, 64, Compression::Jpeg);
  storage.photometric = slide::Photometric::YCbCr;
  slide.add_level(storage);
  std::vector<Bytes> tiles;
  for (int i = 0; i < 4; ++i) {
    const Bytes jpeg = tool.encode(picture(64, 64, 20 * i), 64, 64);
    slide.set_tile(0, i % 2, i / 2, jpeg);
    tiles.push_back(tool.decode(jpeg, 64, 64));
  }
  TileDecoder decoder;
  const Region region = read_region(decoder, slide, slide.levels()[0].storage, 0, 0, {-3, -2, 110, 95}, nullptr);
  int wrong = 0;
  for (std::int64_t y = 0; y < 95; ++y)
    for (std::int64_t x = 0; x < 110; ++x) {
      const std::int64_t lx = x - 3, ly = y - 2;
      const bool inside = lx >= 0 && ly >= 0 && lx < 100 && ly < 90;
      const auto found = region.image.data[static_cast<std::size_t>(3 * (y * 110 + x) + 1)];
      const auto expected = inside ? tiles[static_cast<std::size_t>(ly / 64 * 2 + lx / 64)]
                                          [static_cast<std::size_t>(3 * (ly % 64 * 64 + lx % 64) + 1)]
                                   : 255;
      if (found != expected) ++wrong;
    }
  CHECK_EQ(wrong, 0);
}

}  // namespace

TEST_MAIN
