// Leica's SCN: levels are the whole glass slide with the images of the scan at their places; what else the XML says,
// and what is refused.
#include "decode/region.h"
#include "slide/dialects/leica_xml.h"
#include "test/check.h"
#include "test/support/late_source.h"
#include "test/support/pages.h"
#include "test/support/scanner_tiffs.h"

namespace {

using namespace microtome;
using namespace microtome::test;
using slide::Slide;

std::shared_ptr<const Slide> open(const TiffWriter& file) { return Slide::open(file.source()); }

std::string property(const Slide& slide, const std::string& name) {
  for (const auto& [key, value] : slide.properties())
    if (key == name) return value;
  return "-";
}

struct Pixel {
  int x, y, page;
};

class Reader {
 public:
  explicit Reader(const TiffWriter& file) : slide_(open(file)) {}
  const Slide& slide() const { return *slide_; }
  decode::Region region(int level, const decode::RegionRequest& request) {
    return decode::RegionReader(*slide_, decode::picture_of_level(*slide_, level), request).read(decoder_, nullptr);
  }
  Pixel at(int level, std::int64_t x, std::int64_t y) {
    const auto one = region(level, {.x = x, .y = y, .width_px = 1, .height_px = 1});
    return {one.image.data[0], one.image.data[1], one.image.data[2]};
  }

 private:
  std::shared_ptr<const Slide> slide_;
  decode::TileDecoder decoder_;
};

// All pixels of a level against those of images at their places; 255 where there are none.
struct Placed {
  int x, y, width, height, page;
};

void check_level(Reader& reader, int level, const std::vector<Placed>& images) {
  const auto& storage = reader.slide().levels()[static_cast<std::size_t>(level)].storage;
  const auto whole =
      reader.region(level, {.x = 0, .y = 0, .width_px = storage.width_px, .height_px = storage.height_px});
  int wrong = 0;
  for (int y = 0; y < storage.height_px; ++y)
    for (int x = 0; x < storage.width_px; ++x) {
      Pixel expected{255, 255, 255};
      for (const Placed& one : images)
        if (x >= one.x && y >= one.y && x < one.x + one.width && y < one.y + one.height)
          expected = {x - one.x, y - one.y, one.page};
      const std::uint8_t* const pixel = whole.image.data.data() + 3 * (y * storage.width_px + x);
      if (pixel[0] != expected.x || pixel[1] != expected.y || pixel[2] != expected.page) ++wrong;
    }
  CHECK_EQ(wrong, 0);
}

}  // namespace

TEST(levels_are_the_glass_slide) {
  const auto slide = open(usual_scn());
  CHECK_EQ(slide->driver().name, std::string("leica"));
  CHECK_EQ(levels_of(*slide), std::string("100x80 50x40"));
  CHECK_EQ(names_of(*slide), std::string("macro"));
  CHECK_EQ(slide->levels()[1].downsample, 2.0);
  CHECK_EQ(slide->levels()[1].level0_width_px, 100);
  CHECK_EQ(slide->mpp()->x, 0.25);
  CHECK_EQ(slide->mpp()->source, std::string("leica"));
  CHECK(slide->warnings().empty());
}

TEST(an_image_lies_at_its_place) {
  Reader reader(usual_scn());
  check_level(reader, 0, {{21, 11, 48, 32, 1}});
  check_level(reader, 1, {{10, 5, 24, 16, 2}});
}

TEST(a_part_that_was_not_scanned_is_white_and_counted) {
  // Stored tiles that are no good unit of work are not copied; these are.
  Reader reader(
      scn_file(scn_xml(25'000, 20'000, {scn_main(0)}), {placed_page(48, 32, 1, 64), placed_page(24, 16, 2, 64)}));
  CHECK_EQ(reader.slide().levels()[0].storage.tile_width_px, 64);
  const auto glass = reader.region(0, {.x = 0, .y = 64, .width_px = 100, .height_px = 16});
  CHECK_EQ(glass.missing_tiles, 2);
  CHECK_EQ(static_cast<int>(glass.image.data[0]), 255);
  const auto border = reader.region(0, {.x = 60, .y = 40, .width_px = 60, .height_px = 8});
  CHECK_EQ(border.missing_tiles, 0);
  CHECK_EQ(border.outside_px, 20 * 8);
}

