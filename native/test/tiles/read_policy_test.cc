// The level read for a level index or a target resolution, with exact figures.
#include "test/check.h"
#include "test/support/fake_slide.h"
#include "tiles/tile_plan.h"

namespace {

using namespace microtome;
using test::FakeSlide;

FakeSlide pyramid() {
  FakeSlide slide;
  slide.add_level(80000, 60000);
  slide.add_level(40000, 30000);
  slide.add_level(20000, 15000);
  slide.add_level(10000, 7500);
  return slide;
}

bool near(double a, double b) { return std::abs(a - b) <= 1e-12 * std::abs(b); }

TEST(by_level) {
  FakeSlide slide = pyramid();
  const auto blind = tiles::policy_for_level(slide, 2);
  CHECK_EQ(blind.level, 2);
  CHECK_EQ(blind.scale, 1.0);
  CHECK_EQ(blind.name, std::string("level"));
  CHECK(!blind.mpp.has_value());
  slide.set_mpp(0.2, 0.3);
  CHECK(near(tiles::policy_for_level(slide, 2).mpp.value(), 1.0));
  slide.set_mpp(1000, 1000, false);
  CHECK(!tiles::policy_for_level(slide, 2).mpp.has_value());
  CHECK_THROWS(LEVEL_OUT_OF_RANGE, (void)tiles::policy_for_level(slide, 4));
  CHECK_THROWS(LEVEL_OUT_OF_RANGE, (void)tiles::policy_for_level(slide, -1));
}

TEST(by_mpp_exact) {
  FakeSlide slide = pyramid();
  slide.set_mpp(0.25, 0.25);
  const auto policy = tiles::policy_for_mpp(slide, 1.0);
  CHECK_EQ(policy.level, 2);
  CHECK_EQ(policy.scale, 1.0);
  CHECK_EQ(policy.name, std::string("mpp-exact"));
  CHECK_EQ(policy.mpp.value(), 1.0);
}

TEST(by_mpp_within_half_a_percent_is_exact) {
  FakeSlide slide = pyramid();
  slide.set_mpp(0.2512, 0.2512);  // level 2: 1.0048, a little coarser than asked
  const auto coarser = tiles::policy_for_mpp(slide, 1.0);
  CHECK_EQ(coarser.level, 2);
  CHECK_EQ(coarser.scale, 1.0);
  CHECK(near(coarser.mpp.value(), 1.0048));
  slide.set_mpp(0.249, 0.249);  // level 2: 0.996
  CHECK_EQ(tiles::policy_for_mpp(slide, 1.0).name, std::string("mpp-exact"));
  slide.set_mpp(0.252, 0.252);  // level 2: 1.008 is too coarse, level 1: 0.504
  const auto reduced = tiles::policy_for_mpp(slide, 1.0);
  CHECK_EQ(reduced.level, 1);
  CHECK_EQ(reduced.name, std::string("mpp-reduce"));
  CHECK(near(reduced.scale, 1.0 / 0.504));
}

TEST(by_mpp_reduce) {
  FakeSlide slide = pyramid();
  slide.set_mpp(0.2, 0.3);  // mean 0.25
  const auto policy = tiles::policy_for_mpp(slide, 0.8);
  CHECK_EQ(policy.level, 1);
  CHECK(near(policy.scale, 1.6));
  CHECK_EQ(policy.mpp.value(), 0.8);
  const auto far = tiles::policy_for_mpp(slide, 16);
  CHECK_EQ(far.level, 3);
  CHECK(near(far.scale, 8));
}

TEST(by_mpp_enlarge_by_two_at_most) {
  FakeSlide slide = pyramid();
  slide.set_mpp(0.5, 0.5);
  const auto policy = tiles::policy_for_mpp(slide, 0.25);
  CHECK_EQ(policy.level, 0);
  CHECK_EQ(policy.scale, 0.5);
  CHECK_EQ(policy.name, std::string("mpp-enlarge"));
  CHECK_THROWS(MODEL_MISMATCH, (void)tiles::policy_for_mpp(slide, 0.249));
  try {
    (void)tiles::policy_for_mpp(slide, 0.1);
  } catch (const Error& error) {
    CHECK_EQ(error.advice(), std::string("leave this slide out, or pass [[mpp=0.5]]"));
  }
}

TEST(levels_in_any_order) {
  FakeSlide slide;
  slide.add_level(8000, 8000);
  slide.add_level(1000, 1000);
  slide.add_level(4000, 4000);
  slide.set_mpp(0.25, 0.25);
  CHECK_EQ(tiles::policy_for_mpp(slide, 0.5).level, 2);
  CHECK_EQ(tiles::policy_for_mpp(slide, 2).level, 1);
}

TEST(unknown_mpp_is_refused_and_the_message_says_what_was_found) {
  FakeSlide slide = pyramid();
  CHECK_THROWS(MPP_UNKNOWN, (void)tiles::policy_for_mpp(slide, 0.5));
  slide.set_mpp(1000, 900, false, "tiff");
  CHECK_THROWS(MPP_UNKNOWN, (void)tiles::policy_for_mpp(slide, 0.5));
  try {
    (void)tiles::policy_for_mpp(slide, 0.5);
  } catch (const Error& error) {
    CHECK(error.message().find("1000 x 900") != std::string::npos);
    CHECK(error.message().find("tiff") != std::string::npos);
    CHECK_EQ(error.path(), std::string("fake slide"));
  }
}

TEST(level_0_for_any_resolution) {
  FakeSlide slide = pyramid();
  slide.set_mpp(0.2, 0.3);
  const auto policy = tiles::policy_for_level0(slide, 1.0);
  CHECK_EQ(policy.level, 0);
  CHECK(near(policy.scale, 4));
  CHECK_EQ(policy.mpp.value(), 1.0);
  CHECK_EQ(policy.name, std::string("mpp-level0"));
  CHECK(near(tiles::policy_for_level0(slide, 0.251).scale, 1.004));  // not taken for exact
  CHECK(near(tiles::policy_for_level0(slide, 0.125).scale, 0.5));
  CHECK_THROWS(MODEL_MISMATCH, (void)tiles::policy_for_level0(slide, 0.12));
  slide.set_mpp(1000, 1000, false);
  CHECK_THROWS(MPP_UNKNOWN, (void)tiles::policy_for_level0(slide, 1.0));
  CHECK(near(tiles::policy_for_level0(slide, 1.0, 0.5).scale, 2));
}

TEST(targets_must_be_positive_numbers) {
  FakeSlide slide = pyramid();
  slide.set_mpp(0.25, 0.25);
  for (const double target : {0.0, -1.0, std::nan(""), HUGE_VAL})
    for (const auto policy : {tiles::policy_for_mpp, tiles::policy_for_level0})
      CHECK_THROWS(INVALID_OPTION, (void)policy(slide, target, std::nullopt));
}

}  // namespace

TEST_MAIN
