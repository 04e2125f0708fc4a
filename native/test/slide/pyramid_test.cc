// Which pages are levels, which are associated images, and what those are called.
#include "slide/pyramid.h"

#include "slide/aperio.h"
#include "slide/slide.h"
#include "test/check.h"
#include "test/support/tiff_writer.h"

using namespace microtome;
using namespace microtome::test;
using slide::is_reduction;
using slide::Slide;

namespace {

std::string levels_of(const Slide& slide) {
  std::string text;
  for (const auto& level : slide.levels())
    text += (text.empty() ? "" : " ") + std::to_string(level.storage.width_px) + "x" +
            std::to_string(level.storage.height_px);
  return text;
}

std::string names_of(const Slide& slide) {
  std::string text;
  for (const auto& image : slide.associated()) text += (text.empty() ? "" : " ") + image.name;
  return text;
}

std::shared_ptr<const Slide> open(std::vector<TiffDirectory> pages) {
  TiffWriter file;
  for (auto& page : pages) file.add(std::move(page));
  return Slide::open(file.source());
}

TiffDirectory strips(std::uint64_t width, std::uint64_t height) { return tiff_image(width, height, 0); }
TiffDirectory tiles(std::uint64_t width, std::uint64_t height) { return tiff_image(width, height, 16); }
TiffDirectory marked(TiffDirectory directory, std::uint64_t subfile) {
  return directory.set(tag::kNewSubfileType, {subfile});
}
TiffDirectory aperio(TiffDirectory directory, const std::string& rest) {
  return directory.text(tag::kDescription, "Aperio Image Library v11\r\n" + rest);
}

}  // namespace

TEST(reductions_are_within_one_pixel_of_some_factor) {
  CHECK(is_reduction({2220, 2967}, {1110, 1483}));  // halves, floored
  CHECK(is_reduction({2220, 2967}, {1110, 1484}));  // rounded up
  CHECK(is_reduction({277, 370}, {138, 185}));
  CHECK(is_reduction({5120, 5120}, {2048, 2048}));  // any factor
  CHECK(is_reduction({402688, 177664}, {196, 86}));
  CHECK(is_reduction({46000, 32914}, {11500, 8228}));
  CHECK(is_reduction({64, 1}, {32, 1}));  // a side of one pixel stays
  CHECK(is_reduction({0x7FFFFFFF, 0x7FFFFFFF}, {0x3FFFFFFF, 0x3FFFFFFF}));
  CHECK(!is_reduction({100, 100}, {100, 100}));
  CHECK(!is_reduction({100, 100}, {200, 200}));
  CHECK(!is_reduction({100, 100}, {50, 100}));  // not strictly smaller
  CHECK(!is_reduction({100, 100}, {101, 50}));
  CHECK(!is_reduction({1000, 1000}, {500, 497}));   // 3 pixels off
  CHECK(is_reduction({1000, 1000}, {500, 498}));    // 499 +- 1 fits both
  CHECK(!is_reduction({2220, 2967}, {387, 463}));   // a label
  CHECK(!is_reduction({2220, 2967}, {1280, 431}));  // a macro image
  CHECK(!is_reduction({0x7FFFFFFF, 0x7FFFFFFF}, {0x3FFFFFFF, 0x3FFFFFF0}));
}

TEST(pages_form_a_pyramid_in_any_order) {
  CHECK_EQ(levels_of(*open({tiles(400, 300), tiles(100, 75), tiles(200, 150), tiles(50, 37)})),
           "400x300 200x150 100x75 50x37");
  TiffWriter file;
  file.add(tiles(400, 300).sub(tiles(100, 75)).sub(tiles(200, 150)));
  const auto slide = Slide::open(file.source());
  CHECK_EQ(levels_of(*slide), "400x300 200x150 100x75");
  // The table behind a level is the one of its own page.
  CHECK_EQ(slide->levels()[1].directory, 2u);
  CHECK_EQ(slide->levels()[1].index, 1);
  CHECK(std::abs(slide->levels()[1].downsample - 2) < 1e-12);
}

TEST(downsample_is_the_mean_of_both_sides) {
  const auto slide = open({tiles(2220, 2967), tiles(1110, 1483)});
  CHECK(std::abs(slide->levels()[1].downsample - (2.0 + 2967.0 / 1483.0) / 2) < 1e-12);
  CHECK_EQ(slide->levels()[0].downsample, 1.0);
}