TEST(a_later_image_lies_over_an_earlier_one_and_may_leave_the_glass) {
  ScnImage second = scn_main(3);
  second.left_nm = 15'100;  // 60.4 pixels
  second.top_nm = 1'000;
  Reader reader(scn_file(scn_xml(25'000, 20'000, {scn_main(1), scn_macro(0), second}),
                         {placed_page(25, 20, 0), placed_page(48, 32, 1), placed_page(24, 16, 2),
                          placed_page(48, 32, 3), placed_page(24, 16, 4)}));
  CHECK(reader.slide().warnings().empty());
  check_level(reader, 0, {{21, 11, 48, 32, 1}, {60, 4, 48, 32, 3}});
  check_level(reader, 1, {{10, 5, 24, 16, 2}, {30, 2, 24, 16, 4}});
  CHECK_EQ(property(reader.slide(), "openslide.bounds-x"), std::string("21"));
  CHECK_EQ(property(reader.slide(), "openslide.bounds-y"), std::string("4"));
  CHECK_EQ(property(reader.slide(), "openslide.bounds-width"), std::string("87"));
  CHECK_EQ(property(reader.slide(), "openslide.bounds-height"), std::string("39"));
  CHECK_EQ(property(reader.slide(), "openslide.region[1].x"), std::string("60"));
  CHECK_EQ(property(reader.slide(), "openslide.region[1].height"), std::string("32"));
}

TEST(a_missing_stored_tile_hides_nothing) {
  ScnImage second = scn_main(3);
  TiffDirectory sparse = placed_page(48, 32, 3);
  std::vector<Bytes> tiles(6, Bytes(16 * 16 * 3, 7));
  tiles[0].clear();
  sparse.tiles(std::move(tiles));
  Reader reader(scn_file(
      scn_xml(25'000, 20'000, {scn_macro(0), scn_main(1), second}),
      {placed_page(25, 20, 0), placed_page(48, 32, 1), placed_page(24, 16, 2), sparse, placed_page(24, 16, 4)}));
  CHECK_EQ(reader.at(0, 22, 12).page, 1);
  CHECK_EQ(reader.at(0, 21 + 16, 12).page, 7);
}

TEST(bytes_that_come_later_give_the_same_pixels) {
  Reader here(usual_scn());
  const auto expected = here.region(0, {.x = 15, .y = 5, .width_px = 60, .height_px = 50});
  const auto source = std::make_shared<LateSource>(usual_scn().bytes());
  const auto slide = source->until_here([&] { return Slide::open(source); });
  const int waits = source->waits();
  decode::TileDecoder decoder;
  decode::RegionReader reader(*slide, decode::picture_of_level(*slide, 0),
                              {.x = 15, .y = 5, .width_px = 60, .height_px = 50});
  const auto region = source->until_here([&] { return reader.read(decoder, nullptr); });
  CHECK(source->waits() > waits);
  CHECK(region.image.data == expected.image.data);
  CHECK_EQ(region.missing_tiles, expected.missing_tiles);
}

TEST(a_tile_that_is_taken_in_pieces_has_the_same_pixels) {
  const auto slide = open(usual_scn());
  const auto& level = slide->levels()[0];
  decode::TileDecoder decoder;
  std::vector<std::uint8_t> whole, piece(3 * 20 * 10);
  const std::int64_t side = level.storage.tile_width_px;
  whole.resize(static_cast<std::size_t>(3 * side * side));
  const decode::TileWindow all{0, 0, {whole.data(), side, side, 3 * side}};
  CHECK(decoder.decode(*slide, level.storage, level.directory, {0, 0, 0}, {&all, 1}) == decode::TileState::Decoded);
  CHECK(decoder.load(*slide, level.storage, level.directory, {0, 0, 0}) == decode::TileState::Decoded);
  decoder.copy(15, 9, {piece.data(), 20, 10, 60});
  for (std::int64_t y = 0; y < 10; ++y)
    for (std::int64_t i = 0; i < 60; ++i)
      CHECK_EQ(static_cast<int>(piece[static_cast<std::size_t>(60 * y + i)]),
               static_cast<int>(whole[static_cast<std::size_t>(3 * side * (9 + y) + 45 + i)]));
}

TEST(an_error_names_the_tile_that_was_asked_for) {
  auto file = usual_scn();
  file.top(1).set(tag::kCompression, {8});  // grey bytes are no Deflate
  try {
    Reader(file).region(0, {.x = 30, .y = 20, .width_px = 4, .height_px = 4});
    CHECK(false);
  } catch (const Error& error) {
    CHECK(error.code() == Code::CORRUPT_TILE);
    CHECK(error.tile().has_value());
    CHECK_EQ(error.tile()->column, 0);
    CHECK(error.found().find("of the tiles that its page stores, the tile at level 0, column 0, row 0") !=
          std::string::npos);
  }
}

