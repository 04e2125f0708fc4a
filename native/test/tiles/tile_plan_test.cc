// The grid with exact positions, the keep rules, the even sample, the limits.
#include "tiles/tile_plan.h"

#include <chrono>
#include <set>

#include "test/check.h"
#include "test/support/fake_slide.h"
#include "tiles/sample.h"

namespace {

using namespace microtome;
using test::FakeSlide;
using tiles::GridOptions;
using tiles::KeepRule;
using tiles::ReadPolicy;
using tiles::TilePlan;

ReadPolicy as_stored(int level = 0) {
  ReadPolicy policy;
  policy.level = level;
  policy.name = "level";
  return policy;
}

ReadPolicy scaled(double scale) {
  ReadPolicy policy = as_stored();
  policy.scale = scale;
  return policy;
}

GridOptions grid(std::int64_t size, std::int64_t stride) {
  GridOptions options;
  options.size_px = size;
  options.stride_px = stride;
  return options;
}

tissue::TissueMask mask_of(std::int64_t width, std::int64_t height, double per_px) {
  tissue::TissueMask mask;
  mask.width_px = width;
  mask.height_px = height;
  mask.level0_per_px_x = mask.level0_per_px_y = per_px;
  mask.data.assign(static_cast<std::size_t>(width * height), 0);
  return mask;
}

TEST(grid_as_stored) {
  FakeSlide slide;
  slide.add_level(1000, 513);
  const TilePlan plan = tiles::plan_tiles(slide, as_stored(), grid(256, 256), nullptr);
  CHECK_EQ(plan.footprint_px, 256);
  CHECK_EQ(plan.size_px, 256);
  CHECK_EQ(plan.grid_tiles, 12);  // 0 256 512 768 by 0 256 512
  CHECK_EQ(plan.tiles.size(), 12u);
  CHECK_EQ(plan.tiles[3].x, 768);
  CHECK_EQ(plan.tiles[3].y, 0);
  CHECK_EQ(plan.tiles[4].x, 0);
  CHECK_EQ(plan.tiles[4].y, 256);
  CHECK_EQ(plan.tiles[11].x, 768);
  CHECK_EQ(plan.tiles[11].y, 512);
}

TEST(wsinfers_grid_has_whole_steps_and_centres_on_the_slide) {
  FakeSlide slide;
  slide.add_level(1000, 513);
  GridOptions wsinfer = grid(100, 50);
  wsinfer.placement = tiles::Placement::Wsinfer;
  const TilePlan plan = tiles::plan_tiles(slide, scaled(2.505), wsinfer, nullptr);
  CHECK_EQ(plan.footprint_px, 250);  // 250.5, to even
  // Steps of 125, centres from 125: those below 1000 and below 513.
  CHECK_EQ(plan.grid_tiles, 7 * 4);
  CHECK_EQ(plan.tiles.back().x, 750);
  CHECK_EQ(plan.tiles.back().y, 375);
  CHECK_EQ(tiles::grid_positions(slide, scaled(2.505), wsinfer), 28);
  CHECK_EQ(tiles::plan_tiles(slide, scaled(2.515), wsinfer, nullptr).footprint_px, 252);  // 251.5, to even
  // 251 wide: the centre is at 126 (125.5, to even), the step 126 (125.5).
  const TilePlan odd = tiles::plan_tiles(slide, scaled(2.51), wsinfer, nullptr);
  CHECK_EQ(odd.tiles[1].x, 126);
  CHECK_EQ(odd.grid_tiles, 7 * 4);
  FakeSlide small;
  small.add_level(125, 513);
  CHECK_EQ(tiles::grid_positions(small, scaled(2.505), wsinfer), 0);
}

TEST(the_centre_of_wsinfers_grid_is_a_whole_pixel) {
  FakeSlide slide;
  slide.add_level(1000, 1000);
  GridOptions wsinfer = grid(251, 251);
  wsinfer.placement = tiles::Placement::Wsinfer;
  wsinfer.keep = KeepRule::Centre;
  tissue::TissueMask mask = mask_of(1000, 1000, 1);
  mask.data[126 * 1000 + 126] = 255;
  CHECK_EQ(tiles::plan_tiles(slide, as_stored(), wsinfer, &mask).tiles.size(), 1u);
  wsinfer.placement = tiles::Placement::Scaled;  // its centre is at 125.5
  CHECK_THROWS(NO_TISSUE, (void)tiles::plan_tiles(slide, as_stored(), wsinfer, &mask));
}

TEST(a_line_at_the_edge_is_not_a_tile) {
  FakeSlide slide;
  slide.add_level(512, 512);
  CHECK_EQ(tiles::plan_tiles(slide, as_stored(), grid(256, 256), nullptr).grid_tiles, 4);
  CHECK_EQ(tiles::plan_tiles(slide, as_stored(), grid(1024, 1024), nullptr).grid_tiles, 1);
  CHECK_EQ(tiles::plan_tiles(slide, as_stored(), grid(256, 511), nullptr).grid_tiles, 4);
  CHECK_EQ(tiles::plan_tiles(slide, as_stored(), grid(256, 2000), nullptr).grid_tiles, 1);
}

TEST(tiles_that_go_beyond_the_level_can_be_left_out) {
  FakeSlide slide;
  slide.add_level(1000, 512);
  GridOptions options = grid(256, 200);
  options.edge = tiles::Edge::Drop;
  const TilePlan plan = tiles::plan_tiles(slide, as_stored(), options, nullptr);
  CHECK_EQ(plan.grid_tiles, 8);  // 0 200 400 600 by 0 200
  for (const auto& tile : plan.tiles) CHECK(tile.x + 256 <= 1000 && tile.y + 256 <= 512);
  CHECK_EQ(tiles::grid_positions(slide, as_stored(), options), 8);
  options = grid(256, 256);
  options.edge = tiles::Edge::Drop;
  CHECK_EQ(tiles::plan_tiles(slide, as_stored(), options, nullptr).grid_tiles, 6);  // 512 is just enough for two rows
  options.placement = tiles::Placement::Wsinfer;
  CHECK_EQ(tiles::plan_tiles(slide, as_stored(), options, nullptr).grid_tiles, 6);
  options = grid(600, 600);
  options.edge = tiles::Edge::Drop;
  CHECK_THROWS(NO_TISSUE, (void)tiles::plan_tiles(slide, as_stored(), options, nullptr));
}

TEST(places_are_level_0_by_one_factor_for_each_axis) {
  FakeSlide slide;
  slide.add_level(1001, 800);
  slide.add_level(500, 400);
  CHECK_EQ(tiles::plan_tiles(slide, as_stored(), grid(256, 256), nullptr).level0_per_px_x, 1.0);
  tiles::ReadPolicy policy = as_stored();
  policy.level = 1;
  const TilePlan plan = tiles::plan_tiles(slide, policy, grid(128, 128), nullptr);
  CHECK_EQ(plan.level0_per_px_x, 2.002);
  CHECK_EQ(plan.level0_per_px_y, 2.0);
  policy.jpeg_reduction = 2;  // of the level, not of its pixels as decoded
  CHECK_EQ(tiles::plan_tiles(slide, policy, grid(128, 128), nullptr).level0_per_px_x, 2.002);
}

TEST(scaled_positions_round_once_and_do_not_drift) {
  FakeSlide slide;
  slide.add_level(4'000'000, 10);
  const double scale = 1.0 / 3.0;
  const TilePlan plan = tiles::plan_tiles(slide, scaled(scale), grid(224, 224), nullptr);
  CHECK_EQ(plan.footprint_px, 75);  // 74.67
  CHECK_EQ(plan.tiles[1].x, 75);
  CHECK_EQ(plan.tiles[2].x, 149);  // 149.33, not 2 * 75
  CHECK_EQ(plan.tiles[3].x, 224);
  CHECK_EQ(plan.tiles[30000].x, 2240000);  // exact after 30,000 steps
  CHECK_EQ(plan.grid_tiles, 53572);        // lines 0 to 53571: 53571 * 74.667 = 3999968
  CHECK_EQ(tiles::plan_tiles(slide, scaled(1.6), grid(224, 112), nullptr).footprint_px, 358);  // 358.4
  const TilePlan half = tiles::plan_tiles(slide, scaled(0.5), grid(225, 225), nullptr);
  CHECK_EQ(half.footprint_px, 113);  // 112.5 rounds up
  CHECK_EQ(half.tiles[1].x, 113);
  CHECK_EQ(half.tiles[2].x, 225);
}

TEST(keep_by_fraction) {
  FakeSlide slide;
  slide.add_level(400, 200);
  tissue::TissueMask mask = mask_of(4, 2, 100);  // one mask pixel per tile
  mask.data = {255, 0, 0, 255, 0, 255, 0, 0};
  TilePlan plan = tiles::plan_tiles(slide, as_stored(), grid(100, 100), &mask);
  CHECK_EQ(plan.grid_tiles, 8);
  CHECK_EQ(plan.tiles.size(), 3u);
  CHECK_EQ(plan.tiles[1].x, 300);
  CHECK_EQ(plan.tiles[2].x, 100);
  CHECK_EQ(plan.tiles[2].y, 100);

  GridOptions half = grid(100, 50);  // tiles at 50 see half a pixel of the neighbour
  half.min_tissue_fraction = 0.5;
  mask.data = {255, 0, 0, 0, 0, 0, 0, 0};
  plan = tiles::plan_tiles(slide, as_stored(), half, &mask);
  CHECK_EQ(plan.tiles.size(), 3u);  // (0,0) 1, (50,0) 1/2, (0,50) 1/2; (50,50) is 1/4
  half.min_tissue_fraction = 0.25;
  CHECK_EQ(tiles::plan_tiles(slide, as_stored(), half, &mask).tiles.size(), 4u);
  half.min_tissue_fraction = 1;
  CHECK_EQ(tiles::plan_tiles(slide, as_stored(), half, &mask).tiles.size(), 1u);
  half.min_tissue_fraction = 0;
  CHECK_EQ(tiles::plan_tiles(slide, as_stored(), half, &mask).tiles.size(), 32u);
}

TEST(overhang_counts_as_not_tissue) {
  FakeSlide slide;
  slide.add_level(150, 100);
  tissue::TissueMask mask = mask_of(3, 2, 50);
  mask.data.assign(6, 255);
  GridOptions options = grid(100, 100);
  options.min_tissue_fraction = 0.6;
  CHECK_EQ(tiles::plan_tiles(slide, as_stored(), options, &mask).tiles.size(), 1u);
  options.min_tissue_fraction = 0.5;
  CHECK_EQ(tiles::plan_tiles(slide, as_stored(), options, &mask).tiles.size(), 2u);
}

TEST(keep_by_centre) {
  FakeSlide slide;
  slide.add_level(800, 800);
  slide.add_level(400, 400);
  tissue::TissueMask mask = mask_of(8, 8, 100);
  mask.data[1 * 8 + 1] = 255;  // level 0: 100..200 in both directions
  GridOptions options = grid(100, 100);
  options.keep = KeepRule::Centre;
  const TilePlan plan = tiles::plan_tiles(slide, as_stored(1), options, &mask);  // centre of tile 0: 50 -> level 0: 100
  CHECK_EQ(plan.tiles.size(), 1u);
  CHECK_EQ(plan.tiles[0].x, 0);
  CHECK_EQ(plan.tiles[0].y, 0);
}

TEST(keep_all_and_no_mask) {
  FakeSlide slide;
  slide.add_level(400, 200);
  const tissue::TissueMask empty = mask_of(4, 2, 100);
  GridOptions options = grid(100, 100);
  CHECK_THROWS(NO_TISSUE, (void)tiles::plan_tiles(slide, as_stored(), options, &empty));
  options.keep = KeepRule::Centre;
  CHECK_THROWS(NO_TISSUE, (void)tiles::plan_tiles(slide, as_stored(), options, &empty));
  CHECK_EQ(tiles::plan_tiles(slide, as_stored(), options, nullptr).tiles.size(), 8u);
  options.keep = KeepRule::All;
  CHECK_EQ(tiles::plan_tiles(slide, as_stored(), options, &empty).tiles.size(), 8u);
}

TEST(sample_is_seeded_row_major_and_even) {
  FakeSlide slide;
  slide.add_level(64 * 128, 48 * 128);
  GridOptions options = grid(128, 128);
  options.max_tiles = 192;
  options.seed = 7;
  const TilePlan plan = tiles::plan_tiles(slide, as_stored(), options, nullptr);
  CHECK_EQ(plan.tiles.size(), 192u);
  CHECK_EQ(plan.grid_tiles, 64 * 48);
  CHECK_EQ(plan.kept_tiles, 64 * 48);
  std::array<int, 12> quarter{};  // blocks of 16 x 16 grid cells: 256 cells, 16 samples each on average
  for (std::size_t i = 0; i < plan.tiles.size(); ++i) {
    const auto& tile = plan.tiles[i];
    CHECK(tile.x % 128 == 0 && tile.y % 128 == 0);
    if (i > 0) CHECK(plan.tiles[i - 1].y < tile.y || (plan.tiles[i - 1].y == tile.y && plan.tiles[i - 1].x < tile.x));
    ++quarter[static_cast<std::size_t>(tile.y / 2048 * 4 + tile.x / 2048)];
  }
  for (const int count : quarter) CHECK_EQ(count, 16);
  const TilePlan again = tiles::plan_tiles(slide, as_stored(), options, nullptr);
  options.seed = 8;
  const TilePlan other = tiles::plan_tiles(slide, as_stored(), options, nullptr);
  bool same = true;
  bool differs = false;
  for (std::size_t i = 0; i < 192; ++i) {
    same = same && again.tiles[i].x == plan.tiles[i].x && again.tiles[i].y == plan.tiles[i].y;
    differs = differs || other.tiles[i].x != plan.tiles[i].x || other.tiles[i].y != plan.tiles[i].y;
  }
  CHECK(same);
  CHECK(differs);
  options.max_tiles = 5000;
  CHECK_EQ(tiles::plan_tiles(slide, as_stored(), options, nullptr).tiles.size(), 64u * 48u);
}

TEST(sample_is_the_same_on_every_machine) {
  std::vector<tiles::GridCell> cells;
  for (std::uint32_t row = 0; row < 10; ++row)
    for (std::uint32_t column = 0; column < 10; ++column) cells.push_back({column, row});
  std::string text;
  for (const auto& cell : tiles::sample_evenly(cells, 5, 42))
    text += std::to_string(cell.column) + "," + std::to_string(cell.row) + " ";
  CHECK_EQ(text, std::string("2,0 6,1 5,6 8,8 1,9 "));
}

TEST(hilbert_curve_visits_every_cell_next_to_the_last) {
  constexpr int kBits = 5;
  std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
  tiles::GridCell last = tiles::hilbert_cell(0, kBits);
  for (std::uint64_t i = 0; i < 1u << (2 * kBits); ++i) {
    const tiles::GridCell cell = tiles::hilbert_cell(i, kBits);
    CHECK_EQ(tiles::hilbert_index(cell, kBits), i);
    seen.insert({cell.column, cell.row});
    const auto apart = [](std::uint32_t a, std::uint32_t b) { return a > b ? a - b : b - a; };
    if (i > 0) CHECK_EQ(apart(cell.column, last.column) + apart(cell.row, last.row), 1u);
    last = cell;
  }
  CHECK_EQ(seen.size(), 1024u);
}

TEST(limits) {
  FakeSlide slide;
  slide.add_level(100'000, 100'000);
  CHECK_THROWS(LIMIT_EXCEEDED, (void)tiles::plan_tiles(slide, as_stored(), grid(64, 8), nullptr));
  CHECK_THROWS(LIMIT_EXCEEDED, (void)tiles::plan_tiles(slide, scaled(1e-9), grid(64, 1), nullptr));
  CHECK_THROWS(LIMIT_EXCEEDED, (void)tiles::plan_tiles(slide, scaled(1e6), grid(64, 1), nullptr));
  for (const std::int64_t bad : {std::int64_t{0}, std::int64_t{-5}, std::int64_t{16385}})
    CHECK_THROWS(INVALID_OPTION, (void)tiles::plan_tiles(slide, as_stored(), grid(bad, 224), nullptr));
  for (const std::int64_t bad : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 40})
    CHECK_THROWS(INVALID_OPTION, (void)tiles::plan_tiles(slide, as_stored(), grid(224, bad), nullptr));
  for (const double bad : {0.0, -1.0, std::nan(""), HUGE_VAL})
    CHECK_THROWS(INVALID_OPTION, (void)tiles::plan_tiles(slide, scaled(bad), grid(224, 224), nullptr));
  CHECK_THROWS(LEVEL_OUT_OF_RANGE, (void)tiles::plan_tiles(slide, as_stored(1), grid(224, 224), nullptr));
  GridOptions options = grid(224, 224);
  options.max_tiles = -1;
  CHECK_THROWS(INVALID_OPTION, (void)tiles::plan_tiles(slide, as_stored(), options, nullptr));
  options.max_tiles = 0;
  options.min_tissue_fraction = std::nan("");
  CHECK_THROWS(INVALID_OPTION, (void)tiles::plan_tiles(slide, as_stored(), options, nullptr));
  tissue::TissueMask wrong = mask_of(10, 10, 10'000);
  wrong.data.pop_back();
  CHECK_THROWS(INVALID_OPTION, (void)tiles::plan_tiles(slide, as_stored(), grid(224, 224), &wrong));
}

TEST(millions_of_positions_are_quick) {
  FakeSlide slide;
  slide.add_level(200'000, 200'000);
  tissue::TissueMask mask = mask_of(2048, 2048, 200'000.0 / 2048);
  for (std::size_t i = 0; i < mask.data.size(); i += 3) mask.data[i] = 255;
  const auto start = std::chrono::steady_clock::now();
  const TilePlan plan =
      tiles::plan_tiles(slide, as_stored(), grid(8192, 100), &mask);  // 4 million, heavily overlapping
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  CHECK_EQ(plan.grid_tiles, 4'000'000);
  CHECK(plan.tiles.size() > 3'600'000);
  CHECK(seconds < 30);  // summing each tile's 7,000 mask pixels would take longer; sanitizers and busy machines do not
  std::printf("  4 million positions: %.2f s\n", seconds);
}

}  // namespace

TEST_MAIN
