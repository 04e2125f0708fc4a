// Which page belongs to which image of an OME-XML, and what follows for levels and resolution.
#include "slide/dialects/ome_images.h"

#include "test/check.h"
#include "test/support/pages.h"

using namespace microtome;
using namespace microtome::test;
using slide::Slide;

namespace {

// One Image of 3 samples a pixel.
std::string image(const std::string& name, std::uint64_t width, std::uint64_t height, double um,
                  const std::string& tiff_data, const std::string& more = "") {
  return "<Image ID=\"Image:0\" Name=\"" + name +
         "\"><Description>x</Description><Pixels DimensionOrder=\"XYCZT\" SizeX=\"" + std::to_string(width) +
         "\" SizeY=\"" + std::to_string(height) + "\" SizeC=\"3\" " + more + " PhysicalSizeX=\"" + std::to_string(um) +
         "\" PhysicalSizeY=\"" + std::to_string(um) + "\"><Channel SamplesPerPixel=\"3\"><LightPath/></Channel>" +
         tiff_data + "</Pixels></Image>";
}

std::string data(int ifd) { return "<TiffData IFD=\"" + std::to_string(ifd) + "\" PlaneCount=\"1\"/>"; }

std::string ome(const std::string& images) {
  return "<?xml version=\"1.0\"?><OME xmlns=\"x\" UUID=\"urn:uuid:1\">" + images + "</OME>";
}

TiffDirectory with_levels(TiffDirectory page, std::uint64_t width, std::uint64_t height) {
  return page.sub(marked(tile_page(width / 2, height / 2), 1)).sub(marked(tile_page(width / 4, height / 4), 1));
}

std::string owners_of(const std::string& xml, std::size_t pages, std::uint64_t samples = 1) {
  const auto images = slide::read_ome_images(xml);
  std::vector<slide::OmePage> chain(pages, {400, 300, samples});
  std::string text;
  for (const auto& owner : slide::ome_owners(images, chain)) text += owner ? std::to_string(*owner) : "-";
  return text;
}

}  // namespace

TEST(two_images_in_any_order_are_two_pictures) {
  const TiffDirectory large = with_levels(tile_page(400, 300), 400, 300);
  for (const bool with_subs : {false, true}) {
    const TiffDirectory other = with_subs ? with_levels(tile_page(200, 150), 200, 150) : tile_page(200, 150);
    const std::string names = with_subs ? " page-1-subifd-0 page-1-subifd-1" : "";
    // The images in either order in the XML, the pages in either order in the file.
    for (const bool xml_turned : {false, true}) {
      const std::string a = image("a", 400, 300, 0.25, data(0)), b = image("b", 200, 150, 8, data(1));
      const auto slide = open_pages({described(large, ome(xml_turned ? b + a : a + b)), other});
      CHECK_EQ(levels_of(*slide), "400x300 200x150 100x75");
      CHECK_EQ(slide->levels()[1].directory, 1u);
      CHECK_EQ(names_of(*slide), "page-1" + names);
      CHECK(slide->mpp() && slide->mpp()->x == 0.25 && slide->mpp()->source == "ome");
      CHECK(warns(*slide, {"the file has 2 OME images", xml_turned ? "image 1 (a)" : "image 0 (a)"}));

      const std::string c = image("a", 400, 300, 0.25, data(1)), d = image("b", 200, 150, 8, data(0));
      const auto turned = open_pages({described(other, ome(xml_turned ? d + c : c + d)), large});
      CHECK_EQ(levels_of(*turned), "400x300 200x150 100x75");
      CHECK(turned->mpp() && turned->mpp()->x == 0.25);
      CHECK(warns(*turned, {"the slide is page-1"}));
      CHECK(warns(*turned, {"the file has 2 OME images"}));
    }
  }
}

TEST(pages_of_another_image_are_no_levels_whatever_their_marks_are) {
  const std::string xml = ome(image("a", 400, 300, 0.5, data(0)) + image("b", 200, 150, 1, data(2)));
  const auto slide = open_pages(
      {described(tile_page(400, 300), xml), tile_page(100, 75), marked(tile_page(200, 150), 1), tile_page(50, 37)});
  // Pages that no TiffData names are levels by their shape, as before.
  CHECK_EQ(levels_of(*slide), "400x300 100x75 50x37");
  CHECK_EQ(names_of(*slide), "page-2");
  CHECK(warns(*slide, {"page-2: the shape fits a level, but it belongs to another OME image"}));
}

