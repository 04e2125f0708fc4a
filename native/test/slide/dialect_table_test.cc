// The table of drivers: a new dialect of TIFF is one file and one line, the order of the lines counts, and the one that
// the caller names is the one that reads.
#include "slide/driver.h"
#include "test/check.h"
#include "test/support/made_up_dialect.h"
#include "test/support/pages.h"
#include "test/support/scanner_tiffs.h"

namespace microtome::slide {
#define MICROTOME_DIALECT(name) const TiffDialect& name##_dialect();
#include "slide/dialects/dialects.def"
#undef MICROTOME_DIALECT
}  // namespace microtome::slide

namespace {

using namespace microtome;
using namespace microtome::test;
using namespace microtome::slide;

// The table as slide/dialects/dialects.cc makes it, and the line of one more dialect.
DriverTable table_with_made_up() {
  DriverTable table;
  table.dialects = {
#define MICROTOME_DIALECT(name) &name##_dialect(),
      MICROTOME_DIALECT(made_up)
#include "slide/dialects/dialects.def"
#undef MICROTOME_DIALECT
  };
  return table;
}

TiffWriter made_up_file() {
  TiffWriter file;
  file.add(described(tile_page(64, 48), "made up 1")).add(tile_page(32, 24)).add(described(tile_page(32, 24), "glass"));
  return file;
}

}  // namespace

TEST(a_dialect_is_one_file_and_one_line) {
  const auto slide = Slide::open(made_up_file().source(), {}, table_with_made_up());
  CHECK_EQ(slide->driver().name, std::string("made-up"));
  CHECK_EQ(slide->driver().why, std::string("the description begins with \"made up\""));
  CHECK_EQ(levels_of(*slide), std::string("64x48 32x24"));
  CHECK_EQ(test::names_of(*slide), std::string("macro"));
  CHECK_EQ(slide->mpp()->y, 0.25);
  CHECK_EQ(slide->mpp()->source, std::string("made up"));
  bool found = false;
  for (const auto& [name, value] : slide->properties())
    found = found || (name == "made-up.text" && value == "made up 1");
  CHECK(found);
}

TEST(without_its_line_it_is_any_tiff) {
  const auto slide = Slide::open(made_up_file().source());
  CHECK_EQ(slide->driver().name, std::string("generic"));
  CHECK(!slide->mpp().has_value());
}

TEST(other_files_are_read_as_before) {
  const auto table = table_with_made_up();
  CHECK_EQ(Slide::open(usual_scn().source(), {}, table)->driver().name, std::string("leica"));
  CHECK_EQ(Slide::open(TiffWriter().add(tile_page(64, 48)).source(), {}, table)->driver().name, std::string("generic"));
}

TEST(the_caller_may_name_it) {
  OpenOptions options;
  options.driver = "made-up";
  const auto table = table_with_made_up();
  CHECK_EQ(Slide::open(made_up_file().source(), options, table)->driver().name, std::string("made-up"));
  CHECK_THROWS(NOT_A_SLIDE, (void)Slide::open(usual_scn().source(), options, table));
  CHECK_THROWS(INVALID_OPTION, (void)Slide::open(made_up_file().source(), options));
  options.driver = "nobody";
  try {
    (void)Slide::open(made_up_file().source(), options, table);
    CHECK(false);
  } catch (const Error& error) {
    CHECK(error.message().find("made-up") != std::string::npos);
    CHECK(error.message().find("leica") != std::string::npos);
  }
}

TEST_MAIN
