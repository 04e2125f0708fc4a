// The overview: area averages against a direct computation, the choice of the level, and memory that stays small.
#include "decode/overview.h"

#include <cmath>

#include "decode/area_average.h"
#include "test/decode/codec_support.h"
#include "test/decode/level_support.h"
#include "test/support/bytes.h"
#include "test/support/peak_memory.h"
#include "test/support/whole_reads.h"

namespace {

using namespace microtome;
using namespace microtome::decode;
using namespace microtome::test;
using slide::Compression;

Region overview(const FakeSlide& slide, std::int64_t side, BadTilePolicy policy = BadTilePolicy::Error) {
  TileDecoder decoder;
  return read_overview(decoder, slide, side, policy, nullptr);
}

TEST(areas_are_averaged_exactly) {
  struct Size {
    int width, height, tile, side;
  };
  for (const Size& size : {Size{61, 43, 16, 20}, Size{64, 64, 16, 16}, Size{50, 97, 32, 31}, Size{33, 20, 16, 32},
                           Size{40, 30, 64, 1}, Size{100, 3, 16, 10}, Size{200, 150, 16, 2}, Size{150, 200, 16, 1}}) {
    const Bytes pixels = noise(size.width, size.height);
    FakeSlide slide;
    add_level(slide, pixels, size.width, size.height, size.tile);
    const Region region = overview(slide, size.side);
    const auto width = static_cast<int>(region.image.width_px), height = static_cast<int>(region.image.height_px);
    CHECK_EQ(std::max(width, height), size.side);
    CHECK(std::abs(static_cast<double>(width) / size.width * std::max(size.width, size.height) - size.side) < 1);
    CHECK(test::plain(region.image.data) == reference(pixels, size.width, size.height, width, height));
  }
}

// Weights of more than 15 bits.
TEST(tall_images_are_averaged_exactly) {
  const int width = 7, height = 40'001, out_width = 5, out_height = 33'001;
  Bytes pixels = noise(width, height);
  RgbImage out(out_width, out_height);
  AreaAverage average(width, height, out.view());
  for (int y = 0; y < height; y += 100) {
    const int rows = std::min(100, height - y);
    average.begin_band(y, rows);
    average.add(0, y, {pixels.data() + 3 * width * y, width, rows, 3 * width});
    average.end_band();
  }
  CHECK(test::plain(out.data) == reference(pixels, width, height, out_width, out_height));
}

TEST(a_level_that_fits_is_taken_as_it_is) {
  const Bytes pixels = noise(30, 20);
  FakeSlide slide;
  add_level(slide, pixels, 30, 20, 16);
  for (const std::int64_t side : {30, 31, 5000}) {
    const Region region = overview(slide, side);
    CHECK_EQ(region.image.width_px, 30);
    CHECK(test::plain(region.image.data) == pixels);
  }
  CHECK_THROWS(INVALID_OPTION, (void)overview(slide, 0));
}

TEST(the_smallest_level_that_is_large_enough_is_read) {
  FakeSlide slide;
  add_level(slide, Bytes(3 * 64 * 64, 10), 64, 64, 16);
  add_level(slide, Bytes(3 * 32 * 32, 20), 32, 32, 16);
  add_level(slide, Bytes(3 * 16 * 16, 30), 16, 16, 16);
  CHECK_EQ(int{overview(slide, 8).image.data[0]}, 30);
  CHECK_EQ(int{overview(slide, 16).image.data[0]}, 30);
  CHECK_EQ(int{overview(slide, 17).image.data[0]}, 20);
  CHECK_EQ(int{overview(slide, 33).image.data[0]}, 10);
  CHECK_EQ(overview(slide, 100).image.width_px, 64);
}

TEST(bad_and_missing_tiles_are_white_and_counted) {
  FakeSlide slide;
  add_level(slide, Bytes(3 * 64 * 64, 0), 64, 64, 32);
  slide.set_tile(0, 1, 0, Bytes{});
  slide.set_tile(0, 0, 1, Bytes(5));
  CHECK_THROWS(CORRUPT_TILE, (void)overview(slide, 2));
  const Region region = overview(slide, 2, BadTilePolicy::Fill);
  CHECK_EQ(region.bad_tiles, 1);
  CHECK_EQ(region.missing_tiles, 1);
  CHECK(test::plain(region.image.data) == (Bytes{0, 0, 0, 255, 255, 255, 255, 255, 255, 0, 0, 0}));
}

TEST(cancelling_stops) {
  FakeSlide slide;
  slide.add_level(1000, 1000);
  CancelToken cancel;
  cancel.cancel();
  TileDecoder decoder;
  CHECK_THROWS(CANCELLED, (void)read_overview(decoder, slide, 10, BadTilePolicy::Error, &cancel));
}

TEST(a_huge_single_level_needs_little_memory) {
  FakeSlide slide;
  auto storage = storage_of(100000, 20000, 1024, 1024, Compression::None);
  slide.add_level(storage);
  slide.set_tile(0, 0, 0, Bytes(3 * 1024 * 1024, 0));
  Region region;
  const auto growth = test::peak_growth_bytes([&] { region = overview(slide, 1000); });
  CHECK_EQ(region.image.width_px, 1000);
  CHECK_EQ(region.image.height_px, 200);
  CHECK_EQ(region.missing_tiles, 98 * 20 - 1);
  CHECK_EQ(int{region.image.data[0]}, 0);
  CHECK_EQ(int{region.image.data.back()}, 255);
  if (growth) CHECK(*growth < 40 << 20);  // the level has 6 GB
}

}  // namespace

TEST_MAIN
