// What the file says of its pages: Aperio, QPTIFF, Philips, and plain names.
#include "slide/page_marks.h"

#include "slide/dialects/qptiff.h"
#include "test/check.h"
#include "test/support/pages.h"

using namespace microtome;
using namespace microtome::test;
using slide::Slide;

namespace {

std::string qptiff(const std::string& type) {
  return "<?xml version=\"1.0\" encoding=\"utf-8\"?><PerkinElmer-QPI-ImageDescription><DescriptionVersion>2"
         "</DescriptionVersion><AcquisitionSoftware>x</AcquisitionSoftware><ImageType>" +
         type + "</ImageType></PerkinElmer-QPI-ImageDescription>";
}

TiffDirectory qpi(TiffDirectory directory, const std::string& type) {
  return described(std::move(directory), qptiff(type));
}

}  // namespace

// As the GT 450 writes: no names, NewSubfileType 1 is the label and 9 the macro image; whatever their shape is, and
// whether they are in strips or tiles.
TEST(aperio_label_and_macro_without_names) {
  for (const bool tiled : {false, true}) {
    const auto image = [&](std::uint64_t width, std::uint64_t height) {
      return aperio_page(tiled ? tile_page(width, height) : strip_page(width, height), "400x300");
    };
    for (const bool fits : {false, true}) {
      const auto slide =
          open_pages({aperio_page(tile_page(400, 300), ""), aperio_page(strip_page(100, 75), ""),
                      aperio_page(tile_page(100, 75), ""), marked(fits ? image(200, 150) : image(60, 60), 1),
                      marked(fits ? image(80, 60) : image(90, 30), 9)});
      CHECK_EQ(levels_of(*slide), "400x300 100x75");
      CHECK_EQ(names_of(*slide), "thumbnail label macro");
      CHECK_EQ(warns(*slide, {"page-3: the shape fits a level, but NewSubfileType 1 marks Aperio's label"}),
               tiled && fits);
    }
  }
}

TEST(aperio_macro_larger_than_the_slide_is_not_the_slide) {
  const auto slide =
      open_pages({aperio_page(tile_page(100, 75), ""), marked(aperio_page(tile_page(300, 225), ""), 9),
                  marked(aperio_page(strip_page(200, 150), ""), 1), aperio_page(tile_page(400, 100), "macro 400x100")});
  CHECK_EQ(levels_of(*slide), "100x75");
  CHECK_EQ(names_of(*slide), "macro label macro-2");
  CHECK_EQ(slide->warnings().size(), 0u);
}

TEST(aperio_label_before_the_slide) {
  const auto slide =
      open_pages({marked(aperio_page(tile_page(500, 400), ""), 1), aperio_page(tile_page(400, 300), "|MPP = 0.25|"),
                  aperio_page(tile_page(100, 75), "")});
  CHECK_EQ(levels_of(*slide), "400x300 100x75");
  CHECK_EQ(names_of(*slide), "label");
  CHECK(slide->mpp() && slide->mpp()->x == 0.25 && slide->mpp()->source == "aperio");
}

// libvips keeps the description of an Aperio file and marks its own levels as Aperio marks a label.
TEST(levels_of_a_converted_aperio_file_stay_levels) {
  const auto page = [](std::uint64_t width, std::uint64_t height) {
    return marked(aperio_page(tile_page(width, height), "|MPP = 0.5|"), 1);
  };
  const TiffDirectory full = aperio_page(tile_page(64, 48), "|MPP = 0.5|");
  CHECK_EQ(levels_of(*open_pages({full, page(32, 24), page(16, 12)})), "64x48 32x24 16x12");
  CHECK_EQ(levels_of(*open_pages({aperio_page(tile_page(30, 22), ""), page(15, 11)})), "30x22 15x11");
  // One page that is no end of a pyramid is the label, and so are two where the second fits nothing.
  CHECK_EQ(names_of(*open_pages({full, page(32, 24)})), "label");
  CHECK_EQ(names_of(*open_pages({full, page(16, 12)})), "label");
  CHECK_EQ(names_of(*open_pages({full, page(32, 24), page(16, 5)})), "label label-2");
}

TEST(aperio_marks_are_not_asked_of_other_files) {
  CHECK_EQ(levels_of(*open_pages({tile_page(400, 300), marked(tile_page(100, 75), 1)})), "400x300 100x75");
  // 9 and other numbers that TIFF does not know are no level anywhere.
  const auto slide = open_pages({tile_page(400, 300), marked(tile_page(200, 150), 9), marked(tile_page(100, 75), 8)});
  CHECK_EQ(levels_of(*slide), "400x300");
  CHECK_EQ(names_of(*slide), "macro page-2");
}

