// Where OpenSlide is asked for a pixel of a level: so that its division finds exactly that pixel.
#include "openslide/level_start.h"

#include <cmath>

#include "test/check.h"

namespace {

using microtome::openslide::kMostLeadPx;
using microtome::openslide::level_start;
using microtome::openslide::may_lie_between_pixels;

// What OpenSlide makes of the start: how far from the pixel it begins.
double off_by(std::int64_t at_px, double downsample) {
  const auto start = level_start(at_px, downsample);
  CHECK(start.lead_px >= 0 && start.lead_px <= at_px && start.lead_px <= kMostLeadPx);
  return static_cast<double>(start.level0_px) / downsample - static_cast<double>(at_px - start.lead_px);
}

TEST(a_whole_downsample_needs_no_lead) {
  for (const double downsample : {1.0, 2.0, 4.0, 16.0, 64.0})
    for (std::int64_t at = 0; at < 100'000; at += 511) {
      const auto start = level_start(at, downsample);
      CHECK_EQ(start.lead_px, 0);
      CHECK_EQ(start.level0_px, static_cast<std::int64_t>(static_cast<double>(at) * downsample));
    }
}

TEST(a_downsample_with_exact_starts_in_reach_begins_so_near_them_that_nothing_is_mixed_in) {
  // The mean of both axes, as OpenSlide makes it, and others that come round within the lead.
  for (const double downsample : {(46000.0 / 1437 + 32914.0 / 1028) / 2, 4.01, 2.5, 10.0 / 3})
    for (std::int64_t at = 0; at < 20'000; at += 37) {
      const double off = off_by(at, downsample);
      CHECK(off >= 0);
      CHECK(off < 1.0 / 128);
    }
}

TEST(a_downsample_without_them_begins_as_near_as_the_lead_allows_and_that_is_said) {
  const double downsample = (2220.0 / 1110 + 2967.0 / 1483) / 2;
  for (std::int64_t at = 0; at < 20'000; at += 37) {
    const double off = off_by(at, downsample);
    CHECK(off >= 0 && off < 1 / downsample);
    if (at <= kMostLeadPx) CHECK(off < 1.0 / 128);
  }
  CHECK(may_lie_between_pixels(kMostLeadPx + 1, downsample));
  CHECK(!may_lie_between_pixels(kMostLeadPx, downsample));
  CHECK(!may_lie_between_pixels(1'000'000, 4));
}

TEST(rounding_of_the_product_does_not_move_the_start) {
  // 3 * 1.1 is a little more than 3.3 in doubles, 10 / 3 a little less than a third.
  for (const double downsample : {1.1, 10.0 / 3, 7.0 / 3, 1.0 + 1e-12})
    for (std::int64_t at = 0; at < 3000; ++at) CHECK(off_by(at, downsample) >= 0);
}

TEST(the_first_pixel_is_the_first_pixel) {
  const auto start = level_start(0, 3.3);
  CHECK_EQ(start.level0_px, 0);
  CHECK_EQ(start.lead_px, 0);
}

}  // namespace

TEST_MAIN
