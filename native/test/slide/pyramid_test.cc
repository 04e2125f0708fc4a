// Which pages are levels, which are associated images, and what those are called.
#include "slide/pyramid.h"

#include "slide/dialects/aperio.h"
#include "slide/slide.h"
#include "test/check.h"
#include "test/support/pages.h"

using namespace microtome;
using namespace microtome::test;
using slide::is_reduction;
using slide::Slide;

namespace {

std::shared_ptr<const Slide> open(std::vector<TiffDirectory> pages) { return open_pages(std::move(pages)); }
TiffDirectory strips(std::uint64_t width, std::uint64_t height) { return strip_page(width, height); }
TiffDirectory tiles(std::uint64_t width, std::uint64_t height) { return tile_page(width, height); }
TiffDirectory aperio(TiffDirectory directory, const std::string& rest) {
  return aperio_page(std::move(directory), rest);
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

// The largest image is the slide, wherever it stands.
TEST(the_slide_is_the_largest_image_and_not_the_first_page) {
  const auto slide = open({tiles(50, 37), tiles(100, 75), tiles(200, 150), tiles(400, 300)});
  CHECK_EQ(levels_of(*slide), "400x300 200x150 100x75 50x37");
  CHECK_EQ(slide->levels()[0].directory, 3u);
  CHECK(std::abs(slide->levels()[3].downsample - (8.0 + 300.0 / 37.0) / 2) < 1e-12);
  CHECK(warns(*slide, {"the slide is page-3 (400 x 300 pixels)", "not its first page (50 x 37)"}));
  CHECK_EQ(names_of(*slide), "");
  // The bytes are those of the page.
  const auto tile = slide->stored_tile(3, 24, 18, 0);
  CHECK_EQ(tile.bytes, 16u * 16 * 3);
  CHECK_THROWS(INTERNAL, (void)slide->stored_tile(0, 24, 18, 0));
}

TEST(an_overview_that_comes_first_is_an_associated_image) {
  for (const bool tiled : {false, true}) {
    const TiffDirectory overview = tiled ? tiles(90, 40) : strips(90, 40);
    const auto slide = open({overview, tiles(400, 300), tiles(200, 150)});
    CHECK_EQ(levels_of(*slide), "400x300 200x150");
    CHECK_EQ(names_of(*slide), "page-0");
    CHECK(warns(*slide, {"the slide is page-1"}));
  }
  // All in strips, and an overview in tiles of a slide in strips.
  CHECK_EQ(levels_of(*open({strips(90, 40), strips(400, 300)})), "400x300");
  CHECK_EQ(levels_of(*open({tiles(40, 30), strips(400, 300)})), "400x300 40x30");
  CHECK_EQ(levels_of(*open({marked(strips(40, 30), 1), tiles(400, 300)})), "400x300 40x30");
  // In either byte order, as BigTIFF too.
  for (const bool big : {false, true}) {
    TiffWriter file({big, !big});
    file.add(tiles(40, 40)).add(tiles(400, 300));
    CHECK_EQ(levels_of(*Slide::open(file.source())), "400x300");
  }
}

TEST(resolution_and_orientation_are_those_of_the_slide_s_page) {
  const auto page = [](TiffDirectory directory, std::uint64_t per_cm, std::uint64_t orientation) {
    return directory.rational(tag::kXResolution, per_cm, 1)
        .rational(tag::kYResolution, per_cm, 1)
        .set(tag::kResolutionUnit, {3})
        .set(tag::kOrientation, {orientation});
  };
  const auto slide = open({page(tiles(90, 40), 1000, 6), page(tiles(400, 300), 20000, 3)});
  CHECK(slide->mpp().has_value());
  CHECK(std::abs(slide->mpp()->x - 0.5) < 1e-12);
  CHECK_EQ(slide->orientation(), 3);
}

TEST(a_photograph_in_strips_may_be_larger_than_the_slide) {
  const auto slide = open({tiles(100, 75), strips(300, 100), tiles(50, 37)});
  CHECK_EQ(levels_of(*slide), "100x75 50x37");
  CHECK(warns(*slide, {"page-1: larger than the slide, but stored in strips"}));
  // Marked ones are not worth a word.
  CHECK_EQ(open({tiles(100, 75), marked(strips(300, 100), 9)})->warnings().size(), 0u);
}

TEST(the_largest_image_decides_also_when_it_is_refused) {
  CHECK_THROWS(UNSUPPORTED_COMPRESSION, (void)open({tiles(40, 30), tiles(400, 300).set(tag::kCompression, {32773})}));
  CHECK_EQ(levels_of(*open({tiles(40, 30).set(tag::kCompression, {32773}), tiles(400, 300)})), "400x300");
}

TEST(one_page_is_the_slide_whatever_its_marks_are) {
  for (const std::uint64_t mark : {0, 1, 4, 5, 8, 9}) {
    const auto slide = open({marked(tiles(40, 30), mark)});
    CHECK_EQ(levels_of(*slide), "40x30");
    CHECK_EQ(slide->warnings().size(), 0u);
  }
  CHECK_EQ(levels_of(*open({described(tiles(40, 30), "label")})), "40x30");
  CHECK_EQ(levels_of(*open({tiles(40, 30).text(tag::kNewSubfileType, "x")})), "40x30");
  const auto alike = open({described(tiles(40, 30), "macro"), described(tiles(20, 15), "macro")});
  CHECK_EQ(levels_of(*alike), "40x30 20x15");
  CHECK(warns(*alike, {"the marks are not used"}));
}

TEST(a_grey_page_is_no_level_of_a_slide_in_colours) {
  const auto slide = open({tiles(400, 300), grey_page(200, 150), tiles(100, 75), grey_page(50, 37)});
  CHECK_EQ(levels_of(*slide), "400x300 100x75");
  CHECK_EQ(names_of(*slide), "page-1 page-3");
  CHECK(warns(*slide, {"page-1, page-3: the shape fits a level", "is grey"}));
  const auto white = open({tiles(400, 300), grey_page(200, 150).set(tag::kPhotometric, {0})});
  CHECK_EQ(levels_of(*white), "400x300");
  const auto subs = TiffWriter().add(tiles(400, 300).sub(grey_page(200, 150)).sub(tiles(100, 75))).source();
  CHECK_EQ(levels_of(*Slide::open(subs)), "400x300 100x75");
  // A grey slide has grey levels, and no others.
  const auto grey = open({grey_page(400, 300), grey_page(200, 150), tiles(100, 75)});
  CHECK_EQ(levels_of(*grey), "400x300 200x150");
  CHECK(warns(*grey, {"page-2: the shape fits a level", "has colours"}));
}

TEST(grey_pages_of_one_size_get_a_word) {
  const auto slide = open({grey_page(400, 300), grey_page(400, 300), grey_page(400, 300)});
  CHECK_EQ(levels_of(*slide), "400x300");
  CHECK(warns(*slide, {"page-1, page-2: grey and as large as the slide", "only page-0 is read"}));
}

TEST(sub_directories_belong_to_their_page) {
  TiffWriter file;
  file.add(tiles(400, 300).sub(tiles(100, 75))).add(tiles(200, 150).sub(tiles(50, 37)));
  const auto slide = Slide::open(file.source());
  CHECK_EQ(levels_of(*slide), "400x300 100x75");
  CHECK_EQ(names_of(*slide), "page-1 page-1-subifd-0");
  CHECK(warns(*slide, {"page-1: the shape fits a level, but the slide's levels are its SubIFDs"}));
  CHECK(warns(*slide, {"page-1-subifd-0", "SubIFD of another page"}));

  TiffWriter later;  // the slide is the second page, its levels are there
  later.add(tiles(90, 40)).add(tiles(400, 300).sub(tiles(200, 150)).sub(tiles(100, 75)));
  const auto second = Slide::open(later.source());
  CHECK_EQ(levels_of(*second), "400x300 200x150 100x75");
  CHECK_EQ(names_of(*second), "page-0");

  TiffWriter inside;  // the full image is a SubIFD of its thumbnail
  inside.add(marked(tiles(100, 75), 1).sub(tiles(400, 300)).sub(marked(tiles(200, 150), 1)));
  const auto full = Slide::open(inside.source());
  CHECK_EQ(levels_of(*full), "400x300 200x150 100x75");
  CHECK(warns(*full, {"the slide is subifd-0"}));

  TiffWriter nested;
  nested.add(tiles(400, 300).sub(tiles(200, 150).sub(tiles(100, 75))));
  const auto outer = Slide::open(nested.source());
  CHECK_EQ(levels_of(*outer), "400x300 200x150");
  CHECK(warns(*outer, {"the SubIFDs of subifd-0 are left out"}));
}

TEST(a_reduced_page_of_another_shape_is_told_of) {
  const auto slide = open({tiles(400, 300), marked(tiles(200, 90), 1)});
  CHECK_EQ(levels_of(*slide), "400x300");
  CHECK(warns(*slide, {"page-1: marked as a reduced version of the slide, but the size fits no level"}));
}

TEST(many_pages_get_one_warning) {
  std::vector<TiffDirectory> pages = {tiles(400, 300)};
  for (int i = 0; i < 200; ++i) pages.push_back(grey_page(200, 150));
  const auto slide = open(std::move(pages));
  CHECK_EQ(slide->warnings().size(), 1u);
  CHECK(warns(*slide, {"page-1, page-2, page-3 and 197 more:"}));
}

TEST_MAIN
