// Where OpenSlide is asked for a pixel of a level: so that its division finds exactly that pixel.
#include "openslide/level_start.h"

#include <cmath>

#include "test/check.h"

namespace {

using microtome::openslide::kMostLeadPx;
using microtome::openslide::level_start;

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

TEST(a_fractional_downsample_begins_at_the_pixel_or_so_little_after_it_that_nothing_is_mixed_in) {
  // Means of both axes, as OpenSlide makes them.
  const double downsamples[] = {(2220.0 / 1110 + 2967.0 / 1483) / 2, (46000.0 / 11500 + 32914.0 / 8228) / 2,
                                (100000.0 / 6250 + 77777.0 / 4861) / 2, (46000.0 / 1437 + 32914.0 / 1028) / 2, 4.00001};
  for (const double downsample : downsamples)
    for (std::int64_t at = 0; at < 20'000; at += 37) {
      const double off = off_by(at, downsample);
      CHECK(off >= 0);
      CHECK(off < 1.0 / 128);
    }
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