TEST(qptiff_pages_are_what_their_image_type_says) {
  // The overview and the label have the shape of levels; the last level is in strips.
  const std::vector<TiffDirectory> pages = {qpi(tile_page(400, 300), "FullResolution"),
                                            qpi(strip_page(80, 60), "Thumbnail"),
                                            qpi(tile_page(200, 150), "ReducedResolution"),
                                            qpi(strip_page(100, 75), "ReducedResolution"),
                                            qpi(tile_page(40, 30), "Overview"),
                                            qpi(marked(tile_page(20, 15), 1), "Label")};
  const auto slide = open_pages(pages);
  CHECK_EQ(levels_of(*slide), "400x300 200x150 100x75");
  CHECK_EQ(names_of(*slide), "thumbnail overview label");
  CHECK_EQ(slide->warnings().size(), 0u);
  const auto turned = open_pages({pages[4], pages[1], pages[3], pages[2], pages[0], pages[5]});
  CHECK_EQ(levels_of(*turned), "400x300 200x150 100x75");
  CHECK_EQ(names_of(*turned), "overview thumbnail label");
  // An overview that is larger than a small scan.
  CHECK_EQ(levels_of(*open_pages({qpi(tile_page(100, 75), "FullResolution"), qpi(tile_page(200, 150), "Overview")})),
           "100x75");
}

TEST(qptiff_channels_are_refused) {
  try {
    (void)open_pages({qpi(grey_page(400, 300), "FullResolution"), qpi(grey_page(400, 300), "FullResolution"),
                      qpi(grey_page(200, 150), "ReducedResolution"), qpi(grey_page(200, 150), "ReducedResolution")});
    fail(__FILE__, __LINE__, "nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.code() == Code::UNSUPPORTED_PIXELS);
    CHECK(error.found().find("2 channels of a QPTIFF as grey pages") != std::string::npos);
  }
  CHECK_EQ(levels_of(*open_pages({qpi(grey_page(400, 300), "FullResolution")})), "400x300");
}

TEST(qptiff_texts) {
  CHECK_EQ(slide::qptiff_image_type(qptiff(" Overview ")), "Overview");
  CHECK_EQ(slide::qptiff_image_type("<ImageType>Overview</ImageType>"), "");
  CHECK_EQ(slide::qptiff_image_type("<PerkinElmer-QPI-ImageDescription><ImageType>Overview"), "");
  CHECK_EQ(slide::qptiff_image_type("<PerkinElmer-QPI-ImageDescription><!-- <ImageType>Label</ImageType> -->"), "");
  CHECK_EQ(slide::qptiff_image_type(""), "");
}

TEST(plain_names) {
  for (const char* text : {"label", " Label\n", "LABEL", "label image", "Label_Image"})
    CHECK_EQ(slide::plain_page_name(text), "label");
  CHECK_EQ(slide::plain_page_name("Macro"), "macro");
  CHECK_EQ(slide::plain_page_name("thumbnail"), "thumbnail");
  CHECK_EQ(slide::plain_page_name("Overview"), "overview");
  for (const char* text : {"", "labels", "label-free", "a label", "macro study 12", "label \xC3", "level=1"})
    CHECK_EQ(slide::plain_page_name(text), "");
  const auto slide = open_pages({tile_page(400, 300), described(tile_page(200, 150), "Label"),
                                 described(tile_page(100, 75), "MACRO"), described(tile_page(50, 37), "labels")});
  CHECK_EQ(levels_of(*slide), "400x300 50x37");
  CHECK_EQ(names_of(*slide), "label macro");
}

TEST(a_description_that_cannot_be_read_costs_no_level) {
  const auto slide =
      open_pages({tile_page(400, 300),
                  described(tile_page(200, 150), "a text of some length").claim_offset(tag::kDescription, 1u << 30)});
  CHECK_EQ(levels_of(*slide), "400x300 200x150");
  CHECK(warns(*slide, {"the description of page-1 is not read"}));
}

// The XML says which page the slide is. One without its end could say something else.
TEST(an_xml_longer_than_the_limit_is_refused) {
  slide::OpenOptions options;
  options.limits.metadata_bytes = 40;
  const std::string name(60, ' ');
  CHECK_THROWS(LIMIT_EXCEEDED,
               (void)Slide::open(TiffWriter().add(described(tile_page(40, 30), "<OME>" + name)).source(), options));
  CHECK_EQ(levels_of(*Slide::open(TiffWriter().add(described(tile_page(40, 30), "Aperio" + name)).source(), options)),
           "40x30");
}

TEST_MAIN
