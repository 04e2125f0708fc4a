// Decode once, copy to every user, free after the last one; small budgets; damaged and missing tiles; many threads.
#include "engine/stored_tile_cache.h"

#include <thread>

#include "engine/slide_tiles.h"
#include "test/check.h"
#include "test/support/fake_slide.h"

using namespace microtome;
using namespace microtome::engine;

namespace {

constexpr std::int64_t kLevelPx = 200;
constexpr std::int64_t kStoredPx = 64;
constexpr std::int64_t kModelPx = 48;

// What the pixel at (x, y) of the level is.
std::uint8_t sample(std::int64_t x, std::int64_t y, int channel) {
  return static_cast<std::uint8_t>((x * 7 + y * 13 + channel * 101) % 251);
}

std::shared_ptr<test::FakeSlide> make_slide(bool with_all_tiles = true) {
  auto slide = std::make_shared<test::FakeSlide>();
  slide->add_level(kLevelPx, kLevelPx, kStoredPx);
  const std::int64_t across = (kLevelPx + kStoredPx - 1) / kStoredPx;
  for (std::int64_t row = 0; row < across; ++row)
    for (std::int64_t column = 0; column < across; ++column) {
      if (!with_all_tiles && row == 1 && column == 1) continue;
      std::vector<std::uint8_t> bytes;
      for (std::int64_t y = 0; y < kStoredPx; ++y)
        for (std::int64_t x = 0; x < kStoredPx; ++x)
          for (int c = 0; c < 3; ++c) bytes.push_back(sample(column * kStoredPx + x, row * kStoredPx + y, c));
      slide->set_tile(0, column, row, bytes);
    }
  return slide;
}

tiles::TilePlan make_plan(const slide::Slide& slide) {
  tiles::GridOptions grid;
  grid.size_px = kModelPx;
  grid.stride_px = kModelPx;
  grid.keep = tiles::KeepRule::All;
  return tiles::plan_tiles(slide, tiles::policy_for_level(slide, 0), grid, nullptr);
}

// Wrong samples of an assembled tile, counting only what lies on the level; outside must be white.
int wrong_samples(const RgbImage& tile, const tiles::PlannedTile& at) {
  int wrong = 0;
  for (std::int64_t y = 0; y < kModelPx; ++y)
    for (std::int64_t x = 0; x < kModelPx; ++x)
      for (int c = 0; c < 3; ++c) {
        const bool inside = at.x + x < kLevelPx && at.y + y < kLevelPx;
        const std::uint8_t want = inside ? sample(at.x + x, at.y + y, c) : 255;
        wrong += tile.data[static_cast<std::size_t>(3 * (y * kModelPx + x) + c)] != want;
      }
  return wrong;
}

int read_all(SlideTiles& feed, std::int64_t first, std::int64_t step) {
  TileReader reader;
  const CancelToken cancel;
  RgbImage tile(kModelPx, kModelPx, 0);
  int wrong = 0;
  for (std::int64_t i = first; i < feed.size(); i += step) {
    feed.fetch(reader, {i, i + 1});
    feed.fill(reader, cancel, {i, i + 1}, {tile.data.data(), nullptr});
    feed.release(reader);
    wrong += wrong_samples(tile, feed.plan().tiles[feed.index_of(i)]);
  }
  return wrong;
}

}  // namespace

TEST(each_stored_tile_is_decoded_once) {
  const auto slide = make_slide();
  const auto plan = make_plan(*slide);
  StageMetrics metrics;
  SlideTiles feed(slide, plan, decode::BadTilePolicy::Error, 1 << 20, metrics);
  CHECK_EQ(read_all(feed, 0, 1), 0);
  CHECK_EQ(feed.counts().decoded, 16);
  CHECK_EQ(feed.counts().again, 0);
  CHECK_EQ(metrics.of(Stage::Decode).items.load(), 16);
}

TEST(many_threads_share_and_still_decode_once) {
  const auto slide = make_slide();
  const auto plan = make_plan(*slide);
  for (int round = 0; round < 50; ++round) {
    StageMetrics metrics;
    SlideTiles feed(slide, plan, decode::BadTilePolicy::Error, 1 << 20, metrics);
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (std::int64_t t = 0; t < 4; ++t) threads.emplace_back([&, t] { wrong += read_all(feed, t, 4); });
    for (auto& thread : threads) thread.join();
    CHECK_EQ(wrong.load(), 0);
    CHECK_EQ(metrics.of(Stage::Decode).items.load(), 16);
  }
}

TEST(a_small_budget_costs_decodes_but_not_pixels) {
  const auto slide = make_slide();
  const auto plan = make_plan(*slide);
  StageMetrics metrics;
  SlideTiles feed(slide, plan, decode::BadTilePolicy::Error, 0, metrics);
  CHECK_EQ(read_all(feed, 0, 1), 0);
  CHECK_EQ(feed.counts().decoded, 16);
  CHECK(feed.counts().again > 0);
}

TEST(a_missing_tile_is_white_and_counted) {
  const auto slide = make_slide(false);
  const auto plan = make_plan(*slide);
  StageMetrics metrics;
  SlideTiles feed(slide, plan, decode::BadTilePolicy::Error, 1 << 20, metrics);
  CHECK(read_all(feed, 0, 1) > 0);
  CHECK_EQ(feed.counts().missing, 1);
  CHECK_EQ(feed.counts().decoded, 15);
}

