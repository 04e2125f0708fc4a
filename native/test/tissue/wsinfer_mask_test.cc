// WSInfer's mask: the threshold, what is too small, islands; and the polygon that is asked.
#include "tissue/wsinfer_mask.h"

#include <string>
#include <vector>

#include "core/error.h"
#include "test/check.h"
#include "tissue/pixel_polygon.h"

namespace {

using namespace microtome;
using tissue::TissueMask;

constexpr std::int64_t kSidePx = 200;

RgbImage glass() {
  RgbImage image(kSidePx, kSidePx);
  for (auto& value : image.data) value = 240;
  return image;
}

// A square of a colour whose saturation is `saturation` of 255 (at a largest sample of 255).
void draw(RgbImage& image, std::int64_t first, std::int64_t end, int saturation) {
  for (std::int64_t y = first; y < end; ++y)
    for (std::int64_t x = first; x < end; ++x) {
      std::uint8_t* pixel = image.data.data() + 3 * (y * kSidePx + x);
      pixel[0] = pixel[2] = 255;
      pixel[1] = static_cast<std::uint8_t>(255 - saturation);
    }
}

std::int64_t count(const TissueMask& mask) {
  std::int64_t set = 0;
  for (const auto value : mask.data) set += value == 255 ? 1 : 0;
  return set;
}

// Ten level-0 pixels of half a micron for each mask pixel: 5 microns, so that 1600 pixels are 40,000 square microns.
TissueMask mask_of(const RgbImage& image) { return tissue::make_wsinfer_mask(image, 10 * kSidePx, 10 * kSidePx, 0.5); }

TEST(saturation_above_seven_is_tissue) {
  RgbImage image = glass();
  draw(image, 20, 120, 7);
  CHECK_EQ(count(mask_of(image)), 0);
  draw(image, 20, 120, 8);
  // The median takes three pixels off each corner of the square's four, closing adds none: the corners are convex.
  const auto found = count(mask_of(image));
  CHECK(found < 10000 && found > 10000 - 4 * 9);
}

TEST(small_parts_go_and_small_holes_are_filled) {
  RgbImage image = glass();
  draw(image, 20, 59, 100);  // 39 x 39 are below 1600
  CHECK_EQ(count(mask_of(image)), 0);
  draw(image, 20, 63, 100);
  CHECK(count(mask_of(image)) > 1600);
  draw(image, 20, 180, 100);
  draw(image, 90, 125, 0);  // 35 x 35 are below 1444
  const auto whole = count(mask_of(image));
  CHECK(whole > 25000);
  draw(image, 80, 130, 0);
  CHECK(count(mask_of(image)) < whole - 2000);
}

TEST(a_part_in_a_hole_goes_with_the_hole) {
  RgbImage image = glass();
  draw(image, 10, 190, 100);
  draw(image, 30, 170, 0);
  const auto ring = count(mask_of(image));
  draw(image, 60, 140, 100);
  CHECK_EQ(count(mask_of(image)), ring);
  RgbImage alone = glass();
  draw(alone, 60, 140, 100);
  CHECK(count(mask_of(alone)) > 6000);
}

TEST(the_resolution_must_be_a_number) {
  const RgbImage image = glass();
  CHECK_THROWS(INVALID_OPTION, (void)tissue::make_wsinfer_mask(image, 2000, 2000, 0));
  CHECK_THROWS(INVALID_OPTION, (void)tissue::make_wsinfer_mask(image, 0, 2000, 0.5));
}

TissueMask drawn(const std::vector<std::string>& rows, double per_px) {
  TissueMask mask;
  mask.width_px = std::ssize(rows.front());
  mask.height_px = std::ssize(rows);
  mask.level0_per_px_x = mask.level0_per_px_y = per_px;
  mask.outline = tissue::Outline::ThroughPixels;
  for (const auto& row : rows)
    for (const char c : row) mask.data.push_back(c == '#' ? 255 : 0);
  return mask;
}

TEST(the_polygon_goes_through_pixels) {
  const TissueMask mask = drawn({"......", ".####.", ".####.", ".###..", "......"}, 10);
  CHECK(!mask.contains(10, 10));  // on a corner
  CHECK(!mask.contains(10, 15));  // on a side
  CHECK(!mask.contains(15, 10));
  CHECK(mask.contains(10.5, 10.5));
  CHECK(mask.contains(20, 20));  // a pixel with four neighbours
  CHECK(mask.contains(25, 20));  // on a line between squares
  CHECK(mask.contains(20, 25));
  CHECK(!mask.contains(25, 30));  // on the lower side
  CHECK(mask.contains(33, 23));   // in the triangle of three
  CHECK(!mask.contains(37, 27));
  CHECK(!mask.contains(35, 25));  // on its long side
  CHECK(!mask.contains(45, 15));  // in the last pixel, beyond its corner
  CHECK(!mask.contains(-1, 20));
  CHECK(!mask.contains(1e300, 20));
}

TEST(each_triangle_has_its_side) {
  const auto inside = [](const std::vector<std::string>& rows, double x, double y) {
    return drawn(rows, 1).contains(x, y);
  };
  CHECK(inside({".#", "##"}, 0.7, 0.7) && !inside({".#", "##"}, 0.3, 0.3));
  CHECK(inside({"#.", "##"}, 0.3, 0.7) && !inside({"#.", "##"}, 0.7, 0.3));
  CHECK(inside({"##", ".#"}, 0.7, 0.3) && !inside({"##", ".#"}, 0.3, 0.7));
  CHECK(inside({"##", "#."}, 0.3, 0.3) && !inside({"##", "#."}, 0.7, 0.7));
  CHECK(!inside({"#.", ".#"}, 0.5, 0.5));
}

}  // namespace

TEST_MAIN
