// Red, green and blue as grey pages of their own.
#include "slide/colour_planes.h"

#include "test/check.h"
#include "test/support/pages.h"

using namespace microtome;
using namespace microtome::test;
using slide::Slide;

namespace {

std::string ome(const std::vector<std::string>& channels, const std::string& tiff_data) {
  std::string text = "<OME><Image ID=\"Image:0\"><Pixels DimensionOrder=\"XYCZT\" SizeX=\"40\" SizeY=\"30\" SizeC=\"" +
                     std::to_string(channels.size()) + "\" SizeZ=\"1\" SizeT=\"1\">";
  for (const auto& name : channels) text += "<Channel SamplesPerPixel=\"1\" Name=\"" + name + "\"/>";
  return text + tiff_data + "</Pixels></Image></OME>";
}

// One stored tile's worth of `value` for every tile.
TiffDirectory plane(std::uint64_t width, std::uint64_t height, std::uint8_t value) {
  return grey_page(width, height)
      .tiles(std::vector<Bytes>(((width + 15) / 16) * ((height + 15) / 16), Bytes(256, value)));
}

std::vector<TiffDirectory> three(const std::string& description, bool with_levels = true) {
  std::vector<TiffDirectory> pages;
  for (int c = 0; c < 3; ++c) {
    pages.push_back(plane(40, 30, static_cast<std::uint8_t>(10 + c)));
    if (with_levels) pages.back().sub(marked(plane(20, 15, static_cast<std::uint8_t>(20 + c)), 1));
  }
  pages[0] = described(pages[0], description);
  return pages;
}

std::string planes_at(const Slide& slide, int level) {
  const auto& found = slide.levels()[static_cast<std::size_t>(level)];
  std::string text;
  for (int c = 0; c < 3; ++c) {
    const auto tile = slide.stored_tile(found.directory, 1, 0, c);
    Bytes bytes(1);
    slide.source().read(tile.offset, bytes);
    text += (text.empty() ? "" : " ") + std::to_string(bytes[0]);
  }
  return text;
}

void check_refused(std::vector<TiffDirectory> pages, const std::string& part) {
  try {
    (void)open_pages(std::move(pages));
    fail(__FILE__, __LINE__, "nothing was thrown, expected " + part);
  } catch (const Error& error) {
    CHECK(error.code() == Code::UNSUPPORTED_PIXELS);
    if (error.found().find(part) == std::string::npos) fail(__FILE__, __LINE__, error.found());
  }
}

}  // namespace

TEST(red_green_and_blue_pages_are_one_picture) {
  const auto slide = open_pages(three(ome({"Red", "Green", "Blue"}, "<TiffData IFD=\"0\" PlaneCount=\"3\"/>")));
  CHECK_EQ(levels_of(*slide), "40x30 20x15");
  CHECK_EQ(names_of(*slide), "");
  CHECK_EQ(slide->warnings().size(), 0u);
  for (const auto& level : slide->levels()) {
    CHECK(level.storage.planar);
    CHECK_EQ(level.storage.samples, 3);
    CHECK(level.storage.photometric == slide::Photometric::Rgb);
  }
  CHECK_EQ(planes_at(*slide, 0), "10 11 12");
  CHECK_EQ(planes_at(*slide, 1), "20 21 22");
  CHECK_THROWS(INTERNAL, (void)slide->stored_tile(slide->levels()[0].directory, 0, 0, 3));
}

TEST(planes_are_taken_by_name_and_tiff_data_not_by_place) {
  CHECK_EQ(planes_at(*open_pages(three(ome({"B", "r", "g"}, "<TiffData/>"))), 0), "11 12 10");
  CHECK_EQ(planes_at(*open_pages(three(ome({"B", "r", "g"}, "<TiffData/>"))), 1), "21 22 20");
  CHECK_EQ(planes_at(*open_pages(three(ome({"red", "green", "blue"},
                                           "<TiffData IFD=\"2\" FirstC=\"0\"/><TiffData IFD=\"0\" FirstC=\"1\"/>"
                                           "<TiffData IFD=\"1\" FirstC=\"2\"/>"))),
                     0),
           "12 10 11");
  CHECK_EQ(planes_at(*open_pages(three(ome({"red", "green", "blue"}, ""))), 0), "10 11 12");
}

