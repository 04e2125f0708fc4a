// Which stored tiles a plan touches, and how often.
#include "tiles/stored_tiles.h"

#include <algorithm>
#include <numeric>

#include "test/check.h"
#include "test/support/fake_slide.h"

namespace {

using namespace microtome;
using tiles::TileRange;

tiles::TilePlan plan_of(const slide::Storage& storage, std::int64_t footprint,
                        std::vector<tiles::PlannedTile> planned) {
  tiles::TilePlan plan;
  plan.stored = tiles::StoredGrid::of(storage);
  plan.footprint_px = plan.size_px = footprint;
  plan.tiles = std::move(planned);
  return plan;
}

std::vector<const tiles::TilePlan*> pointers(const std::vector<tiles::TilePlan>& plans) {
  std::vector<const tiles::TilePlan*> all;
  for (const tiles::TilePlan& plan : plans) all.push_back(&plan);
  return all;
}

TEST(ranges_are_clipped) {
  test::FakeSlide slide;
  slide.add_level(1000, 600, 256);  // 4 x 3 stored tiles
  const auto& storage = slide.levels()[0].storage;
  const auto plan = plan_of(storage, 256, {});
  const TileRange exact = tiles::stored_tiles_under(plan, {256, 256});
  CHECK_EQ(exact.first_column, 1);
  CHECK_EQ(exact.last_column, 1);
  CHECK_EQ(exact.count(), 1);
  const TileRange four = tiles::stored_tiles_under(plan, {255, 1});
  CHECK_EQ(four.first_column, 0);
  CHECK_EQ(four.last_column, 1);
  CHECK_EQ(four.last_row, 1);
  CHECK_EQ(four.count(), 4);
  const TileRange corner = tiles::stored_tiles_under(plan, {999, 599});
  CHECK_EQ(corner.first_column, 3);
  CHECK_EQ(corner.last_column, 3);
  CHECK_EQ(corner.first_row, 2);
  CHECK_EQ(corner.last_row, 2);
  CHECK_EQ(tiles::stored_tiles_under(plan, {-100, -100}).count(), 1);
  CHECK(tiles::stored_tiles_under(plan, {1000, 0}).empty());
  CHECK(tiles::stored_tiles_under(plan, {-256, 0}).empty());
  CHECK_EQ(tiles::stored_tiles_under(plan, {1000, 0}).count(), 0);
}

TEST(strips) {
  test::FakeSlide slide;
  slide::Storage strips;
  strips.width_px = 500;
  strips.height_px = 100;
  strips.tile_width_px = 500;
  strips.tile_height_px = 8;
  slide.add_level(strips);
  const TileRange range = tiles::stored_tiles_under(plan_of(slide.levels()[0].storage, 64, {}), {100, 60});
  CHECK_EQ(range.first_column, 0);
  CHECK_EQ(range.last_column, 0);
  CHECK_EQ(range.first_row, 7);
  CHECK_EQ(range.last_row, 12);
}

TEST(uses_are_counted_over_several_plans) {
  test::FakeSlide slide;
  slide.add_level(1024, 1024, 256);
  const auto& storage = slide.levels()[0].storage;
  const tiles::StoredTileUses one(plan_of(storage, 256, {{0, 0}, {128, 0}, {2000, 0}}));
  CHECK_EQ(one.size(), 2u);
  CHECK_EQ(one.total(), 3u);
  CHECK_EQ(one.uses(one.index_of(0, 0)), 2u);
  CHECK_EQ(one.uses(one.index_of(1, 0)), 1u);
  CHECK_THROWS(INTERNAL, (void)one.index_of(2, 0));
  const std::vector<tiles::TilePlan> plans{plan_of(storage, 256, {{0, 0}, {128, 0}}), plan_of(storage, 512, {{0, 0}})};
  const tiles::StoredTileUses two(pointers(plans));  // a second scale
  CHECK_EQ(two.size(), 4u);
  CHECK_EQ(two.uses(two.index_of(0, 0)), 3u);
  CHECK_EQ(two.column(two.index_of(1, 1)), 1);
  CHECK_EQ(two.row(two.index_of(1, 1)), 1);
}

TEST(wide_footprints_and_far_apart_tiles) {
  test::FakeSlide slide;
  slide.add_level(256 * 1049, 256 * 1049, 256);
  const auto& storage = slide.levels()[0].storage;
  const std::int64_t last = 256 * 1048;
  const std::vector<tiles::TilePlan> plans{plan_of(storage, 256 * 40, {{256 * 3, 0}, {256 * 20, 0}}),
                                           plan_of(storage, 256, {{last, last}, {0, last}})};
  const tiles::StoredTileUses uses(pointers(plans));
  CHECK_EQ(uses.size(), 57u * 40u + 2u);
  CHECK_EQ(uses.total(), 2u * 1600u + 2u);
  for (std::int64_t column = 3; column < 60; ++column)
    CHECK_EQ(uses.uses(uses.index_of(column, 39)), column >= 20 && column < 43 ? 2u : 1u);
  CHECK_THROWS(INTERNAL, (void)uses.index_of(2, 39));
  CHECK_THROWS(INTERNAL, (void)uses.index_of(60, 39));
  CHECK_THROWS(INTERNAL, (void)uses.index_of(3, 40));
  CHECK_EQ(uses.uses(uses.index_of(1048, 1048)), 1u);
  CHECK_THROWS(INTERNAL, (void)uses.index_of(1047, 1048));
}

// A walk over the plan meets every stored tile as often as was counted.
TEST(a_walk_over_the_plan_uses_everything_up) {
  test::FakeSlide slide;
  slide.add_level(3001, 2003, 240);
  tiles::GridOptions grid;
  grid.size_px = 224;
  grid.stride_px = 100;
  tiles::ReadPolicy policy;
  policy.scale = 1.3;
  const auto plan = tiles::plan_tiles(slide, policy, grid, nullptr);
  const tiles::StoredTileUses uses(plan);
  CHECK_EQ(uses.size(), 117u);  // 13 x 9
  std::vector<std::uint32_t> met(uses.size());
  for (const auto& tile : plan.tiles) {
    const TileRange range = tiles::stored_tiles_under(plan, tile);
    for (auto row = range.first_row; row <= range.last_row; ++row)
      for (auto column = range.first_column; column <= range.last_column; ++column) ++met[uses.index_of(column, row)];
  }
  for (std::size_t i = 0; i < met.size(); ++i) CHECK_EQ(met[i], uses.uses(i));
}

// How many stored tiles are alive at once when a plan is worked on in `order`.
std::size_t most_alive(const tiles::TilePlan& plan, const tiles::StoredTileUses& uses,
                       const std::vector<std::uint32_t>& order) {
  std::vector<std::uint32_t> left(uses.size());
  for (std::size_t i = 0; i < left.size(); ++i) left[i] = uses.uses(i);
  std::size_t alive = 0, most = 0;
  for (const std::uint32_t at : order) {
    const TileRange range = tiles::stored_tiles_under(plan, plan.tiles[at]);
    for (auto row = range.first_row; row <= range.last_row; ++row)
      for (auto column = range.first_column; column <= range.last_column; ++column) {
        const std::size_t index = uses.index_of(column, row);
        if (left[index] == uses.uses(index)) ++alive;
        most = std::max(most, alive);
        if (--left[index] == 0) --alive;
      }
  }
  return most;
}

// A hundred stored tiles of 256 px across, forty down, all of them tissue.
tiles::TilePlan wide_plan(std::int64_t size_px) {
  test::FakeSlide slide;
  slide.add_level(100 * 256, 40 * 256, 256);
  tiles::GridOptions grid;
  grid.size_px = grid.stride_px = size_px;
  return tiles::plan_tiles(slide, {}, grid, nullptr);
}

TEST(shared_stored_tiles_are_worked_on_in_bands) {
  const auto plan = wide_plan(224);
  const tiles::StoredTileUses uses(plan);
  const auto order = tiles::processing_order(plan, uses);
  std::vector<bool> seen(order.size());
  for (const std::uint32_t at : order) seen[at] = true;
  CHECK(std::find(seen.begin(), seen.end(), false) == seen.end());
  CHECK_EQ(seen.size(), plan.tiles.size());
  std::vector<std::uint32_t> rows(order.size());
  std::iota(rows.begin(), rows.end(), 0u);
  // A band of eight grid rows ends where seven rows of stored tiles end: nothing is kept from one band to the next.
  CHECK(most_alive(plan, uses, order) <= 3 * 7);
  CHECK(most_alive(plan, uses, rows) > 100);
}

// Tissue that begins anywhere: only the first band is shorter.
TEST(bands_find_the_rows_of_stored_tiles_wherever_tissue_begins) {
  auto plan = wide_plan(224);
  const auto all = plan.tiles;
  for (std::int64_t first_row = 0; first_row < 9; ++first_row) {
    plan.tiles.clear();
    for (const auto& tile : all)
      if (tile.y >= first_row * 224) plan.tiles.push_back(tile);
    const tiles::StoredTileUses uses(plan);
    CHECK(most_alive(plan, uses, tiles::processing_order(plan, uses)) <= 3 * 7);
  }
}

// No row of the grid ends with a row of stored tiles: bands share one, which is kept across the slide.
TEST(bands_that_must_share_keep_one_row) {
  const auto plan = wide_plan(211);
  const tiles::StoredTileUses uses(plan);
  CHECK(most_alive(plan, uses, tiles::processing_order(plan, uses)) < 100 + 3 * 11);
}

TEST(tiles_that_share_nothing_stay_in_file_order) {
  test::FakeSlide slide;
  slide.add_level(20 * 256, 20 * 256, 256);
  tiles::GridOptions grid;
  grid.size_px = grid.stride_px = 256;
  const auto plan = tiles::plan_tiles(slide, {}, grid, nullptr);
  const auto order = tiles::processing_order(plan, tiles::StoredTileUses(plan));
  CHECK(std::is_sorted(order.begin(), order.end()));
}

}  // namespace

TEST_MAIN
