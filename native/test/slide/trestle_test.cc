// Trestle's TIFF: fields of the description, microns per pixel in the resolution tags, tiles that may overlap.
#include "test/check.h"
#include "test/support/pages.h"
#include "test/support/scanner_tiffs.h"
#include "test/support/stand_in_driver.h"

namespace {

using namespace microtome;
using namespace microtome::test;
using slide::Slide;

std::string property(const Slide& slide, const std::string& name) {
  for (const auto& [key, value] : slide.properties())
    if (key == name) return value;
  return "-";
}

}  // namespace

TEST(pages_are_levels_and_fields_are_properties) {
  const auto slide = Slide::open(trestle_file(" 0 0 0 0").source());
  CHECK_EQ(slide->driver().name, std::string("trestle"));
  CHECK_EQ(levels_of(*slide), std::string("64x48 32x24"));
  CHECK_EQ(slide->mpp()->x, 0.5);
  CHECK_EQ(slide->mpp()->source, std::string("trestle"));
  CHECK_EQ(property(*slide, "trestle.Objective Power"), std::string("20"));
  CHECK_EQ(property(*slide, "trestle.Background Color"), std::string("E6E6E6"));
  CHECK_EQ(property(*slide, "trestle.odd"), std::string("-"));
}

TEST(overlapping_tiles_are_left_to_openslide) {
  const auto file = trestle_file(" 16 16 0 0");
  const auto slide = Slide::open(file.source(), {}, stand_in_table());
  CHECK_EQ(slide->driver().name, std::string("openslide"));
  CHECK(slide->driver().why.find("tiles overlap") != std::string::npos);
  CHECK_THROWS(UNSUPPORTED_PIXELS, (void)Slide::open(file.source()));
}

TEST(another_program_or_a_page_in_strips_is_no_trestle) {
  auto other = trestle_file("");
  other.top(0).text(tag::kSoftware, "scan");
  CHECK_EQ(Slide::open(other.source())->driver().name, std::string("generic"));
  CHECK_EQ(Slide::open(trestle_file("").add(strip_page(16, 16)).source())->driver().name, std::string("generic"));
}

TEST_MAIN