TEST(one_image_with_a_pyramid_of_pages) {
  for (const std::string& tiff_data :
       {data(0), std::string("<TiffData/>"), std::string(), std::string("<TiffData IFD=\"0\"/>"),
        std::string("<TiffData PlaneCount=\"5\"/>")}) {
    const auto slide = open_pages({described(tile_page(400, 300), ome(image("a", 400, 300, 0.5, tiff_data))),
                                   marked(tile_page(200, 150), 1), marked(tile_page(100, 75), 1)});
    CHECK_EQ(levels_of(*slide), "400x300 200x150 100x75");
    CHECK(slide->mpp() && slide->mpp()->x == 0.5);
    CHECK_EQ(slide->warnings().size(), 0u);
  }
}

TEST(labels_and_macros_by_the_name_of_their_image) {
  const std::string xml = ome(image("macro image", 500, 400, 8, data(0)) + image("Label", 200, 150, 8, data(1)) +
                              image("slide.svs", 400, 300, 0.25, data(2)));
  const auto slide = open_pages({described(tile_page(500, 400), xml), tile_page(200, 150), tile_page(400, 300)});
  CHECK_EQ(levels_of(*slide), "400x300");
  CHECK_EQ(names_of(*slide), "macro label");
  CHECK(slide->mpp() && slide->mpp()->x == 0.25);
}

TEST(the_resolution_is_that_of_the_image_of_the_page) {
  // An image in another file of the set takes no page of this one.
  const std::string elsewhere =
      "<TiffData IFD=\"0\" PlaneCount=\"1\"><UUID FileName=\"other.ome.tif\">urn:uuid:2</UUID></TiffData>";
  const std::string here =
      "<TiffData IFD=\"0\" PlaneCount=\"1\"><UUID FileName=\"this.ome.tif\">urn:uuid:1</UUID></TiffData>";
  const auto slide = open_pages(
      {described(tile_page(400, 300), ome(image("a", 400, 300, 7, elsewhere) + image("b", 400, 300, 0.25, here)))});
  CHECK(slide->mpp() && slide->mpp()->x == 0.25);
  // No TiffData: the image of the page's size.
  const auto bare =
      open_pages({described(tile_page(400, 300), ome(image("a", 200, 150, 7, "") + image("b", 400, 300, 0.25, "")))});
  CHECK(bare->mpp() && bare->mpp()->x == 0.25);
  // None is about the page: what the tags say, here nothing.
  const auto none =
      open_pages({described(tile_page(400, 300), ome(image("a", 9, 9, 7, data(3)) + image("b", 8, 8, 2, data(4))))});
  CHECK(!none->mpp());
  CHECK(warns(*none, {"the file has 2 OME images; the slide is none of them"}));
}

TEST(a_size_that_contradicts_the_page_is_told_of) {
  const auto slide = open_pages({described(tile_page(400, 300), ome(image("a", 4000, 3000, 0.25, data(0))))});
  CHECK_EQ(levels_of(*slide), "400x300");
  CHECK(warns(*slide, {"image 0 (a) 4000 x 3000 pixels", "page-0 has 400 x 300"}));
}

TEST(focal_planes_are_no_levels_and_are_told_of) {
  const auto slide = open_pages(
      {described(tile_page(400, 300), ome(image("a", 400, 300, 0.5, "<TiffData/>", "SizeZ=\"2\" SizeT=\"1\""))),
       tile_page(400, 300)});
  CHECK_EQ(levels_of(*slide), "400x300");
  CHECK_EQ(names_of(*slide), "page-1");
  CHECK(warns(*slide, {"2 focal planes and 1 time points; only page-0 is read"}));
}

