// Tensors made part by part from stored tiles are those of the assembled tiles, and the pixels are those of the level:
// grids that fit the stored tiles and grids that do not, overhanging edges, missing tiles, reduction, every group size.
#include "engine/slide_tiles.h"

#include <algorithm>
#include <random>

#include "engine/claims.h"
#include "test/check.h"
#include "test/support/fake_slide.h"
#include "test/support/late_slide.h"

using namespace microtome;
using namespace microtome::test;
using engine::kBlockTiles;
using engine::Range;
using engine::SlideTiles;
using engine::TileReader;

namespace {

constexpr std::int64_t kStoredPx = 32, kAcross = 5, kDown = 4;
constexpr std::int64_t kWidth = kAcross * kStoredPx - 9, kHeight = kDown * kStoredPx - 20;

using Bytes = std::vector<std::uint8_t>;

struct Scene {
  std::shared_ptr<FakeSlide> slide = std::make_shared<FakeSlide>();
  Bytes level = Bytes(static_cast<std::size_t>(3 * kWidth * kHeight), 255);  // what the tiles show
};

// Random uncompressed tiles; every seventh is missing.
Scene scene() {
  Scene scene;
  scene.slide->add_level(kWidth, kHeight, kStoredPx);
  std::mt19937 random(11);
  for (std::int64_t row = 0; row < kDown; ++row)
    for (std::int64_t column = 0; column < kAcross; ++column) {
      if ((row * kAcross + column) % 7 == 3) continue;
      Bytes tile(static_cast<std::size_t>(3 * kStoredPx * kStoredPx));
      for (auto& sample : tile) sample = static_cast<std::uint8_t>(random());
      scene.slide->set_tile(0, column, row, tile);
      for (std::int64_t y = 0; y < std::min(kStoredPx, kHeight - row * kStoredPx); ++y)
        std::copy_n(tile.begin() + 3 * y * kStoredPx, 3 * std::min(kStoredPx, kWidth - column * kStoredPx),
                    scene.level.begin() + 3 * ((row * kStoredPx + y) * kWidth + column * kStoredPx));
    }
  return scene;
}

tiles::TilePlan plan_of(const Scene& scene, std::int64_t size_px, std::int64_t stride_px, double scale) {
  tiles::GridOptions grid;
  grid.size_px = size_px;
  grid.stride_px = stride_px;
  grid.keep = tiles::KeepRule::All;
  tiles::ReadPolicy policy;
  policy.scale = scale;
  return tiles::plan_tiles(*scene.slide, policy, grid, nullptr);
}

// All tiles in plan order, read in groups of `group`.
Bytes read_all(const Scene& scene, const tiles::TilePlan& plan, std::int64_t group,
               const preprocess::TensorFormat* how) {
  StageMetrics metrics;
  SlideTiles feed(scene.slide, plan, decode::BadTilePolicy::Error, 1 << 30, metrics);
  TileReader reader;
  const CancelToken cancel;
  const auto bytes = how != nullptr ? how->bytes_per_tile() : static_cast<std::size_t>(3 * plan.size_px * plan.size_px);
  Bytes all(static_cast<std::size_t>(feed.size()) * bytes), some(static_cast<std::size_t>(group) * bytes);
  for (std::int64_t first = 0; first < feed.size(); first += group) {
    const std::int64_t count = std::min(group, feed.size() - first);
    feed.fill(reader, cancel, {first, first + count}, {some.data(), how});
    for (std::int64_t i = 0; i < count; ++i)
      std::copy_n(some.begin() + i * static_cast<std::ptrdiff_t>(bytes), bytes,
                  all.begin() + static_cast<std::ptrdiff_t>(feed.index_of(first + i) * bytes));
  }
  if (how != nullptr) CHECK_EQ(metrics.of(Stage::Preprocess).items.load(), feed.size());
  return all;
}

void compare(std::int64_t size_px, std::int64_t stride_px, double scale) {
  const Scene made = scene();
  const auto plan = plan_of(made, size_px, stride_px, scale);
  for (const std::int64_t group : {1, 3, 4, 100}) {
    const Bytes pixels = read_all(made, plan, group, nullptr);
    if (scale == 1)
      for (std::size_t t = 0; t < plan.tiles.size(); ++t)
        for (std::int64_t y = 0; y < size_px; ++y)
          for (std::int64_t x = 0; x < 3 * size_px; ++x) {
            const std::int64_t at_x = 3 * plan.tiles[t].x + x, at_y = plan.tiles[t].y + y;
            const bool inside = at_x < 3 * kWidth && at_y < kHeight;
            const int expected = inside ? made.level[static_cast<std::size_t>(3 * kWidth * at_y + at_x)] : 255;
            CHECK_EQ(int{pixels[t * static_cast<std::size_t>(3 * size_px * size_px) +
                                static_cast<std::size_t>(3 * size_px * y + x)]},
                     expected);
          }
    for (const preprocess::Layout layout : {preprocess::Layout::Nchw, preprocess::Layout::Nhwc}) {
      preprocess::TensorFormat how;
      how.size_px = size_px;
      how.layout = layout;
      how.mean = {0.485, 0.456, 0.406};
      how.std = {0.229, 0.224, 0.225};
      Bytes expected(plan.tiles.size() * how.bytes_per_tile());
      for (std::size_t t = 0; t < plan.tiles.size(); ++t)
        preprocess::to_tensor(
            {pixels.data() + t * static_cast<std::size_t>(3 * size_px * size_px), size_px, size_px, 3 * size_px}, how,
            expected.data() + t * how.bytes_per_tile());
      CHECK(read_all(made, plan, group, &how) == expected);
    }
  }
}

tiles::TilePlan whole_plan(const slide::Slide& slide) {
  tiles::GridOptions grid;
  grid.size_px = grid.stride_px = test::kScoredTilePx;
  grid.keep = tiles::KeepRule::All;
  return tiles::plan_tiles(slide, tiles::ReadPolicy{}, grid, nullptr);
}

// What a range waits for; no bytes: all of it is here.
std::uint64_t missing_bytes(const SlideTiles& tiles, TileReader& reader, Range range) {
  try {
    tiles.fetch(reader, range);
    return 0;
  } catch (const slide::BytesPending& pending) {
    std::uint64_t bytes = 0;
    for (const slide::ByteRange& part : pending.ranges) bytes += part.bytes;
    return bytes;
  }
}

}  // namespace

