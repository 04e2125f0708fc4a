// Slides that a stand-in for OpenSlide reads: what they say of themselves, their pixels, what is refused.
#include <cmath>
#include <limits>

#include "decode/overview.h"
#include "decode/region.h"
#include "test/openslide/openslide_support.h"

namespace {

using namespace microtome;
using namespace microtome::test;
using Image = std::vector<std::uint8_t>;

struct Opened {
  Folder folder;
  std::shared_ptr<const slide::Slide> slide;
  decode::TileDecoder decoder;

  explicit Opened(const slide::OpenOptions& options = {}) {
    openslide::set_library_path(kFake);
    slide = open_slide(folder.put("a.mrxs", "any"), options);
  }
  decode::Region region(int level, const decode::RegionRequest& request) {
    return decode::RegionReader(*slide, decode::picture_of_level(*slide, level), request).read(decoder, nullptr);
  }
};

// An option of the stand-in for the time of a test.
template <typename Field, typename Value>
class Set {
 public:
  Set(Field& field, Value value) : field_(field), before_(field) { field_ = value; }
  ~Set() { field_ = before_; }
  Set(const Set&) = delete;
  Set& operator=(const Set&) = delete;

 private:
  Field& field_;
  Value before_;
};

Error refusal(const slide::OpenOptions& options = {}) {
  return error_of([&] { const Opened opened(options); });
}

TEST(a_slide_says_what_openslide_says_of_it) {
  const Opened opened;
  const auto& slide = *opened.slide;
  CHECK_EQ(slide.levels().size(), 3u);
  CHECK_EQ(slide.levels()[0].storage.width_px, 1000);
  CHECK_EQ(slide.levels()[1].storage.height_px, 175);
  CHECK_EQ(slide.levels()[1].downsample, 4.0);
  CHECK_EQ(slide.levels()[1].level0_height_px, 700);
  CHECK_EQ(slide.levels()[2].level0_width_px, 1000);
  CHECK_EQ(slide.levels()[0].storage.tile_width_px, 128);
  CHECK_EQ(slide.levels()[0].storage.tile_height_px, 256);
  CHECK_EQ(slide.levels()[1].storage.tile_width_px, 512);
  CHECK_EQ(slide.mpp()->x, 0.25);
  CHECK_EQ(slide.mpp()->y, 0.5);
  CHECK_EQ(slide.mpp()->source, "openslide");
  CHECK(slide.mpp()->trusted);
  CHECK_EQ(slide.properties().front().first, "fake.key");
  CHECK_EQ(slide.properties().front().second, "a value");
  CHECK_EQ(slide.properties().size(), 10u);
  CHECK_EQ(slide.driver().name, "openslide");
  CHECK_EQ(slide.driver().why, "its name ends in .mrxs; OpenSlide 4.0.1 reads it as fake");
  CHECK(slide.icc_profile() == Image(5, 7));
  CHECK_EQ(slide.warnings().size(), 1u);
  CHECK(has(slide.warnings().front(), "of level 0 only 500 x 500 pixels, from x = 3, y = 3 on, were scanned"));
}

TEST(the_option_says_the_resolution_and_a_driver_may_be_chosen) {
  slide::OpenOptions options;
  options.slide_mpp = 0.7;
  CHECK_EQ(Opened(options).slide->mpp()->source, "option");
  options.driver = "openslide";
  const Folder folder;
  openslide::set_library_path(kFake);
  CHECK_EQ(open_slide(folder.put("a.anything", "any"), options)->driver().name, "openslide");
}

TEST(a_resolution_that_is_no_number_is_not_used) {
  const Set<const char*, const char*> set(fake().mpp_x, "0,2x");
  const Opened opened;
  CHECK(!opened.slide->mpp().has_value());
  CHECK_EQ(opened.slide->warnings().size(), 2u);
}

TEST(pixels_are_where_they_are_asked_for_at_every_level) {
  Opened opened;
  for (int level = 0; level < 3; ++level) {
    const auto& storage = opened.slide->levels()[static_cast<std::size_t>(level)].storage;
    const decode::Region region =
        opened.region(level, {.x = 9, .y = 9, .width_px = storage.width_px - 9, .height_px = 40});
    CHECK_EQ(region.missing_tiles, 0);
    for (std::int64_t y = 0; y < 40; ++y)
      for (std::int64_t x = 0; x < storage.width_px - 9; ++x) {
        const std::uint8_t* const pixel = region.image.data.data() + 3 * (y * (storage.width_px - 9) + x);
        CHECK_EQ(static_cast<std::int64_t>(pixel[0]), (x + 9) & 255);
        CHECK_EQ(static_cast<std::int64_t>(pixel[1]), y + 9);
        CHECK_EQ(static_cast<int>(pixel[2]), level);  // 99: mixed with the next pixel
      }
  }
}

TEST(a_level_of_several_tiles_whose_downsample_is_no_whole_number_is_not_interpolated) {
  const Set<std::atomic<std::int64_t>, std::int64_t> wide(fake().width_px, 30'007);
  Opened opened;
  const std::int64_t width = 30'007 / 12;
  CHECK(opened.slide->levels()[2].downsample != std::floor(opened.slide->levels()[2].downsample));
  const decode::Region region = opened.region(2, {.x = 0, .y = 0, .width_px = width, .height_px = 50});
  for (std::int64_t x = 0; x < width; ++x) {
    CHECK_EQ(static_cast<std::int64_t>(region.image.data[static_cast<std::size_t>(3 * x)]), x & 255);
    CHECK_EQ(static_cast<int>(region.image.data[static_cast<std::size_t>(3 * x + 2)]), 2);
  }
}

TEST(what_is_half_transparent_is_on_white_and_what_is_not_there_is_white_and_counted) {
  Opened opened;
  const decode::Region corner = opened.region(0, {.x = 0, .y = 0, .width_px = 4, .height_px = 4});
  CHECK_EQ(static_cast<int>(corner.image.data[0]), 64 + 127);
  CHECK_EQ(static_cast<int>(corner.image.data[1]), 255);
  CHECK_EQ(static_cast<int>(corner.image.data[2]), 127);
  CHECK_EQ(corner.missing_tiles, 0);
  const decode::Region nothing = opened.region(0, {.x = 600, .y = 600, .width_px = 4, .height_px = 4});
  CHECK_EQ(static_cast<int>(nothing.image.data[0]), 255);
  CHECK_EQ(nothing.missing_tiles, 1);
}

TEST(what_was_not_scanned_is_not_looked_for_in_finer_levels) {
  const Set<std::atomic<std::int64_t>, std::int64_t> wide(fake().width_px, 30'007);
  const Set<std::atomic<std::int64_t>, std::int64_t> unscanned(fake().unscanned_from_x, 1024);
  Opened opened;
  fake().reads = 0;
  decode::OverviewReader reader(*opened.slide, 500, decode::BadTilePolicy::Error, decode::MissingTiles::FromFiner);
  const decode::Region overview = reader.read(opened.decoder, nullptr);
  CHECK_EQ(fake().reads.load(), 5);  // the tiles of level 2, each once
  CHECK_EQ(overview.missing_tiles, 3);
  CHECK_EQ(overview.made_tiles, 0);
  CHECK_EQ(static_cast<int>(overview.image.data[3 * 499]), 255);
}

TEST(beyond_the_image_all_is_white) {
  Opened opened;
  const decode::Region region = opened.region(0, {.x = 990, .y = 500, .width_px = 20, .height_px = 4});
  CHECK_EQ(static_cast<int>(region.image.data[0]), 990 & 255);
  CHECK_EQ(static_cast<int>(region.image.data[3 * 12]), 255);
  CHECK_EQ(region.outside_px, 40);
}

TEST(associated_images_are_pictures_of_one_tile_within_the_limit) {
  Opened opened;
  const auto read = [](Opened& from) {
    const decode::Picture picture = decode::picture_of_associated(*from.slide, 0);
    return decode::RegionReader(*from.slide, picture,
                                {.width_px = picture.storage->width_px, .height_px = picture.storage->height_px})
        .read(from.decoder, nullptr);
  };
  const decode::Region label = read(opened);
  CHECK_EQ(label.image.width_px, 40);
  CHECK_EQ(label.image.height_px, 30);
  CHECK(std::equal(label.image.data.end() - 3, label.image.data.end(), Image{1, 2, 3}.begin()));
  slide::OpenOptions options;
  options.limits.decoded_tile_bytes = 200'000;
  const Set<std::atomic<std::int64_t>, std::int64_t> wide(fake().label_width_px, 4000);
  Opened large(options);
  CHECK(error_of([&] { (void)read(large); }).code() == Code::LIMIT_EXCEEDED);
}

TEST(sizes_that_no_slide_has_are_refused) {
  for (const std::int64_t width : {std::int64_t{-1}, std::int64_t{0}, std::int64_t{1} << 50}) {
    const Set<std::atomic<std::int64_t>, std::int64_t> set(fake().width_px, width);
    CHECK(refusal().code() == Code::NOT_A_SLIDE);
  }
  for (const double downsample : {0.5, -1.0, 1e9, 200.0, std::numeric_limits<double>::quiet_NaN()}) {
    const Set<std::atomic<double>, double> set(fake().downsample1, downsample);
    CHECK(refusal().code() == Code::NOT_A_SLIDE);
  }
  const Set<std::atomic<std::int64_t>, std::int64_t> set(fake().label_width_px, -1);
  const Opened opened;
  CHECK(opened.slide->associated().empty());
  CHECK(has(opened.slide->warnings().front(), "\"label\" is left out"));
}

TEST(limits_hold) {
  slide::OpenOptions few;
  few.limits.directories = 2;
  CHECK(refusal(few).code() == Code::LIMIT_EXCEEDED);
  slide::OpenOptions small;
  small.limits.metadata_bytes = 30;
  const Opened opened(small);
  CHECK_EQ(opened.slide->properties().size(), 1u);
  CHECK(has(opened.slide->warnings().front(), "are left out"));
  const Set<std::atomic<std::int64_t>, std::int64_t> icc(fake().icc_bytes, 31);
  CHECK(error_of([&] { (void)opened.slide->icc_profile(); }).code() == Code::LIMIT_EXCEEDED);
}

TEST(a_profile_that_cannot_be_read_does_not_spoil_the_slide) {
  Opened opened;
  {
    const Set<std::atomic<bool>, bool> set(fake().icc_fails, true);
    CHECK(error_of([&] { (void)opened.slide->icc_profile(); }).code() == Code::UNSUPPORTED_PIXELS);
  }
  CHECK_EQ(opened.region(0, {.x = 20, .y = 20, .width_px = 2, .height_px = 2}).bad_tiles, 0);
}

TEST(tile_sizes_that_are_no_good_unit_are_not_taken) {
  for (const char* const told : {"1", "100000", "12.5", "-3", "x"}) {
    const Set<const char*, const char*> set(fake().tile_width, told);
    CHECK_EQ(Opened().slide->levels()[0].storage.tile_width_px, 512);
  }
}

TEST(a_file_that_changes_after_the_first_tile_spoils_the_region_and_the_picture) {
  const Folder folder;
  slide::OpenOptions options;
  options.files = {folder.put("data.dat", "pixels")};
  openslide::set_library_path(kFake);
  const auto slide = open_slide(folder.put("a.mrxs", "any"), options);
  decode::TileDecoder decoder;
  const auto region = [&] {
    return decode::RegionReader(*slide, decode::picture_of_level(*slide, 0), {.width_px = 4, .height_px = 4})
        .read(decoder, nullptr);
  };
  const auto overview = [&] {
    return decode::OverviewReader(*slide, 100, decode::BadTilePolicy::Error).read(decoder, nullptr);
  };
  CHECK_EQ(region().bad_tiles, 0);
  CHECK_EQ(overview().bad_tiles, 0);
  (void)folder.put("data.dat", "other pixels");
  CHECK(error_of([&] { (void)region(); }).code() == Code::SLIDE_CHANGED);
  CHECK(error_of([&] { (void)overview(); }).code() == Code::SLIDE_CHANGED);
}

TEST(a_slide_that_openslide_cannot_open_is_refused_with_its_words_in_one_line) {
  fake().failing_opens = 1;
  const Error error = refusal();
  CHECK(error.code() == Code::NOT_A_SLIDE);
  CHECK(has(error.found(), "it does not want to"));
}

TEST(words_of_openslide_that_are_known_have_codes_of_their_own) {
  const std::pair<const char*, Code> cases[] = {
      {"Couldn't open Data0001.dat: No such file or directory", Code::SLIDE_INCOMPLETE},
      {"Reading a.dcm: Unsupported transfer syntax 1.2.840.10008.1.2.4.80", Code::UNSUPPORTED_COMPRESSION},
      {"Unsupported TIFF compression: 50001", Code::UNSUPPORTED_COMPRESSION},
      {"Reading a.dcm: Unsupported photometric interpretation XYZ", Code::UNSUPPORTED_PIXELS},
      {"Reading a.dcm: Couldn't read PlanarConfiguration", Code::UNSUPPORTED_PIXELS},
      {"Attribute BitsAllocated value 16 != 8", Code::UNSUPPORTED_PIXELS},
  };
  for (const auto& [words, code] : cases) {
    const Set<const char*, const char*> set(fake().open_words, words);
    fake().failing_opens = 1;
    const Error error = refusal();
    CHECK(error.code() == code);
    CHECK(has(error.found(), words));
  }
}

TEST(everything_that_was_opened_is_closed_and_the_cache_is_bounded) {
  CHECK_EQ(fake().opened.load(), fake().closed.load());
  CHECK_EQ(fake().caches.load(), fake().released_caches.load());
  CHECK_EQ(fake().cache_bytes.load(), std::size_t{32} << 20);
}

}  // namespace

TEST_MAIN