TEST(tiff_data_gives_pages_to_images) {
  const auto xml = [](const std::string& pixels) { return "<OME>" + pixels + "</OME>"; };
  const std::string five = "<Image><Pixels SizeX='400' SizeY='300' SizeC='5'>";
  CHECK_EQ(owners_of(xml(five + "<TiffData/></Pixels></Image>"), 8), "00000---");
  CHECK_EQ(owners_of(xml(five + "<TiffData IFD='2'/></Pixels></Image>"), 8), "--0-----");
  CHECK_EQ(owners_of(xml(five + "<TiffData IFD='2' PlaneCount='3'/></Pixels></Image>"), 8), "--000---");
  CHECK_EQ(owners_of(xml(five + "<TiffData IFD='6' PlaneCount='5'/></Pixels></Image>"), 8), "------00");
  CHECK_EQ(owners_of(xml(five + "<TiffData IFD='18446744073709551615' PlaneCount='5'/></Pixels></Image>"), 8),
           "--------");
  CHECK_EQ(owners_of(xml(five + "</Pixels></Image>"), 8), "00000---");
  CHECK_EQ(owners_of(xml(five + "<TiffData IFD='-1'/></Pixels></Image>"), 8), "00000---");
  // Each page once, the first that names it has it; three samples a pixel are one plane.
  CHECK_EQ(owners_of(xml(five + "<TiffData IFD='1' PlaneCount='2'/></Pixels></Image>" + five +
                         "<TiffData IFD='0' PlaneCount='5'/></Pixels></Image>"),
                     8),
           "10011---");
  CHECK_EQ(owners_of(xml(five + "<TiffData/></Pixels></Image>"), 8, 3), "00------");
  CHECK_EQ(owners_of(xml("<Image Name='a'/>" + five + "<TiffData IFD='3'/></Pixels></Image>"), 5), "---1-");
  CHECK_EQ(owners_of("", 2), "--");
  CHECK_EQ(owners_of("<OME><Pixels><TiffData IFD='1'/>", 2), "-0");  // cut off
}

TEST(channels_have_pages_by_the_order_of_the_dimensions) {
  const auto page = [](const std::string& order, const std::string& tiff_data, std::uint64_t c) {
    // The images are views of this text.
    const std::string xml = "<OME><Image><Pixels DimensionOrder='" + order + "' SizeC='3' SizeZ='2' SizeT='1'>" +
                            tiff_data + "</Pixels></Image></OME>";
    const auto images = slide::read_ome_images(xml);
    const auto found = slide::ome_channel_page(images.at(0), 10, c);
    return found ? static_cast<int>(*found) : -1;
  };
  CHECK_EQ(page("XYCZT", "<TiffData/>", 2), 2);
  CHECK_EQ(page("XYZCT", "<TiffData/>", 2), 4);
  CHECK_EQ(page("XYZCT", "", 2), 14);
  CHECK_EQ(page("XYCZT", "<TiffData IFD='5' FirstC='1'/><TiffData IFD='7' FirstC='2'/>", 1), 5);
  CHECK_EQ(page("XYCZT", "<TiffData IFD='5' FirstC='1'/><TiffData IFD='7' FirstC='2'/>", 2), 7);
  CHECK_EQ(page("XYCZT", "<TiffData IFD='5' FirstC='1'/><TiffData IFD='7' FirstC='2'/>", 0), -1);
  CHECK_EQ(page("XYCZT", "<TiffData IFD='4' FirstC='1' PlaneCount='2'/>", 2), 5);
  CHECK_EQ(page("XYCZT", "<TiffData/>", 3), -1);
}

// Time is linear in the length of the text (a quadratic reader would take hours here), and memory has a bound.
TEST(hostile_texts_end_soon) {
  const auto repeat = [](const std::string& part, std::size_t count) {
    std::string text = "<OME>";
    for (std::size_t i = 0; i < count; ++i) text += part;
    return text;
  };
  for (const std::string& bomb :
       {repeat("<Image>", 60000), repeat("<Image><Pixels><TiffData PlaneCount=\"99999999\"/></Pixels></Image>", 60000),
        repeat("<a ", 100000), repeat("<!--", 100000), repeat("&a;", 100000), repeat("<Image Name='", 100000),
        "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>" + repeat("<Image Name=\"&b;\"/>", 50000)})
    CHECK_EQ(levels_of(*open_pages({described(tile_page(40, 30), bomb), tile_page(20, 15)})).substr(0, 5), "40x30");
  CHECK_THROWS(LIMIT_EXCEEDED, (void)slide::read_ome_images(repeat("<Image/>", 70000)));
  CHECK_THROWS(LIMIT_EXCEEDED, (void)slide::read_ome_images(repeat("<Pixels/><Channel/><Channel/>", 70000)));
  CHECK_THROWS(LIMIT_EXCEEDED, (void)slide::read_ome_images("<Pixels>" + repeat("<TiffData/>", 300000)));
}

TEST_MAIN
