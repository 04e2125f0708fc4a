// Ventana's BIF: read where stored tiles lie side by side, left to OpenSlide where they do not.
#include "test/check.h"
#include "test/support/pages.h"
#include "test/support/scanner_tiffs.h"
#include "test/support/stand_in_driver.h"

namespace {

using namespace microtome;
using namespace microtome::test;
using slide::Slide;

std::shared_ptr<const Slide> open(const TiffWriter& file) { return Slide::open(file.source()); }

// Why the file is left to another driver; empty: it is read here.
std::string left_why(const TiffWriter& file) {
  const auto slide = Slide::open(file.source(), {}, stand_in_table());
  return slide->driver().name == "openslide" ? slide->driver().why : "";
}

}  // namespace

TEST(a_scan_whose_tiles_lie_side_by_side_is_read) {
  const auto slide = open(bif_file(plain_bif_tiles()));
  CHECK_EQ(slide->driver().name, std::string("ventana"));
  CHECK_EQ(levels_of(*slide), std::string("96x48 48x24 24x12"));
  CHECK_EQ(slide->levels()[2].downsample, 4.0);
  CHECK_EQ(names_of(*slide), std::string("macro thumbnail"));
  CHECK_EQ(slide->mpp()->x, 0.25);
  CHECK_EQ(slide->mpp()->source, std::string("ventana"));
  CHECK_EQ(left_why(bif_file(plain_bif_tiles())), std::string(""));
}

TEST(what_programs_export_is_a_plain_pyramid) {
  const auto slide = open(bif_file(""));
  CHECK_EQ(slide->driver().name, std::string("ventana"));
  CHECK_EQ(levels_of(*slide), std::string("96x48 48x24 24x12"));
}

TEST(the_scan_has_properties_and_a_resolution) {
  const auto slide = open(bif_file(plain_bif_tiles(), "ScanRes='none' Label='a&amp;b' Empty=''"));
  CHECK(!slide->mpp().has_value());
  CHECK(warns(*slide, {"ScanRes is no finite number"}));
  bool found = false;
  for (const auto& [name, value] : slide->properties()) {
    found = found || (name == "ventana.Label" && value == "a&b");
    CHECK(name != "ventana.Empty");
  }
  CHECK(found);
}

TEST(what_would_be_read_wrong_is_left_to_openslide) {
  const BifArea whole{.columns = 6, .rows = 3, .joints = bif_joint("0", "0")};
  const auto of = [](const std::vector<BifArea>& areas, const char* origin = "0") {
    return left_why(bif_file(bif_tiles_xml(areas, origin)));
  };
  BifArea overlapping = whole, moved = whole, unknown = whole, fewer = whole, unscanned = whole;
  overlapping.joints += bif_joint("0", "3");
  moved.pos_x = "40";
  unknown.joints = "<TileJointInfo Direction='UP'/>";
  fewer.columns = 5;
  unscanned.scanned = 0;
  CHECK(of({overlapping}).find("overlap at 1 of 2 joints") != std::string::npos);
  CHECK(of({unknown}).find("overlap at 1 of 1 joints") != std::string::npos);
  CHECK(of({whole, whole}).find("2 scanned areas") != std::string::npos);
  CHECK(of({unscanned}).find("0 scanned areas") != std::string::npos);
  for (const BifArea& one : {moved, fewer})
    CHECK(of({one}).find("not the whole of the stored picture") != std::string::npos);
  CHECK(of({whole}, "16").find("not the whole of the stored picture") != std::string::npos);
  CHECK(left_why(bif_file(plain_bif_tiles(), "Z-layers='3'")).find("focal planes") != std::string::npos);
}

TEST(without_openslide_it_is_an_error_that_helps) {
  const auto file = bif_file(bif_tiles_xml({{.columns = 6, .rows = 3, .joints = bif_joint("2", "0")}}));
  try {
    (void)open(file);
    CHECK(false);
  } catch (const Error& error) {
    CHECK(error.code() == Code::UNSUPPORTED_PIXELS);
    CHECK(error.message().find("overlap") != std::string::npos);
    CHECK(error.advice().find("OpenSlide") != std::string::npos);
    CHECK_EQ(error.path(), std::string("memory.tif"));
  }
}

TEST(a_dialect_that_the_caller_chose_is_not_left) {
  const auto file = bif_file(bif_tiles_xml({{.columns = 6, .rows = 3, .joints = bif_joint("2", "0")}}));
  slide::OpenOptions options;
  options.driver = "ventana";
  CHECK_THROWS(UNSUPPORTED_PIXELS, (void)Slide::open(file.source(), options, stand_in_table()));
  options.driver = "generic";
  CHECK_EQ(Slide::open(file.source(), options, stand_in_table())->driver().name, std::string("generic"));
}

TEST_MAIN