TEST(reduced_planes_that_do_not_match_are_left_out_with_a_word) {
  auto pages = three(ome({"Red", "Green", "Blue"}, "<TiffData/>"), false);
  pages[0].sub(marked(plane(20, 15, 1), 1));
  pages[1].sub(marked(plane(20, 15, 1), 1));
  const auto slide = open_pages(pages);
  CHECK_EQ(levels_of(*slide), "40x30");
  CHECK(warns(*slide, {"subifd-0: the shape fits a level", "is grey and the slide has colours"}));
}

TEST(channels_that_are_no_colours_are_refused_by_their_layout) {
  const std::string data = "<TiffData IFD=\"0\" PlaneCount=\"3\"/>";
  check_refused(three(ome({"DAPI", "FITC", "TRITC"}, data)),
                "the 3 channels of an OME image (DAPI, FITC, TRITC) as grey");
  check_refused(three(ome({"", "", ""}, data)), "the 3 channels of an OME image as grey pages of their own");
  check_refused(three(ome({"Red", "Green", "Red"}, data)), "(Red, Green, Red)");
  check_refused(three(ome({"Red", "Green"}, "<TiffData/>")), "the 2 channels");
  check_refused(three(ome({"Red", "Green", "Blue", "DAPI"}, "<TiffData/>")), "the 4 channels");
  // A plane that the file does not have, or that two channels share.
  check_refused(three(ome({"Red", "Green", "Blue"}, "<TiffData IFD=\"0\" PlaneCount=\"2\"/>")), "the 3 channels");
  check_refused(
      three("<OME><Image><Pixels DimensionOrder=\"XY\" SizeX=\"40\" SizeY=\"30\" SizeC=\"3\"><Channel "
            "Name=\"Red\"/><Channel Name=\"Green\"/><Channel Name=\"Blue\"/><TiffData/></Pixels></Image></OME>"),
      "do not match");
}

TEST(planes_that_differ_or_cannot_be_joined_are_refused) {
  const std::string text = ome({"Red", "Green", "Blue"}, "<TiffData/>");
  auto sizes = three(text, false);
  sizes[2] = plane(40, 29, 1);
  check_refused(sizes, "do not match in size or storage");
  auto bits = three(text, false);
  bits[1] = tiff_image(40, 30, 16, 1, 16);
  check_refused(bits, "do not match in size or storage");
  auto white = three(text, false);
  for (auto& page : white) page.set(tag::kPhotometric, {0});
  check_refused(white, "do not match in size or storage");
  auto jpeg = three(text, false);
  for (auto& page : jpeg) page.set(tag::kCompression, {7});
  check_refused(jpeg, "with jpeg compression");
}

TEST(imagej_channels_are_refused) {
  check_refused(three("ImageJ=1.53\nimages=3\nchannels=3\nmode=composite\n"), "the 3 channels of an ImageJ stack");
  CHECK_EQ(levels_of(*open_pages(three("ImageJ=1.53\nimages=3\nslices=3\n"))), "40x30 20x15");
}

TEST(one_page_of_colours_is_no_plane) {
  const auto slide = open_pages({described(tile_page(40, 30), ome({"Red", "Green", "Blue"}, "<TiffData/>"))});
  CHECK_EQ(levels_of(*slide), "40x30");
  CHECK(!slide->levels()[0].storage.planar);
  CHECK_EQ(levels_of(*open_pages({described(grey_page(40, 30), ome({"DAPI"}, "<TiffData/>"))})), "40x30");
}

TEST_MAIN
