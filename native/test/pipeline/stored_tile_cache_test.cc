// Decode once, copy to every user, free after the last one; small budgets; damaged and missing tiles; many threads.
#include "pipeline/stored_tile_cache.h"

#include <thread>

#include "pipeline/tile_assembler.h"
#include "test/check.h"
#include "test/support/fake_slide.h"

using namespace microtome;
using namespace microtome::pipeline;

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

std::unique_ptr<StoredTileCache> make_cache(const std::shared_ptr<test::FakeSlide>& slide, const tiles::TilePlan& plan,
                                            std::int64_t budget, decode::BadTilePolicy policy, StageMetrics& metrics) {
  tiles::UseCounts uses(slide->levels().front().storage);
  uses.add(plan);
  return std::make_unique<StoredTileCache>(slide, 0, std::move(uses), policy, budget, metrics);
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

int assemble_all(StoredTileCache& cache, const slide::Slide& slide, const tiles::TilePlan& plan, std::size_t first,
                 std::size_t step, StageMetrics& metrics) {
  decode::TileDecoder decoder;
  TileAssembler assembler;
  CancelToken cancel;
  RgbImage tile(kModelPx, kModelPx, 0);
  int wrong = 0;
  for (std::size_t i = first; i < plan.tiles.size(); i += step) {
    assembler.assemble(decoder, cancel, cache, slide.levels().front().storage, plan, plan.tiles[i], tile.view(),
                       metrics);
    wrong += wrong_samples(tile, plan.tiles[i]);
  }
  return wrong;
}

}  // namespace

TEST(each_stored_tile_is_decoded_once) {
  const auto slide = make_slide();
  const auto plan = make_plan(*slide);
  StageMetrics metrics;
  const auto cache = make_cache(slide, plan, 1 << 20, decode::BadTilePolicy::Error, metrics);
  CHECK_EQ(assemble_all(*cache, *slide, plan, 0, 1, metrics), 0);
  CHECK_EQ(cache->counts().decoded, 16);
  CHECK_EQ(cache->counts().again, 0);
  CHECK_EQ(metrics.of(Stage::Decode).items.load(), 16);
}

TEST(many_threads_share_and_still_decode_once) {
  const auto slide = make_slide();
  const auto plan = make_plan(*slide);
  for (int round = 0; round < 50; ++round) {
    StageMetrics metrics;
    const auto cache = make_cache(slide, plan, 1 << 20, decode::BadTilePolicy::Error, metrics);
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < 4; ++t)
      threads.emplace_back([&, t] { wrong += assemble_all(*cache, *slide, plan, t, 4, metrics); });
    for (auto& thread : threads) thread.join();
    CHECK_EQ(wrong.load(), 0);
    CHECK_EQ(metrics.of(Stage::Decode).items.load(), 16);
  }
}

TEST(a_small_budget_costs_decodes_but_not_pixels) {
  const auto slide = make_slide();
  const auto plan = make_plan(*slide);
  StageMetrics metrics;
  const auto cache = make_cache(slide, plan, 0, decode::BadTilePolicy::Error, metrics);
  CHECK_EQ(assemble_all(*cache, *slide, plan, 0, 1, metrics), 0);
  CHECK_EQ(cache->counts().decoded, 16);
  CHECK(cache->counts().again > 0);
}

TEST(a_missing_tile_is_white_and_counted) {
  const auto slide = make_slide(false);
  const auto plan = make_plan(*slide);
  StageMetrics metrics;
  const auto cache = make_cache(slide, plan, 1 << 20, decode::BadTilePolicy::Error, metrics);
  CHECK(assemble_all(*cache, *slide, plan, 0, 1, metrics) > 0);
  CHECK_EQ(cache->counts().missing, 1);
  CHECK_EQ(cache->counts().decoded, 15);
}

TEST(a_damaged_tile_is_an_error_or_white) {
  const auto slide = make_slide();
  const std::vector<std::uint8_t> too_short(17, 0);
  slide->set_tile(0, 2, 1, too_short);
  const auto plan = make_plan(*slide);
  StageMetrics metrics;
  const auto strict = make_cache(slide, plan, 1 << 20, decode::BadTilePolicy::Error, metrics);
  bool thrown = false;
  try {
    assemble_all(*strict, *slide, plan, 0, 1, metrics);
  } catch (const Error& error) {
    thrown = error.tile() && error.tile()->column == 2 && error.tile()->row == 1;
  }
  CHECK(thrown);
  const auto filling = make_cache(slide, plan, 1 << 20, decode::BadTilePolicy::Fill, metrics);
  CHECK(assemble_all(*filling, *slide, plan, 0, 1, metrics) > 0);
  CHECK_EQ(filling->counts().bad, 1);
  CHECK_EQ(filling->counts().decoded, 15);
}

TEST_MAIN
