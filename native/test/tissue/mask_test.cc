// What a mask answers, the index over it, and polygons drawn into one.
#include "test/check.h"
#include "tissue/mask_index.h"
#include "tissue/tissue_mask.h"

namespace {

using namespace microtome;
using tissue::TissueMask;

struct Ring {
  std::vector<double> xy;
  std::int32_t polygon = 0;
};

TissueMask draw(const std::vector<Ring>& rings, std::int64_t width_px, std::int64_t height_px,
                std::int64_t max_side_px = 8192) {
  std::vector<tissue::Ring> views;
  for (const Ring& ring : rings) views.push_back({ring.xy, ring.polygon});
  return tissue::rasterise_polygons(views, width_px, height_px, max_side_px);
}

TissueMask checkers(std::int64_t width, std::int64_t height, double per_x, double per_y) {
  TissueMask mask;
  mask.width_px = width;
  mask.height_px = height;
  mask.level0_per_px_x = per_x;
  mask.level0_per_px_y = per_y;
  mask.data.resize(static_cast<std::size_t>(width * height));
  std::uint32_t state = 1;
  for (auto& value : mask.data) {
    state = state * 1664525u + 1013904223u;
    value = (state >> 30) == 0 ? 255 : 0;
  }
  return mask;
}

bool close(double a, double b) { return std::abs(a - b) < 1e-9; }

TEST(fractions) {
  TissueMask mask = checkers(2, 2, 10, 20);
  mask.data = {255, 0, 0, 255};
  CHECK(close(mask.area_fraction(), 0.5));
  CHECK(close(mask.fraction_in(0, 0, 20, 40), 0.5));
  CHECK(close(mask.fraction_in(0, 0, 10, 20), 1));
  CHECK(close(mask.fraction_in(5, 0, 10, 20), 0.5));
  CHECK(close(mask.fraction_in(5, 10, 10, 20), 0.5));
  CHECK(close(mask.fraction_in(-10, 0, 20, 20), 0.5));  // half of it lies outside
  CHECK(close(mask.fraction_in(2, 3, 0.5, 0.5), 1));    // within one mask pixel
  CHECK_EQ(mask.fraction_in(100, 100, 10, 10), 0.0);
  CHECK_EQ(mask.fraction_in(0, 0, 0, 10), 0.0);
  CHECK_EQ(mask.fraction_in(0, 0, -5, 10), 0.0);
  CHECK_EQ(mask.fraction_in(std::nan(""), 0, 5, 10), 0.0);
  CHECK_EQ(mask.fraction_in(-1e300, -1e300, 1e300, 1e300), 0.0);
  CHECK(mask.contains(0, 0));
  CHECK(mask.contains(19.9, 39.9));
  CHECK(!mask.contains(10, 19));
  CHECK(!mask.contains(20, 0));
  CHECK(!mask.contains(-0.1, 0));
  CHECK(!mask.contains(std::nan(""), 0));
  CHECK_EQ(TissueMask{}.area_fraction(), 0.0);
  CHECK_EQ(TissueMask{}.fraction_in(0, 0, 1, 1), 0.0);
  CHECK(!TissueMask{}.contains(0, 0));
}

TEST(index_agrees_with_the_mask) {
  const TissueMask mask = checkers(97, 61, 13.7, 12.9);
  const tissue::MaskIndex index(mask);
  std::uint32_t state = 7;
  const auto random = [&state](double scale) {
    state = state * 1664525u + 1013904223u;
    return static_cast<double>(state >> 8) / 16777216.0 * scale;
  };
  for (int i = 0; i < 20000; ++i) {
    const double x = random(1600) - 150, y = random(1000) - 100;
    const double width = random(i % 2 == 0 ? 20 : 600) + 0.01, height = random(i % 3 == 0 ? 20 : 600) + 0.01;
    if (std::abs(mask.fraction_in(x, y, width, height) - index.fraction_in(x, y, width, height)) > 1e-6) {
      test::fail(__FILE__, __LINE__, "index and mask disagree");
      break;
    }
  }
  CHECK_EQ(index.fraction_in(std::nan(""), 0, 1, 1), 0.0);
  CHECK_EQ(index.fraction_in(0, 0, HUGE_VAL, 1), 0.0);
  CHECK_EQ(index.fraction_in(0, 0, 0, 1), 0.0);
}

TEST(masks_are_checked) {
  TissueMask mask = checkers(4, 4, 1, 1);
  mask.data.pop_back();
  CHECK_THROWS(INVALID_OPTION, tissue::MaskIndex{mask});
  mask = checkers(4, 4, 0, 1);
  CHECK_THROWS(INVALID_OPTION, tissue::MaskIndex{mask});
  CHECK_THROWS(INVALID_OPTION, tissue::MaskIndex{TissueMask{}});
}

TEST(rectangle) {
  const TissueMask mask = draw({Ring{{10, 20, 60, 20, 60, 50, 10, 50}, 0}}, 100, 80, 100);
  CHECK_EQ(mask.width_px, 100);
  CHECK_EQ(mask.height_px, 80);
  CHECK(close(mask.area_fraction(), 50.0 * 30 / 8000));
  CHECK(mask.contains(10, 20));
  CHECK(mask.contains(59, 49));
  CHECK(!mask.contains(60, 49));
  CHECK(!mask.contains(59, 50));
}

TEST(a_ring_inside_is_a_hole_whatever_its_direction) {
  const Ring outer{{0, 0, 100, 0, 100, 100, 0, 100, 0, 0}};  // closed by a repeated point
  for (const Ring& inner : {Ring{{25, 25, 75, 25, 75, 75, 25, 75}, 0}, Ring{{25, 25, 25, 75, 75, 75, 75, 25}, 0}}) {
    const TissueMask mask = draw({outer, inner}, 100, 100);
    CHECK(close(mask.area_fraction(), 0.75));
    CHECK(!mask.contains(50, 50));
  }
}

TEST(triangle_area_and_scale) {
  const TissueMask mask = draw({Ring{{0, 0, 40000, 0, 0, 30000}, 0}}, 40000, 30000, 400);
  CHECK_EQ(mask.width_px, 400);
  CHECK_EQ(mask.height_px, 300);
  CHECK_EQ(mask.level0_per_px_x, 100.0);
  CHECK(std::abs(mask.area_fraction() - 0.5) < 0.003);
}

TEST(polygons_beyond_the_slide_are_clipped) {
  const TissueMask mask = draw({Ring{{-1e9, -1e9, 50, -1e9, 50, 1e9, -1e9, 1e9}, 0}}, 100, 100);
  CHECK(close(mask.area_fraction(), 0.5));
  CHECK_EQ(draw({Ring{{200, 200, 300, 200, 300, 300}, 0}}, 100, 100).area_fraction(), 0.0);
  CHECK_EQ(draw({}, 100, 100).area_fraction(), 0.0);
  const TissueMask thin = draw({}, 1'000'000, 3, 1000);
  CHECK_EQ(thin.width_px, 1000);
  CHECK_EQ(thin.height_px, 1);
}

TEST(bad_polygons_are_refused) {
  CHECK_THROWS(INVALID_OPTION, (void)draw({Ring{{0, 0, 1, std::nan(""), 2, 2}, 0}}, 10, 10));
  CHECK_THROWS(INVALID_OPTION, (void)draw({Ring{{0, 0, 1, HUGE_VAL, 2, 2}, 0}}, 10, 10));
  CHECK_THROWS(INVALID_OPTION, (void)draw({Ring{{0, 0, 1, 1e13, 2, 2}, 0}}, 10, 10));
  CHECK_THROWS(INVALID_OPTION, (void)draw({Ring{{0, 0, 1, 1, 2}, 0}}, 10, 10));
  CHECK_THROWS(INVALID_OPTION, (void)draw({Ring{{0, 0, 1, 1}, 0}}, 10, 10));
  const Ring ring{{0, 0, 1, 1, 2, 0}};
  CHECK_THROWS(INVALID_OPTION, (void)draw({ring}, 0, 10));
  CHECK_THROWS(INVALID_OPTION, (void)draw({ring}, 10, 10, 0));
  CHECK_THROWS(INVALID_OPTION, (void)draw({ring}, 10, 10, 1 << 20));
}

}  // namespace

TEST(drawing_ends_when_it_is_cancelled) {
  const std::vector<double> xy{0, 0, 60, 0, 60, 100, 0, 100};
  const std::vector<tissue::Ring> rings{{xy, 0}};
  CancelToken cancel;
  CHECK_EQ(tissue::rasterise_polygons(rings, 100, 100, 100, &cancel).area_fraction(), 0.6);
  cancel.cancel();
  CHECK_THROWS(CANCELLED, (void)tissue::rasterise_polygons(rings, 100, 100, 100, &cancel));
  CHECK_THROWS(CANCELLED, (void)tissue::rasterise_polygons({}, 100, 100, 100, &cancel));
}

TEST(overlapping_polygons_are_a_union_and_holes_stay_holes) {
  const Ring left{{0, 0, 60, 0, 60, 100, 0, 100}, 0};
  const Ring right{{40, 0, 100, 0, 100, 100, 40, 100}, 1};
  CHECK_EQ(draw({left, right}, 100, 100, 100).area_fraction(), 1.0);
  const Ring hole{{10, 10, 30, 10, 30, 30, 10, 30}, 0};
  CHECK_EQ(draw({left, right, hole}, 100, 100, 100).area_fraction(), 0.96);
}

TEST_MAIN
