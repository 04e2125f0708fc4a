// Hamamatsu's NDPI: which pages are levels, what else the file says, files of many gigabytes, and what is not read.

#include <algorithm>

#include "slide/jpeg_head.h"
#include "slide/slide.h"
#include "test/check.h"
#include "test/support/ndpi_writer.h"
#include "test/support/tiff_writer.h"

namespace {

using namespace microtome;
using namespace microtome::test;
using slide::Slide;

const JpegTool& tool() {
  static const JpegTool one;
  return one;
}

Bytes grey(int width, int height) { return Bytes(static_cast<std::size_t>(3 * width * height), 120); }

NdpiWriter::Page level_page(int width, int height, float lens, std::int32_t z = 0) {
  const IntervalJpeg level = interval_jpeg(tool(), grey(width, height), width, height, {.interval_px = 64});
  return {.width = static_cast<std::uint64_t>(width),
          .height = static_cast<std::uint64_t>(height),
          .jpeg = level.jpeg,
          .starts = level.starts,
          .lens = lens,
          .z = z};
}

NdpiWriter::Page whole_page(int width, int height, float lens) {
  return {.width = static_cast<std::uint64_t>(width),
          .height = static_cast<std::uint64_t>(height),
          .jpeg = tool().encode(grey(width, height), width, height),
          .starts = {},
          .lens = lens};
}

NdpiWriter usual_file() {
  NdpiWriter file;
  file.add(level_page(512, 320, 20)).add(level_page(128, 80, 5)).add(whole_page(64, 40, 2.5F));
  file.add(whole_page(90, 30, -1)).add(whole_page(40, 24, -2));
  return file;
}

std::string names_of(const Slide& slide) {
  std::string text;
  for (const auto& image : slide.associated()) text += (text.empty() ? "" : " ") + image.name;
  return text;
}

std::string widths_of(const Slide& slide) {
  std::string text;
  for (const auto& level : slide.levels()) text += (text.empty() ? "" : " ") + std::to_string(level.storage.width_px);
  return text;
}

std::string property(const Slide& slide, const std::string& name) {
  for (const auto& [key, value] : slide.properties())
    if (key == name) return value;
  return "-";
}

bool warns(const Slide& slide, const std::string& part) {
  return std::any_of(slide.warnings().begin(), slide.warnings().end(),
                     [&](const std::string& text) { return text.find(part) != std::string::npos; });
}

std::shared_ptr<const Slide> open(const NdpiWriter& file) { return Slide::open(file.source()); }

}  // namespace

TEST(pages_are_levels_and_pictures_by_their_magnification) {
  const auto slide = open(usual_file());
  CHECK_EQ(slide->driver().name, std::string("ndpi"));
  CHECK_EQ(widths_of(*slide), std::string("512 128 64"));
  CHECK_EQ(names_of(*slide), std::string("macro map"));
  CHECK_EQ(slide->levels()[1].downsample, 4.0);
  CHECK(slide->warnings().empty());
  CHECK_EQ(slide->mpp()->x, 0.25);
  CHECK(slide->mpp()->trusted);
}

TEST(intervals_below_each_other_are_one_tile) {
  const auto slide = open(usual_file());
  const auto& storage = slide->levels()[0].storage;
  CHECK(storage.tiled);
  CHECK_EQ(storage.tile_width_px, 64);
  CHECK_EQ(storage.tile_height_px, 256);
  CHECK_EQ(storage.parts(), 32);
  CHECK_EQ(storage.tiles_across(), 8);
  CHECK_EQ(storage.tiles_down(), 2);
  // The first begins behind the head of the JPEG, the others with the marker before them.
  const auto page = level_page(512, 320, 20);
  const auto first = slide->stored_tile(0, 0, 0, 0), below = slide->stored_tile(0, 3, 1, 2);
  CHECK_EQ(first.offset, 12 + page.starts[0]);
  CHECK_EQ(first.bytes, page.starts[1] - page.starts[0]);
  CHECK_EQ(below.offset, 12 + page.starts[(32 + 2) * 8 + 3] - 2);
  CHECK_EQ(below.bytes, page.starts[(32 + 2) * 8 + 4] - page.starts[(32 + 2) * 8 + 3] + 2);
  // 320 rows are 40 intervals: of the last tiles 8 of 32 are there.
  CHECK(slide->stored_tile(0, 3, 1, 7).bytes != 0);
  CHECK_EQ(slide->stored_tile(0, 3, 1, 8).bytes, 0u);
  CHECK_THROWS(INTERNAL, (void)slide->stored_tile(0, 3, 1, 32));
  // Without restart markers: one picture.
  CHECK(!slide->levels()[2].storage.tiled);
  CHECK_EQ(slide->levels()[2].storage.parts(), 1);
}

