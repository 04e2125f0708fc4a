// Slides whose driver gives pixels: regions, overviews and windows of tiles are cut from what it gives, each tile is
// asked for once, and what is not there is white and counted.
#include <atomic>
#include <memory>

#include "decode/overview.h"
#include "decode/region.h"
#include "test/check.h"
#include "test/support/fake_slide.h"

namespace {

using namespace microtome;
using namespace microtome::decode;

constexpr std::int64_t kTile = 32;

// A pixel says where in its level it lies. The tile at column 1, row 1 is not there, that at column 2, row 0 is
// damaged.
class PlacePixels final : public slide::TilePixels {
 public:
  [[nodiscard]] bool read(std::size_t directory, std::int64_t column, std::int64_t row,
                          const RgbView& out) const override {
    ++reads;
    CHECK_EQ(out.width_px, kTile);
    CHECK_EQ(out.height_px, kTile);
    if (column == 1 && row == 1) return false;
    if (column == 2 && row == 0) throw Error(Code::CORRUPT_TILE, Stage::Slide, "its library says no");
    for (std::int64_t y = 0; y < kTile; ++y)
      for (std::int64_t x = 0; x < kTile; ++x) {
        std::uint8_t* const pixel = out.row(y) + 3 * x;
        pixel[0] = static_cast<std::uint8_t>(column * kTile + x);
        pixel[1] = static_cast<std::uint8_t>(row * kTile + y);
        pixel[2] = static_cast<std::uint8_t>(directory);
      }
    return true;
  }
  mutable std::atomic<int> reads{0};
};

struct Rendered {
  test::FakeSlide slide;
  std::shared_ptr<PlacePixels> pixels = std::make_shared<PlacePixels>();
  TileDecoder decoder;

  Rendered() {
    slide::Storage storage;
    storage.width_px = 100;
    storage.height_px = 70;
    storage.tile_width_px = kTile;
    storage.tile_height_px = kTile;
    storage.tiled = true;
    storage.compression = slide::Compression::Rendered;
    slide.add_level(storage);
    slide.set_pixels(pixels);
  }

  Region region(RegionRequest request) {
    RegionReader reader(slide, picture_of_level(slide, 0), request);
    return reader.read(decoder, nullptr);
  }
};

TEST(a_region_is_cut_from_the_tiles_of_the_driver) {
  Rendered of;
  const Region region = of.region({20, 40, 10, 20});
  CHECK_EQ(region.missing_tiles, 0);
  for (std::int64_t y = 0; y < 20; ++y)
    for (std::int64_t x = 0; x < 10; ++x) {
      const std::uint8_t* const pixel = region.image.data.data() + 3 * (y * 10 + x);
      CHECK_EQ(static_cast<int>(pixel[0]), 20 + x);
      CHECK_EQ(static_cast<int>(pixel[1]), 40 + y);
    }
  CHECK_EQ(of.pixels->reads.load(), 1);
}

TEST(a_tile_that_is_not_there_is_white_and_counted) {
  Rendered of;
  const Region region = of.region({30, 34, 10, 10});
  CHECK_EQ(region.missing_tiles, 1);
  CHECK_EQ(static_cast<int>(region.image.data[0]), 30);       // of the tile beside it
  CHECK_EQ(static_cast<int>(region.image.data[3 * 2]), 255);  // column 32
}

TEST(a_tile_that_the_driver_cannot_give_is_named_or_filled) {
  Rendered of;
  bool thrown = false;
  try {
    (void)of.region({60, 0, 10, 10});
  } catch (const Error& error) {
    thrown = true;
    CHECK(error.code() == Code::CORRUPT_TILE);
    CHECK_EQ(error.tile()->column, 2);
    CHECK_EQ(error.tile()->row, 0);
  }
  CHECK(thrown);
  const Region filled = of.region({60, 0, 10, 10, BadTilePolicy::Fill});
  CHECK_EQ(filled.bad_tiles, 1);
  CHECK_EQ(static_cast<int>(filled.image.data[3 * 9]), 255);
}

TEST(an_overview_is_made_from_the_tiles_of_the_driver) {
  Rendered of;
  OverviewReader reader(of.slide, 100, BadTilePolicy::Fill);
  const Region region = reader.read(of.decoder, nullptr);
  CHECK_EQ(region.image.width_px, 100);
  CHECK_EQ(region.missing_tiles, 1);
  CHECK_EQ(region.bad_tiles, 1);
  CHECK_EQ(of.pixels->reads.load(), 12);
  CHECK_EQ(static_cast<int>(region.image.data[3 * (69 * 100 + 99)]), 99);
}

}  // namespace

TEST_MAIN
