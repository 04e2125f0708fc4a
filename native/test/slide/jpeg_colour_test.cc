// What the first bytes of a JPEG say of its colours, and the warning that a slide gets of it.
#include "slide/jpeg_colour.h"

#include "slide/slide.h"
#include "test/check.h"
#include "test/support/tiff_writer.h"

namespace {

using namespace microtome;
using namespace microtome::test;
using slide::says_ycbcr;
using slide::Slide;

const Bytes kSoi{0xFF, 0xD8};
const Bytes kJfif{0xFF, 0xE0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0};
const Bytes kFrame{0xFF, 0xC0, 0, 17, 8, 0, 16, 0, 16, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0};

Bytes adobe(std::uint8_t transform) {
  return {0xFF, 0xEE, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, transform};
}

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::string said(const Bytes& head) {
  const char* marker = says_ycbcr(head);
  return marker == nullptr ? "" : marker;
}

TEST(markers_that_say_ycbcr) {
  CHECK_EQ(said(kSoi + kJfif + kFrame), "a JFIF marker");
  CHECK_EQ(said(kSoi + Bytes{0xFF} + kJfif + kFrame), "a JFIF marker");  // a fill byte
  CHECK_EQ(said(kSoi + adobe(1) + kFrame), "an Adobe marker");
  CHECK_EQ(said(kSoi + adobe(0) + kJfif), "a JFIF marker");
  CHECK_EQ(said(kSoi + adobe(0) + kFrame), "");
  CHECK_EQ(said(kSoi + adobe(2) + kFrame), "");
  CHECK_EQ(said(kSoi + kFrame), "");
  CHECK_EQ(said(kSoi + kFrame + kJfif), "");  // markers of colours come before the frame
  CHECK_EQ(said(Bytes{0xFF, 0xE0, 0, 7, 'E', 'x', 'i', 'f', 0}), "");
}

TEST(no_prefix_is_read_beyond) {
  const Bytes whole = kSoi + adobe(1) + Bytes{0xFF, 0xE1, 0, 4, 1, 2} + kJfif;
  for (std::size_t size = 0; size < whole.size(); ++size)
    (void)said(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
  CHECK_EQ(said({}), "");
  CHECK_EQ(said(kSoi + Bytes{0xFF, 0xE0, 0, 1}), "");
  CHECK_EQ(said(Bytes{'R', 'I', 'F', 'F'}), "");
}

std::vector<std::string> warnings_of(std::uint64_t compression, std::uint64_t photometric, std::vector<Bytes> tiles) {
  TiffWriter file;
  file.add(tiff_image(32, 16, 16)
               .set(tag::kCompression, {compression})
               .set(tag::kPhotometric, {photometric})
               .tiles(std::move(tiles)));
  return Slide::open(file.source())->warnings();
}

TEST(a_slide_warns_where_tag_and_markers_disagree) {
  const Bytes tile = kSoi + kJfif + kFrame;
  const auto warnings = warnings_of(7, 2, {tile, tile});
  CHECK_EQ(warnings.size(), 1u);
  if (!warnings.empty()) CHECK(warnings.front().find("photometric tag says RGB, a JFIF marker") != std::string::npos);
  CHECK_EQ(warnings_of(7, 2, {{}, tile}).size(), 1u);  // the first tile that is there
  CHECK(warnings_of(7, 2, {{}, {}}).empty());
  CHECK(warnings_of(7, 2, {kSoi + kFrame, kSoi + kFrame}).empty());
  CHECK(warnings_of(7, 6, {tile, tile}).empty());
  CHECK(warnings_of(8, 2, {tile, tile}).empty());
}

}  // namespace

TEST_MAIN