TEST(a_low_limit_makes_tiles_of_fewer_intervals) {
  slide::OpenOptions options;
  options.limits.decoded_tile_bytes = 3 * 64 * 8 * 5;
  const auto slide = Slide::open(usual_file().source(), options);
  CHECK_EQ(slide->levels()[0].storage.tile_height_px, 40);
}

TEST(properties_have_the_names_of_openslide) {
  const auto slide = open(usual_file());
  CHECK_EQ(property(*slide, "hamamatsu.SourceLens"), std::string("20"));
  CHECK_EQ(property(*slide, "hamamatsu.XOffsetFromSlideCentre"), std::string("-1500"));
  CHECK_EQ(property(*slide, "hamamatsu.YOffsetFromSlideCentre"), std::string("2500"));
  CHECK_EQ(property(*slide, "hamamatsu.Reference"), std::string("R-17"));
  CHECK_EQ(property(*slide, "hamamatsu.Objective.Lens.Magnificant"), std::string("20"));
  CHECK_EQ(property(*slide, "hamamatsu.Created"), std::string("2026/01/02"));
  CHECK_EQ(property(*slide, "hamamatsu.Nothing"), std::string("-"));
}

TEST(one_focal_plane_is_the_slide) {
  NdpiWriter file;
  file.add(level_page(512, 320, 20, 4000)).add(level_page(512, 320, 20, 0)).add(level_page(512, 320, 20, -4000));
  file.add(level_page(128, 80, 5, 4000)).add(level_page(128, 80, 5, 0)).add(level_page(128, 80, 5, -4000));
  const auto slide = open(file);
  CHECK_EQ(widths_of(*slide), std::string("512 128"));
  CHECK_EQ(slide->levels()[0].directory, std::size_t{1});
  CHECK_EQ(names_of(*slide), std::string("page-0 page-2 page-3 page-5"));
  CHECK(warns(*slide, "the slide has 3 focal planes; the one at 0 is read"));
}

TEST(without_the_plane_of_the_slide_the_nearest_is_read) {
  NdpiWriter file;
  file.add(level_page(512, 320, 20, 4000)).add(level_page(512, 320, 20, -3000));
  const auto slide = open(file);
  CHECK_EQ(slide->levels()[0].directory, std::size_t{1});
  CHECK(warns(*slide, "the one at -3000 is read"));
}

TEST(a_file_of_many_gigabytes_is_read_by_the_upper_halves) {
  NdpiWriter file = usual_file();
  const std::uint64_t four = std::uint64_t{1} << 32;
  file.page(0).before_directory = 2 * four + 4096;  // its JPEG is at the beginning, its directory far behind
  file.page(1).before_jpeg = four;
  file.page(2).before_jpeg = 3 * four;
  const auto slide = open(file);
  CHECK(slide->source().size() > 6 * four);
  CHECK_EQ(widths_of(*slide), std::string("512 128 64"));
  CHECK_EQ(names_of(*slide), std::string("macro map"));
  CHECK_EQ(property(*slide, "hamamatsu.Reference"), std::string("R-17"));
  CHECK(slide->stored_tile(slide->levels()[0].directory, 1, 0, 0).offset < four);
  CHECK(slide->stored_tile(slide->levels()[1].directory, 1, 0, 0).offset > 3 * four);
  CHECK(slide->stored_tile(slide->levels()[2].directory, 0, 0, 0).offset > 6 * four);
}

TEST(starts_beyond_four_gigabytes_have_upper_words) {
  // A JPEG of 5 GB: the bytes between its intervals are nobody's, so only the table is looked at.
  NdpiWriter file;
  NdpiWriter::Page page = level_page(512, 320, 20);
  const std::uint64_t four = std::uint64_t{1} << 32;
  for (std::size_t i = 1; i < page.starts.size(); ++i) page.starts[i] += four;
  page.stated_bytes = page.jpeg.size() + four;
  page.before_directory = four + 100;
  file.add(page);
  const auto slide = open(file);
  CHECK_EQ(slide->stored_tile(0, 1, 0, 0).offset, 12 + page.starts[1] - 2);
  CHECK(slide->stored_tile(0, 1, 0, 0).offset > four);
}