TEST(the_xml_says_what_it_says) {
  const auto slide = open(usual_scn());
  CHECK_EQ(property(*slide, "leica.barcode"), std::string("AB-123"));
  CHECK_EQ(property(*slide, "leica.device-model"), std::string("M & N"));
  CHECK_EQ(property(*slide, "leica.objective"), std::string("20"));
  CHECK_EQ(property(*slide, "leica.aperture"), std::string("0.4"));
  CHECK_EQ(property(*slide, "leica.illumination-source"), std::string("brightfield"));
  CHECK_EQ(slide::read_leica_xml("<collection barcode='a&amp;b' sizeX='5' sizeY='9999999999999'/>").barcode,
           std::string("a&b"));
  CHECK_EQ(slide::read_leica_xml("<collection sizeX='5' sizeY='9999999999999'/>").height_nm, 0u);
}

TEST(other_planes_channels_lights_and_pictures_are_associated_images) {
  ScnImage main = scn_main(1);
  main.dimensions.push_back({48, 32, 3, 1, 0});
  main.dimensions.push_back({48, 32, 4, 0, 1});
  ScnImage dark = scn_main(5);
  dark.dimensions.resize(1);
  dark.light = "fluorescence";
  const auto slide = open(
      scn_file(scn_xml(25'000, 20'000, {scn_macro(0), main, dark}, "<supplementalImage type=\"label\" ifd=\"6\"/>"),
               {placed_page(25, 20, 0), placed_page(48, 32, 1), placed_page(24, 16, 2), placed_page(48, 32, 3),
                placed_page(48, 32, 4), placed_page(48, 32, 5), placed_page(30, 30, 6)}));
  CHECK_EQ(levels_of(*slide), std::string("100x80 50x40"));
  CHECK_EQ(names_of(*slide), std::string("macro page-3 page-4 page-5 label"));
  CHECK(warns(*slide, {"2 focal planes"}));
  CHECK(warns(*slide, {"2 channels"}));
  CHECK(warns(*slide, {"1 more images in another light"}));
}

TEST(images_of_several_resolutions_are_refused) {
  const auto pages = [] {
    return std::vector<TiffDirectory>{placed_page(25, 20, 0), placed_page(48, 32, 1), placed_page(24, 16, 2),
                                      placed_page(48, 32, 3), placed_page(24, 16, 4)};
  };
  const auto refused = [&](const ScnImage& second) {
    CHECK_THROWS(UNSUPPORTED_PIXELS,
                 (void)open(scn_file(scn_xml(25'000, 20'000, {scn_macro(0), scn_main(1), second}), pages())));
  };
  ScnImage finer = scn_main(3), fewer = scn_main(3), other = scn_main(3);
  finer.width_nm = 11'000;
  fewer.dimensions.resize(1);
  other.objective = "40";
  for (const ScnImage& second : {finer, fewer, other}) refused(second);
}

TEST(an_xml_that_does_not_say_enough_is_refused) {
  const auto file = [](const ScnImage& image, int glass_nm) {
    return scn_file(scn_xml(glass_nm, 20'000, {image}), {placed_page(48, 32, 0), placed_page(24, 16, 1)});
  };
  ScnImage nowhere = scn_main(0), absent = scn_main(0);
  nowhere.width_nm = 0;
  absent.dimensions[0].ifd = 9;
  CHECK_THROWS(NOT_A_SLIDE, (void)open(file(nowhere, 25'000)));
  CHECK_THROWS(NOT_A_SLIDE, (void)open(file(absent, 25'000)));
  CHECK_THROWS(NOT_A_SLIDE, (void)open(file(scn_main(0), 0)));
  ScnImage smaller = scn_main(0);
  smaller.dimensions[1].ifd = 9;
  const auto slide = open(file(smaller, 25'000));
  CHECK_EQ(levels_of(*slide), std::string("100x80"));
  CHECK(warns(*slide, {"level 1 of the file is left out", "does not have all of its pages"}));
}

TEST(a_refused_page_refuses_the_level) {
  auto file = scn_file(scn_xml(25'000, 20'000, {scn_main(0)}), {placed_page(48, 32, 0), placed_page(24, 16, 1)});
  file.top(0).set(tag::kCompression, {9999});
  CHECK_THROWS(UNSUPPORTED_COMPRESSION, (void)open(file));
}

TEST(without_pages_in_the_xml_sizes_count) {
  const auto slide = open(scn_file(scn_xml(25'000, 20'000, {}), {placed_page(48, 32, 0), placed_page(24, 16, 1)}));
  CHECK_EQ(slide->driver().name, std::string("leica"));
  CHECK_EQ(levels_of(*slide), std::string("48x32 24x16"));
  CHECK(warns(*slide, {"names no page of the file"}));
}

TEST_MAIN
