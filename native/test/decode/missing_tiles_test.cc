// Stored tiles that a reduced level leaves out, made from finer levels: pixels, counts, cost, and bytes that come
// later.
#include "decode/overview.h"
#include "test/decode/codec_support.h"
#include "test/decode/level_support.h"
#include "test/support/bytes.h"
#include "test/support/late_source.h"
#include "test/support/tiff_writer.h"

namespace {

using namespace microtome;
using namespace microtome::decode;
using namespace microtome::test;
using slide::Compression;
using test::Bytes;

constexpr int kTile = 16;

// Means of two by two pixels, rounded half up.
Bytes halved(const Bytes& from, int width, int height) {
  Bytes out;
  for (int y = 0; y < height / 2; ++y)
    for (int x = 0; x < width / 2; ++x)
      for (int c = 0; c < 3; ++c) {
        const auto at = [&](int dx, int dy) {
          return from[static_cast<std::size_t>(3 * ((2 * y + dy) * width + 2 * x + dx) + c)];
        };
        out.push_back(static_cast<std::uint8_t>((at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1) + 2) / 4));
      }
  return out;
}

// A pyramid of three levels, each the exact mean of the one before; tiles can be left out.
struct Pyramid {
  static constexpr int kSide = 256;
  std::vector<std::vector<Bytes>> levels;
  std::vector<Bytes> pixels;

  Pyramid() {
    Bytes level = picture(kSide, kSide);
    for (int side = kSide; side >= kSide / 4; side /= 2) {
      levels.push_back(tiles_of(level, side, side, kTile));
      pixels.push_back(level);
      level = halved(level, side, side);
    }
  }
  void drop(std::size_t level, int column, int row) {
    levels[level][static_cast<std::size_t>(row * ((kSide >> level) / kTile) + column)].clear();
  }
  [[nodiscard]] Bytes file() const {
    TiffWriter out;
    for (std::size_t i = 0; i < levels.size(); ++i) {
      const auto side = static_cast<std::uint64_t>(kSide >> i);
      out.add(tiff_image(side, side, kTile).set(tag::kNewSubfileType, {i > 0 ? 1u : 0u}).tiles(levels[i]));
    }
    return out.bytes();
  }
  [[nodiscard]] std::shared_ptr<const slide::Slide> slide() const { return slide::Slide::open(memory_source(file())); }
};

Region overview(const slide::Slide& slide, std::int64_t side, MissingTiles missing = MissingTiles::FromFiner,
                BadTilePolicy policy = BadTilePolicy::Error) {
  TileDecoder decoder;
  return OverviewReader(slide, side, policy, missing).read(decoder, nullptr);
}

TEST(a_missing_tile_is_made_from_the_next_finer_level) {
  Pyramid pyramid;
  pyramid.drop(2, 1, 2);
  pyramid.drop(2, 3, 3);
  const auto slide = pyramid.slide();
  CHECK_EQ(slide->levels().size(), 3u);
  const Region made = overview(*slide, 64);
  CHECK(plain(made.image.data) == pyramid.pixels[2]);
  CHECK_EQ(made.made_tiles, 2);
  CHECK_EQ(made.missing_tiles, 0);
  CHECK_EQ(made.bad_tiles, 0);
  const Region smaller = overview(*slide, 20);
  CHECK(plain(smaller.image.data) == plain(overview(*Pyramid().slide(), 20).image.data));
}

TEST(where_that_level_lacks_it_too_the_one_before_has_it) {
  Pyramid pyramid;
  pyramid.drop(2, 1, 1);
  for (const int column : {2, 3}) pyramid.drop(1, column, 2);
  const Region made = overview(*pyramid.slide(), 64);
  CHECK_EQ(made.made_tiles, 1);
  CHECK_EQ(largest_difference(plain(made.image.data), pyramid.pixels[2]),
           0);  // means of means: exact here but for rounding
}

TEST(what_no_level_has_is_white_and_counted) {
  Pyramid pyramid;
  pyramid.drop(2, 0, 0);
  for (const int row : {0, 1})
    for (const int column : {0, 1}) pyramid.drop(1, column, row);
  for (int row = 0; row < 4; ++row)
    for (int column = 0; column < 4; ++column) pyramid.drop(0, column, row);
  Region made = overview(*pyramid.slide(), 64);
  CHECK_EQ(made.made_tiles, 0);
  CHECK_EQ(made.missing_tiles, 1);
  CHECK_EQ(made.costly_tiles, 0);
  CHECK_EQ(int{made.image.data[0]}, 255);
  // One of the sixteen is there: its part is made, the rest is white.
  Pyramid one;
  one.drop(2, 0, 0);
  for (const int row : {0, 1})
    for (const int column : {0, 1}) one.drop(1, column, row);
  for (int i = 1; i < 16; ++i) one.drop(0, i % 4, i / 4);
  made = overview(*one.slide(), 64);
  CHECK_EQ(made.made_tiles, 1);
  CHECK_EQ(made.missing_tiles, 0);
  int wrong = 0;
  for (int y = 0; y < 16; ++y)
    for (int x = 0; x < 16; ++x) {
      const auto found = made.image.data[static_cast<std::size_t>(3 * (y * 64 + x))];
      const int expected = x < 4 && y < 4 ? one.pixels[2][static_cast<std::size_t>(3 * (y * 64 + x))] : 255;
      if (std::abs(found - expected) > 1) ++wrong;
    }
  CHECK_EQ(wrong, 0);
}