TEST(a_damaged_tile_is_an_error_or_white) {
  const auto slide = make_slide();
  const std::vector<std::uint8_t> too_short(17, 0);
  slide->set_tile(0, 2, 1, too_short);
  const auto plan = make_plan(*slide);
  StageMetrics metrics;
  SlideTiles strict(slide, plan, decode::BadTilePolicy::Error, 1 << 20, metrics);
  bool thrown = false;
  try {
    read_all(strict, 0, 1);
  } catch (const Error& error) {
    thrown = error.tile() && error.tile()->column == 2 && error.tile()->row == 1;
  }
  CHECK(thrown);
  SlideTiles filling(slide, plan, decode::BadTilePolicy::Fill, 1 << 20, metrics);
  CHECK(read_all(filling, 0, 1) > 0);
  CHECK_EQ(filling.counts().bad, 1);
  CHECK_EQ(filling.counts().decoded, 15);
}

// Read as one group, nothing is kept: pixels are decoded where they belong, and so is the white of what cannot be.
TEST(what_only_one_group_needs_is_decoded_into_its_tiles) {
  const auto slide = make_slide(false);
  const std::vector<std::uint8_t> too_short(17, 0);
  slide->set_tile(0, 2, 1, too_short);
  const auto plan = make_plan(*slide);
  const std::size_t bytes = 3 * kModelPx * kModelPx;
  const CancelToken cancel;
  const auto read = [&](std::int64_t group) {
    StageMetrics metrics;
    SlideTiles feed(slide, plan, decode::BadTilePolicy::Fill, 1 << 20, metrics);
    TileReader reader;
    std::vector<std::uint8_t> all(plan.tiles.size() * bytes, 0);
    for (std::int64_t first = 0; first < feed.size(); first += group)
      feed.fill(reader, cancel, {first, std::min(first + group, feed.size())},
                {all.data() + static_cast<std::size_t>(first) * bytes, nullptr});
    CHECK_EQ(feed.counts().decoded, 14);
    CHECK_EQ(feed.counts().missing, 1);
    CHECK_EQ(feed.counts().bad, 1);
    CHECK_EQ(feed.counts().again, 0);
    CHECK_EQ(metrics.of(Stage::Decode).items.load(), 14);
    return all;
  };
  CHECK(read(std::ssize(plan.tiles)) == read(1));
  StageMetrics metrics;
  SlideTiles strict(slide, plan, decode::BadTilePolicy::Error, 1 << 20, metrics);
  TileReader reader;
  std::vector<std::uint8_t> all(plan.tiles.size() * bytes);
  CHECK_THROWS(CORRUPT_TILE, strict.fill(reader, cancel, {0, strict.size()}, {all.data(), nullptr}));
}

TEST(a_tile_that_failed_is_not_waited_for) {
  const auto slide = make_slide();
  const std::vector<std::uint8_t> too_short(17, 0);
  slide->set_tile(0, 0, 0, too_short);
  for (const std::int64_t side : {kStoredPx, kModelPx}) {  // one use, and several
    tiles::GridOptions grid;
    grid.size_px = grid.stride_px = side;
    grid.keep = tiles::KeepRule::All;
    StageMetrics metrics;
    SlideTiles feed(slide, tiles::plan_tiles(*slide, tiles::policy_for_level(*slide, 0), grid, nullptr),
                    decode::BadTilePolicy::Error, 1 << 20, metrics);
    TileReader reader;
    const CancelToken cancel;
    std::vector<std::uint8_t> tile(static_cast<std::size_t>(3 * side * side));
    for (int i = 0; i < 2; ++i) CHECK_THROWS(CORRUPT_TILE, feed.fill(reader, cancel, {0, 1}, {tile.data(), nullptr}));
  }
}

// A model tile that is one stored tile is decoded where it is used; what others need too is not.
TEST(aligned_tiles_are_decoded_in_place_and_only_once) {
  const auto slide = make_slide();
  tiles::GridOptions grid;
  grid.size_px = grid.stride_px = kStoredPx;
  grid.keep = tiles::KeepRule::All;
  const auto plan = tiles::plan_tiles(*slide, tiles::policy_for_level(*slide, 0), grid, nullptr);
  StageMetrics metrics;
  SlideTiles feed(slide, plan, decode::BadTilePolicy::Error, 1 << 20, metrics);
  TileReader reader;
  const CancelToken cancel;
  int wrong = 0;
  for (std::int64_t i = 0; i < feed.size(); ++i) {
    RgbImage tile(kStoredPx, kStoredPx, 0);
    feed.fill(reader, cancel, {i, i + 1}, {tile.data.data(), nullptr});
    const auto& at = plan.tiles[feed.index_of(i)];
    for (std::int64_t y = 0; y < kStoredPx; ++y)
      for (std::int64_t x = 0; x < kStoredPx; ++x)
        for (int c = 0; c < 3; ++c) {
          const bool inside = at.x + x < kLevelPx && at.y + y < kLevelPx;
          const std::uint8_t want = inside ? sample(at.x + x, at.y + y, c) : 255;
          wrong += tile.data[static_cast<std::size_t>(3 * (y * kStoredPx + x) + c)] != want;
        }
  }
  CHECK_EQ(wrong, 0);
  CHECK_EQ(feed.counts().decoded, 16);
  CHECK_EQ(metrics.of(Stage::Decode).items.load(), 16);
}

TEST_MAIN