TEST(pages_without_a_table_that_fits_are_one_picture) {
  const auto without = [](auto&& change) {
    NdpiWriter file = usual_file();
    change(file.page(0));
    return open(file);
  };
  const auto none = without([](NdpiWriter::Page& page) { page.starts.clear(); });
  CHECK(!none->levels()[0].storage.tiled);
  CHECK_EQ(none->levels()[0].storage.parts(), 1);
  CHECK(warns(*none, "page-0 is read as one picture: table NDPI McuStarts is missing"));
  const auto few = without([](NdpiWriter::Page& page) { page.starts.pop_back(); });
  CHECK(warns(*few, "table NDPI McuStarts has 319 entries, the JPEG has 320 restart intervals"));
  const auto late = without([](NdpiWriter::Page& page) { page.starts[0] += 2; });
  CHECK(warns(*late, "does not begin where the first restart interval does"));
  CHECK(!late->levels()[0].storage.tiled);
  // 64 MCUs in a row, intervals of 24.
  const auto odd = without([](NdpiWriter::Page& page) {
    constexpr std::uint8_t kDri[] = {0xFF, 0xDD};
    const auto dri = std::search(page.jpeg.begin(), page.jpeg.end(), std::begin(kDri), std::end(kDri));
    dri[5] = 24;
  });
  CHECK(warns(*odd, "its restart intervals of 24 MCUs do not divide its rows of 64"));
}

TEST(a_jpeg_of_another_size_than_its_page_is_refused) {
  NdpiWriter file = usual_file();
  file.page(0).width = 576;
  CHECK_THROWS(NOT_A_SLIDE, (void)open(file));
}

TEST(a_level_of_another_codec_is_named) {
  NdpiWriter file = usual_file();
  file.page(0).compression = 22610;  // JPEG XR
  CHECK_THROWS(UNSUPPORTED_COMPRESSION, (void)open(file));
}

TEST(the_limit_of_tables_holds_for_the_table_of_starts) {
  slide::OpenOptions options;
  options.limits.table_bytes = 1000;
  CHECK_THROWS(LIMIT_EXCEEDED, (void)Slide::open(usual_file().source(), options));
}

TEST(a_file_that_is_cut_short_is_named) {
  Bytes bytes = usual_file().bytes();
  bytes.resize(bytes.size() - 20);
  CHECK_THROWS(TRUNCATED, (void)Slide::open(memory_source(bytes)));
}

TEST(a_classic_tiff_is_none_whatever_follows_its_header) {
  TiffWriter file;
  file.add(tiff_image(64, 48, 16));
  const auto slide = Slide::open(file.source());
  CHECK(slide->driver().name != "ndpi");
  CHECK(slide->properties().empty());
}

TEST(the_head_of_a_jpeg_says_how_it_is_divided) {
  for (const bool half_width : {false, true}) {
    const JpegTool::Options options{.half_chroma = true, .half_width = half_width};
    const auto level = interval_jpeg(tool(), grey(256, 32), 256, 32,
                                     {.interval_px = 64, .mcu_rows = half_width ? 8 : 16, .options = options});
    const auto head = slide::read_jpeg_head(level.jpeg);
    CHECK(head.has_value());
    CHECK_EQ(head->bytes, level.starts[0]);
    CHECK_EQ(head->width_px, 256);
    CHECK_EQ(head->height_px, 32);
    CHECK_EQ(head->mcu_width_px, 16);
    CHECK_EQ(head->mcu_height_px, half_width ? 8 : 16);
    CHECK_EQ(head->restart_mcus, 4);
    const Bytes own = slide::jpeg_head_of_size(level.jpeg, 64, 8);
    const auto of_interval = slide::read_jpeg_head(own);
    CHECK_EQ(of_interval->restart_mcus, 0);
    CHECK_EQ(of_interval->width_px, 64);
    CHECK_EQ(of_interval->bytes, own.size());
    CHECK_EQ(own.size() + 6, static_cast<std::size_t>(head->bytes));
  }
}

TEST(no_other_jpeg_is_divided) {
  JpegTool::Options progressive;
  progressive.progressive = true;
  CHECK(!slide::read_jpeg_head(tool().encode(grey(64, 64), 64, 64, progressive)));
  const Bytes whole = tool().encode(grey(64, 64), 64, 64);
  const std::size_t head = jpeg_head_bytes(whole);
  for (std::size_t bytes = 0; bytes < head; ++bytes) CHECK(!slide::read_jpeg_head(std::span(whole).first(bytes)));
  CHECK(slide::read_jpeg_head(std::span(whole).first(head)).has_value());
}

TEST_MAIN
