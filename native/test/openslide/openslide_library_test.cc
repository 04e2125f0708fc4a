// Which libraries are taken, what is said of others, and which files are brought to OpenSlide. The test begins without
// a library: one that is in use stays.
#include "openslide/openslide_library.h"

#include "openslide/vendor_marks.h"
#include "test/openslide/openslide_support.h"
#include "test/support/memory_source.h"

namespace {

using namespace microtome;
using namespace microtome::test;
using openslide::library;
using openslide::set_library_path;

std::string dicom() { return std::string(128, '\0') + "DICM" + std::string(100, '\0'); }

std::optional<openslide::VendorMark> mark_of(const std::string& name, const std::string& bytes) {
  const MemorySource source({bytes.begin(), bytes.end()}, name);
  return openslide::vendor_mark(source);
}

TEST(without_the_library_a_slide_of_a_scanner_says_what_to_install) {
  const Folder folder;
  const std::string path = folder.put("a.dcm", dicom());
  const Error error = error_of([&] { (void)open_slide(path); });
  CHECK(error.code() == Code::DRIVER_MISSING);
  CHECK_EQ(error.path(), path);
  CHECK(has(error.found(), "a DICOM file, which OpenSlide reads"));
  CHECK(has(error.advice(), "pip install openslide-bin"));
  CHECK(!openslide::library_report().loaded);
}

TEST(without_the_library_other_files_are_refused_as_before) {
  const Folder folder;
  const Error error = error_of([&] { (void)open_slide(folder.put("a.txt", "hello, this is no slide")); });
  CHECK(error.code() == Code::NOT_A_SLIDE);
  CHECK(!has(error.message(), "OpenSlide"));
}

TEST(what_is_no_openslide_of_version_4_is_named_with_its_reason) {
  const Folder folder;
  const std::string text = folder.put("libopenslide.so.1", "hello");
  const auto said = [](const std::string& path) { return error_of([&] { (void)openslide::Api::load(path); }); };
  CHECK(said(text).code() == Code::DRIVER_MISSING);
  CHECK(has(said(text).found(), text));
  CHECK(said("/nonexistent/libopenslide.so.1").code() == Code::DRIVER_MISSING);
  CHECK(said(kOldFake).code() == Code::DRIVER_MISSING);
  CHECK(has(said(kOldFake).found(), "is OpenSlide 3.4.1, version 4 or newer is needed"));
  CHECK(said(kBareFake).code() == Code::DRIVER_MISSING);
  CHECK(has(said(kBareFake).found(), "without the function openslide_detect_vendor"));
}

TEST(one_that_cannot_be_used_is_replaced_and_one_that_is_used_stays) {
  set_library_path(kOldFake);
  CHECK(error_of([] { (void)library(); }).code() == Code::DRIVER_MISSING);
  CHECK(has(openslide::library_report().error, "3.4.1"));
  CHECK_EQ(openslide::library_report().path, kOldFake);
  set_library_path(kFake);
  CHECK_EQ(library().version, "4.0.1");
  const Error error = error_of([] { set_library_path(kOldFake); });
  CHECK(error.code() == Code::INVALID_OPTION);
  CHECK(has(error.found(), kOldFake + ", but this process uses " + kFake + " already"));
  set_library_path(kFake);
  CHECK_EQ(library().path, kFake);
  CHECK(openslide::library_report().loaded);
  CHECK(openslide::library_report().is_private);
}

TEST(a_file_that_looks_right_and_is_no_slide_is_refused) {
  const Folder folder;
  fake().unknown = true;
  const Error error = error_of([&] { (void)open_slide(folder.put("a.dcm", dicom())); });
  fake().unknown = false;
  CHECK(error.code() == Code::NOT_A_SLIDE);
  CHECK(has(error.found(), "OpenSlide 4.0.1 knows no slide in it"));
}

TEST(bytes_that_are_no_file_are_refused_by_name) {
  const std::string bytes = dicom();
  const auto source = std::make_shared<MemorySource>(std::vector<std::uint8_t>(bytes.begin(), bytes.end()),
                                                     "https://example.org/a.dcm");
  const Error error =
      error_of([&] { (void)slide::Slide::open(source, {}, {.others = {openslide::openslide_driver()}}); });
  CHECK(error.code() == Code::NOT_A_SLIDE);
  CHECK_EQ(error.path(), "https://example.org/a.dcm");
  CHECK(has(error.found(), "files of this machine only"));
}

TEST(files_are_known_by_their_first_bytes_or_their_name) {
  CHECK(mark_of("no-ending", dicom()).has_value());
  CHECK(mark_of("/a/b.MRXS", "anything").has_value());
  CHECK(mark_of("/a/b.mrxs", "").has_value());
  CHECK(mark_of("a.svslide", "SQLite format 3").has_value());
  CHECK(mark_of("a", "ZISRAWFILE and more").has_value());
  CHECK(mark_of("a", "[Virtual Microscope Specimen]\nNoLayers=1\n").has_value());
  CHECK(mark_of("a.vmu", "[Uncompressed").has_value());
  CHECK_EQ(mark_of("a.dcm", dicom())->why, "it has \"DICM\" at byte 128");
  CHECK_EQ(mark_of("a.mrxs", "")->why, "its name ends in .mrxs");
}

TEST(other_files_are_not_brought_to_openslide) {
  CHECK(!mark_of("a.sqlite", "SQLite format 3").has_value());
  CHECK(!mark_of("/folder.mrxs/a.txt", "hello").has_value());
  CHECK(!mark_of("a.mrxs.txt", "hello").has_value());
  CHECK(!mark_of("a.jpg", "\xFF\xD8\xFF").has_value());
  CHECK(!mark_of("a", std::string(127, '\0') + "DICM").has_value());
  CHECK(!mark_of("a", "").has_value());
}

}  // namespace

TEST_MAIN