TEST(the_aspect_is_compared_with_the_level_before) {
  // 100x60 has another aspect; what comes after it is compared with 200x150.
  const auto slide = open({tiles(400, 300), tiles(200, 150), tiles(100, 60), tiles(50, 37)});
  CHECK_EQ(levels_of(*slide), "400x300 200x150 50x37");
}

TEST(strips_are_levels_only_when_marked) {
  const auto slide = open({tiles(400, 300), strips(200, 150), marked(strips(100, 75), 1)});
  CHECK_EQ(levels_of(*slide), "400x300 100x75");
  CHECK_EQ(names_of(*slide), "page-1");
  TiffDirectory old = strips(200, 150).set(255, {2});  // SubfileType, before there was a NewSubfileType
  CHECK_EQ(levels_of(*open({strips(400, 300), old})), "400x300 200x150");
}

TEST(masks_are_never_levels) {
  const auto slide = open({tiles(400, 300), marked(tiles(400, 300), 4), tiles(200, 150), marked(tiles(200, 150), 5)});
  CHECK_EQ(levels_of(*slide), "400x300 200x150");
  CHECK_EQ(names_of(*slide), "mask mask-2");
}

TEST(of_equal_sizes_the_first_is_the_level) {
  const auto slide = open({tiles(400, 300), tiles(400, 300), tiles(200, 150), tiles(200, 150)});
  CHECK_EQ(levels_of(*slide), "400x300 200x150");
  CHECK_EQ(slide->levels()[1].directory, 2u);
  CHECK_EQ(names_of(*slide), "page-1 page-3");
}

TEST(a_level_whose_pixels_are_refused_is_left_out_with_a_warning) {
  const auto slide = open({tiles(400, 300), tiles(200, 150).set(tag::kCompression, {32773}), tiles(100, 75)});
  CHECK_EQ(levels_of(*slide), "400x300 100x75");
  CHECK_EQ(slide->warnings().size(), 1u);
  CHECK(slide->warnings()[0].find("PackBits") != std::string::npos);
  CHECK_EQ(slide->associated().size(), 1u);
  CHECK(!slide->associated()[0].storage);
  CHECK(slide->associated()[0].refusal.find("PackBits") != std::string::npos);
  CHECK_EQ(slide->associated()[0].width_px, 200);
  CHECK_THROWS(INTERNAL, (void)slide->stored_tile(slide->associated()[0].directory, 0, 0, 0));
}

TEST(page_0_decides) {
  CHECK_THROWS(UNSUPPORTED_COMPRESSION, (void)open({tiles(400, 300).set(tag::kCompression, {32773}), tiles(200, 150)}));
}

TEST(aperio_images_have_names) {
  const auto slide = open({aperio(tiles(2220, 2967), "46000x32914 [0,100 46000x32914] (240x240) JPEG"),
                           aperio(strips(574, 768), "2220x2967 -> 574x768"), aperio(tiles(555, 741), "2220x2967"),
                           aperio(marked(strips(555, 741), 1), "label 555x741"),
                           aperio(marked(strips(1280, 431), 9), "macro 1280x431")});
  CHECK_EQ(levels_of(*slide), "2220x2967 555x741");  // the label has the size of a level, and is none
  CHECK_EQ(names_of(*slide), "thumbnail label macro");
  CHECK(slide->associated()[1].storage.has_value());
  CHECK_EQ(slide->stored_tile(slide->associated()[2].directory, 0, 0, 0).bytes, 1280u * 16 * 3);
}

TEST(aperio_images_without_names_are_known_by_their_marks) {
  const auto slide = open({aperio(tiles(2220, 2967), ""), strips(574, 768), marked(strips(387, 463), 1),
                           marked(strips(1280, 431), 9), strips(10, 90)});
  CHECK_EQ(names_of(*slide), "thumbnail label macro page-4");
  // The same pages in another scanner's file have no names.
  CHECK_EQ(names_of(*open({tiles(2220, 2967), strips(574, 768)})), "page-1");
}

TEST(aperio_descriptions) {
  CHECK(slide::is_aperio("Aperio Image Library"));
  CHECK(!slide::is_aperio("An Aperio Image"));
  CHECK_EQ(slide::aperio_page_name("Aperio\r\nlabel 387x463"), "label");
  CHECK_EQ(slide::aperio_page_name("Aperio\nmacro"), "macro");
  CHECK_EQ(slide::aperio_page_name("Aperio label"), "");
  CHECK_EQ(slide::aperio_page_name(""), "");
}

TEST_MAIN
