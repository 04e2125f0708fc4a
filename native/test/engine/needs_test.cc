// What scoring reserves of the memory limit.
#include "engine/needs.h"

#include "slide/driver.h"
#include "test/check.h"
#include "test/support/fake_slide.h"

namespace {

using namespace microtome;

class WhitePixels final : public slide::TilePixels {
 public:
  [[nodiscard]] bool read(std::size_t, std::int64_t, std::int64_t, const RgbView&) const override { return false; }
};

TEST(what_a_driver_keeps_and_its_pixels_are_counted) {
  constexpr std::int64_t kTile = 512;
  test::FakeSlide slide;
  slide.add_level(4096, 4096, kTile);
  tiles::TilePlan plan;
  plan.stored.tile_width_px = kTile;
  plan.stored.tile_height_px = kTile;
  plan.stored.width_px = 4096;
  plan.stored.height_px = 4096;
  plan.size_px = 256;
  plan.footprint_px = 256;
  plan.tiles.resize(16);
  const engine::RunShape run{.lanes = {{.plan = &plan, .rows = 4, .row_bytes = 1000}}};
  const engine::ScoringNeeds before = engine::scoring_needs(slide, run, std::int64_t{1} << 30);
  slide.set_pixels(std::make_shared<WhitePixels>());
  const engine::ScoringNeeds after = engine::scoring_needs(slide, run, std::int64_t{1} << 30);
  CHECK_EQ(after.plan_bytes - before.plan_bytes, slide::kDriverCacheBytes);
  CHECK_EQ(after.batch_bytes - before.batch_bytes, 4 * kTile * kTile);
  CHECK_EQ(after.sum() - before.sum(), slide::kDriverCacheBytes + 4 * kTile * kTile);
}

}  // namespace

TEST_MAIN
