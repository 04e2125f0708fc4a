// Which stored tiles a plan touches, and how often.
#include "tiles/stored_tiles.h"

#include "test/check.h"
#include "test/support/fake_slide.h"

namespace {

using namespace microtome;
using tiles::TileRange;

tiles::TilePlan plan_of(std::int64_t footprint, std::vector<tiles::PlannedTile> planned) {
  tiles::TilePlan plan;
  plan.footprint_px = plan.size_px = footprint;
  plan.tiles = std::move(planned);
  return plan;
}

TEST(ranges_are_clipped) {
  test::FakeSlide slide;
  slide.add_level(1000, 600, 256);  // 4 x 3 stored tiles
  const auto& storage = slide.levels()[0].storage;
  const auto plan = plan_of(256, {});
  const TileRange exact = tiles::stored_tiles_under(storage, plan, {256, 256});
  CHECK_EQ(exact.first_column, 1);
  CHECK_EQ(exact.last_column, 1);
  CHECK_EQ(exact.count(), 1);
  const TileRange four = tiles::stored_tiles_under(storage, plan, {255, 1});
  CHECK_EQ(four.first_column, 0);
  CHECK_EQ(four.last_column, 1);
  CHECK_EQ(four.last_row, 1);
  CHECK_EQ(four.count(), 4);
  const TileRange corner = tiles::stored_tiles_under(storage, plan, {999, 599});
  CHECK_EQ(corner.first_column, 3);
  CHECK_EQ(corner.last_column, 3);
  CHECK_EQ(corner.first_row, 2);
  CHECK_EQ(corner.last_row, 2);
  CHECK_EQ(tiles::stored_tiles_under(storage, plan, {-100, -100}).count(), 1);
  CHECK(tiles::stored_tiles_under(storage, plan, {1000, 0}).empty());
  CHECK(tiles::stored_tiles_under(storage, plan, {-256, 0}).empty());
  CHECK_EQ(tiles::stored_tiles_under(storage, plan, {1000, 0}).count(), 0);
}

TEST(strips) {
  test::FakeSlide slide;
  slide::Storage strips;
  strips.width_px = 500;
  strips.height_px = 100;
  strips.tile_width_px = 500;
  strips.tile_height_px = 8;
  slide.add_level(strips);
  const TileRange range = tiles::stored_tiles_under(slide.levels()[0].storage, plan_of(64, {}), {100, 60});
  CHECK_EQ(range.first_column, 0);
  CHECK_EQ(range.last_column, 0);
  CHECK_EQ(range.first_row, 7);
  CHECK_EQ(range.last_row, 12);
}

TEST(counts_go_up_and_down) {
  test::FakeSlide slide;
  slide.add_level(1024, 1024, 256);
  const auto& storage = slide.levels()[0].storage;
  tiles::UseCounts counts(storage);
  counts.add(plan_of(256, {{0, 0}, {128, 0}, {2000, 0}}));
  CHECK_EQ(counts.distinct(), 2u);
  CHECK_EQ(counts.total(), 3u);
  CHECK_EQ(counts.uses(0, 0), 2u);
  CHECK_EQ(counts.uses(1, 0), 1u);
  CHECK_EQ(counts.uses(2, 0), 0u);
  counts.add(plan_of(512, {{0, 0}}));  // a second scale
  CHECK_EQ(counts.distinct(), 4u);
  CHECK_EQ(counts.uses(0, 0), 3u);
  CHECK_EQ(counts.release(0, 0), 2u);
  CHECK_EQ(counts.release(0, 0), 1u);
  CHECK_EQ(counts.release(0, 0), 0u);
  CHECK_EQ(counts.distinct(), 3u);
  CHECK_EQ(counts.total(), 4u);
  CHECK_THROWS(INTERNAL, counts.release(0, 0));
}

TEST(wide_footprints_and_far_apart_tiles) {
  test::FakeSlide slide;
  slide.add_level(256 * 1049, 256 * 1049, 256);
  const auto& storage = slide.levels()[0].storage;
  tiles::UseCounts counts(storage);
  const std::int64_t last = 256 * 1048;
  counts.add(plan_of(256 * 40, {{256 * 3, 0}, {256 * 20, 0}}));
  counts.add(plan_of(256, {{last, last}, {0, last}}));
  CHECK_EQ(counts.distinct(), 57u * 40u + 2u);
  CHECK_EQ(counts.total(), 2u * 1600u + 2u);
  for (std::int64_t column = 0; column < 70; ++column) {
    const std::uint32_t expected = (column >= 3 && column < 43 ? 1u : 0u) + (column >= 20 && column < 60 ? 1u : 0u);
    CHECK_EQ(counts.uses(column, 39), expected);
    CHECK_EQ(counts.uses(column, 40), 0u);
  }
  CHECK_EQ(counts.uses(1048, 1048), 1u);
  CHECK_EQ(counts.release(1048, 1048), 0u);
  CHECK_THROWS(INTERNAL, counts.release(1048, 1048));
  CHECK_THROWS(INTERNAL, counts.release(1047, 1048));
  CHECK_EQ(counts.uses(0, 1048), 1u);
}

// Every use that is counted is released once by a walk over the plan, and nothing is left.
TEST(a_walk_over_the_plan_frees_everything) {
  test::FakeSlide slide;
  slide.add_level(3001, 2003, 240);
  tiles::GridOptions grid;
  grid.size_px = 224;
  grid.stride_px = 100;
  tiles::ReadPolicy policy;
  policy.scale = 1.3;
  const auto plan = tiles::plan_tiles(slide, policy, grid, nullptr);
  const auto& storage = slide.levels()[0].storage;
  tiles::UseCounts counts(storage);
  counts.add(plan);
  CHECK_EQ(counts.distinct(), static_cast<std::size_t>(storage.tiles_across() * storage.tiles_down()));
  std::size_t freed = 0;
  for (const auto& tile : plan.tiles) {
    const TileRange range = tiles::stored_tiles_under(storage, plan, tile);
    for (auto row = range.first_row; row <= range.last_row; ++row)
      for (auto column = range.first_column; column <= range.last_column; ++column)
        freed += counts.release(column, row) == 0 ? 1 : 0;
  }
  CHECK_EQ(freed, 117u);  // 13 x 9
  CHECK_EQ(counts.distinct(), 0u);
  CHECK_EQ(counts.total(), 0u);
}

}  // namespace

TEST_MAIN