TEST(a_picture_of_the_level_alone_stays_white) {
  Pyramid pyramid;
  pyramid.drop(2, 1, 2);
  const Region region = overview(*pyramid.slide(), 64, MissingTiles::White);
  CHECK_EQ(region.missing_tiles, 1);
  CHECK_EQ(region.made_tiles, 0);
  CHECK_EQ(int{region.image.data[3 * (2 * 16 * 64 + 16)]}, 255);
}

TEST(a_damaged_tile_of_a_finer_level_is_named_or_counted) {
  Pyramid pyramid;
  pyramid.drop(2, 1, 1);
  pyramid.levels[1][2 * 8 + 3].resize(50);
  const auto slide = pyramid.slide();
  try {
    (void)overview(*slide, 64);
    CHECK(false);
  } catch (const Error& error) {
    CHECK(error.code() == Code::CORRUPT_TILE);
    CHECK(error.tile() && error.tile()->level == 1 && error.tile()->column == 3 && error.tile()->row == 2);
  }
  const Region filled = overview(*slide, 64, MissingTiles::FromFiner, BadTilePolicy::Fill);
  CHECK_EQ(filled.bad_tiles, 1);
  CHECK_EQ(filled.made_tiles, 1);
}

// Two levels, the smaller one without any tile: making it takes more of the large one than is allowed.
TEST(too_much_work_is_left_white_and_counted) {
  constexpr std::int64_t kSmall = 16 * 10, kLarge = kSmall * 16;
  FakeSlide slide;
  slide.add_level(storage_of(kLarge, kLarge, 16, 16, Compression::None));
  slide.add_level(storage_of(kSmall, kSmall, 16, 16, Compression::None));
  const Bytes grey(3 * 16 * 16, 100);
  for (std::int64_t i = 0; i < (kLarge / 16) * (kLarge / 16); ++i)
    slide.set_tile(0, i % (kLarge / 16), i / (kLarge / 16), grey);
  const Region region = overview(slide, kSmall);
  // 256 tiles of level 0 for each of 100: the first 64 are made.
  const std::int64_t affordable = AreaShared::kMostFinerTiles / 256;
  CHECK_EQ(region.made_tiles, affordable);
  CHECK_EQ(region.missing_tiles, 100 - affordable);
  CHECK_EQ(region.costly_tiles, 100 - affordable);
  CHECK_EQ(int{region.image.data.front()}, 100);
  CHECK_EQ(int{region.image.data.back()}, 255);
}

// Sides that are not halves: 101 pixels from 203, in strips.
TEST(sides_that_are_rounded_and_strips) {
  const int large = 203, small = 101;
  const Bytes pixels = picture(large, large);
  TiffWriter file;
  file.add(tiff_image(large, large, kTile).tiles(tiles_of(pixels, large, large, kTile)));
  std::vector<Bytes> strips(7);
  strips[6] = Bytes(3 * 101 * 5, 9);  // the last strip is there
  file.add(tiff_image(small, small, 0).set(tag::kNewSubfileType, {1}).tiles(strips));
  const auto slide = slide::Slide::open(file.source());
  CHECK_EQ(slide->levels().size(), 2u);
  const Region made = overview(*slide, small);
  CHECK_EQ(made.made_tiles, 6);
  const Bytes half = halved(pixels, large, large);  // 101 of 203, the last column left over
  int wrong = 0;
  for (int y = 0; y < 96; ++y)
    for (int i = 0; i < 3 * (small - 1); ++i)
      if (std::abs(made.image.data[static_cast<std::size_t>(3 * small * y + i)] -
                   half[static_cast<std::size_t>(3 * 101 * y + i)]) > 1)
        ++wrong;
  CHECK_EQ(wrong, 0);
  CHECK_EQ(int{made.image.data.back()}, 9);
}

TEST(bytes_that_come_later_give_the_same_picture) {
  Pyramid pyramid;
  pyramid.drop(2, 1, 1);
  pyramid.drop(2, 2, 0);
  for (const int column : {2, 3}) pyramid.drop(1, column, 2);
  const Region expected = overview(*pyramid.slide(), 40);
  const auto source = std::make_shared<LateSource>(pyramid.file());
  const auto slide = source->until_here([&] { return slide::Slide::open(source); });
  const int before = source->waits();
  OverviewReader reader(*slide, 40, BadTilePolicy::Error, MissingTiles::FromFiner);
  TileDecoder decoder;
  const Region late = source->until_here([&] { return reader.read(decoder, nullptr); });
  CHECK(source->waits() - before > 20);
  CHECK(plain(late.image.data) == plain(expected.image.data));
  CHECK_EQ(late.made_tiles, 2);
  CHECK_EQ(late.missing_tiles, 0);
}

TEST(cancelling_stops_also_inside_a_missing_tile) {
  Pyramid pyramid;
  pyramid.drop(2, 0, 0);
  CancelToken cancel;
  cancel.cancel();
  TileDecoder decoder;
  const auto slide = pyramid.slide();
  OverviewReader reader(*slide, 64, BadTilePolicy::Error, MissingTiles::FromFiner);
  CHECK_THROWS(CANCELLED, (void)reader.read(decoder, &cancel));
}

}  // namespace

TEST_MAIN