TEST(a_range_whose_bytes_come_later_asks_for_a_block_and_the_next_ones_for_themselves) {
  constexpr std::uint64_t kTileBytes = 3 * test::kScoredTilePx * test::kScoredTilePx;
  const auto late = std::make_shared<test::LateSlide>(1, 40);
  StageMetrics metrics;
  const SlideTiles tiles(late, whole_plan(*late), decode::BadTilePolicy::Error, 1 << 20, metrics);
  TileReader reader;
  CHECK_EQ(missing_bytes(tiles, reader, {0, 32}), kBlockTiles * kTileBytes);
  CHECK_EQ(missing_bytes(tiles, reader, {32, 64}), 32 * kTileBytes);
  CHECK_EQ(missing_bytes(tiles, reader, {kBlockTiles, kBlockTiles + 32}), kBlockTiles * kTileBytes);
  // However far behind the last question was, little of what lies between is asked for.
  CHECK(missing_bytes(tiles, reader, {1200, 1232}) <= 2 * kBlockTiles * kTileBytes);
  // The last ones: no more than there is.
  CHECK(missing_bytes(tiles, reader, {1580, 1600}) <= 2 * kBlockTiles * kTileBytes);
}

TEST(tiles_that_are_stored_tiles) { compare(kStoredPx, kStoredPx, 1); }
TEST(tiles_across_stored_tiles) { compare(28, 28, 1); }
TEST(tiles_that_overlap) { compare(24, 10, 1); }
TEST(tiles_larger_than_stored_ones) { compare(75, 75, 1); }
TEST(tiles_that_are_reduced) { compare(20, 20, 1.9); }

TEST_MAIN
