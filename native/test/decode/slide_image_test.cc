// Whole slides as model inputs: the choice of the level, exact averages, places, budgets, and what is refused.
#include "decode/slide_image.h"

#include <string>

#include "test/decode/level_support.h"
#include "test/support/late_source.h"
#include "test/support/peak_memory.h"
#include "test/support/tiff_writer.h"

namespace {

using namespace microtome;
using namespace microtome::decode;
using namespace microtome::test;
using Fit = SlideImageRequest::Fit;

SlideImageRequest sized(Fit fit, std::int64_t width, std::int64_t height) {
  SlideImageRequest request;
  request.fit = fit;
  request.width_px = width;
  request.height_px = height;
  return request;
}

SlideImageRequest budget(std::int64_t max_pixels, std::int64_t multiple_of = 1) {
  SlideImageRequest request;
  request.fit = Fit::Budget;
  request.max_pixels = max_pixels;
  request.multiple_of = multiple_of;
  return request;
}

Region image(const slide::Slide& slide, const SlideImageRequest& request) {
  TileDecoder decoder;
  return SlideImageReader(slide, request).read(decoder, nullptr);
}

// Levels that are told apart by their colour: 10, 20, 30 and so on.
struct Levels {
  FakeSlide slide;
  explicit Levels(const std::vector<std::pair<int, int>>& sides) {
    int colour = 0;
    for (const auto& [width, height] : sides)
      add_level(slide, Bytes(static_cast<std::size_t>(3 * width * height), static_cast<std::uint8_t>(colour += 10)),
                width, height, 16);
  }
};

Bytes part_of(const Bytes& pixels, std::int64_t stride_px, const Area& area) {
  Bytes out;
  for (std::int64_t y = area.y; y < area.y + area.height_px; ++y)
    for (std::int64_t i = 3 * area.x; i < 3 * (area.x + area.width_px); ++i)
      out.push_back(pixels[static_cast<std::size_t>(3 * stride_px * y + i)]);
  return out;
}

std::string message_of(const slide::Slide& slide, const SlideImageRequest& request) {
  try {
    (void)plan_slide_image(slide, request);
  } catch (const Error& error) {
    return std::string(code_name(error.code())) + ": " + error.message();
  }
  return "nothing was thrown";
}

TEST(a_stretched_image_is_the_exact_area_average_whatever_its_aspect) {
  const Bytes pixels = noise(61, 43);
  FakeSlide slide;
  add_level(slide, pixels, 61, 43, 16);
  for (const auto& [width, height] : {std::pair{20, 20}, {61, 7}, {9, 43}, {1, 1}, {60, 42}, {61, 43}}) {
    const Region region = image(slide, sized(Fit::Stretch, width, height));
    CHECK_EQ(region.image.width_px, width);
    CHECK_EQ(region.image.height_px, height);
    CHECK(plain(region.image.data) == reference(pixels, 61, 43, width, height));
  }
}

TEST(a_contained_image_keeps_its_aspect_and_lies_in_the_middle_of_its_background) {
  const Bytes pixels = noise(60, 30);
  FakeSlide slide;
  add_level(slide, pixels, 60, 30, 16);
  SlideImageRequest request = sized(Fit::Contain, 40, 41);
  request.background = {1, 2, 3};
  const SlideImagePlan plan = plan_slide_image(slide, request);
  CHECK_EQ(plan.into.x, 0);
  CHECK_EQ(plan.into.y, 10);
  CHECK_EQ(plan.into.width_px, 40);
  CHECK_EQ(plan.into.height_px, 20);
  const Bytes got = plain(image(slide, request).image.data);
  CHECK(part_of(got, 40, plan.into) == reference(pixels, 60, 30, 40, 20));
  for (const auto& [top, rows] : {std::pair{0, 10}, {30, 11}}) {
    const Bytes beside = part_of(got, 40, {0, top, 40, rows});
    for (std::size_t i = 0; i < beside.size(); ++i) CHECK_EQ(int{beside[i]}, static_cast<int>(1 + i % 3));
  }
  // Upright: the background is at both sides.
  const SlideImagePlan upright = plan_slide_image(slide, sized(Fit::Contain, 50, 10));
  CHECK_EQ(upright.into.x, 15);
  CHECK_EQ(upright.into.width_px, 20);
  CHECK_EQ(upright.into.height_px, 10);
}

TEST(the_smallest_level_that_need_not_be_enlarged_is_read) {
  Levels levels({{64, 32}, {32, 16}, {16, 8}});
  const auto level = [&](Fit fit, std::int64_t width, std::int64_t height) {
    return int{
        image(levels.slide, sized(fit, width, height)).image.data[static_cast<std::size_t>(3 * (height / 2) * width)]};
  };
  CHECK_EQ(level(Fit::Stretch, 16, 8), 30);
  CHECK_EQ(level(Fit::Stretch, 16, 9), 20);
  CHECK_EQ(level(Fit::Stretch, 17, 8), 20);
  CHECK_EQ(level(Fit::Stretch, 10, 17), 10);
  CHECK_EQ(level(Fit::Contain, 16, 16), 30);  // 16 x 8 in the middle
  CHECK_EQ(level(Fit::Contain, 17, 16), 20);
  SlideImageRequest request = sized(Fit::Stretch, 8, 8);
  request.level = 0;
  CHECK_EQ(int{image(levels.slide, request).image.data[0]}, 10);
}

TEST(a_level_is_never_enlarged) {
  Levels levels({{64, 32}, {32, 16}});
  CHECK(message_of(levels.slide, sized(Fit::Stretch, 64, 33))
            .find("LEVEL_OUT_OF_RANGE: the largest level has 64 x 32 pixels, the model takes an image of 64 x 33 "
                  "pixels: the "
                  "level would have to be enlarged") == 0);
  CHECK(message_of(levels.slide, sized(Fit::Contain, 65, 65)).find("LEVEL_OUT_OF_RANGE") == 0);
  SlideImageRequest request = sized(Fit::Stretch, 33, 16);
  request.level = 1;
  CHECK(message_of(levels.slide, request).find("LEVEL_OUT_OF_RANGE: level 1 has 32 x 16 pixels") == 0);
  for (const std::int64_t level : {-1, 2}) {
    request.level = level;
    CHECK(message_of(levels.slide, request).find("LEVEL_OUT_OF_RANGE") == 0);
  }
}

TEST(a_budget_takes_the_largest_level_within_it_as_it_is) {
  const Bytes large = noise(64, 48), small = noise(33, 25);
  FakeSlide slide;
  add_level(slide, large, 64, 48, 16);
  add_level(slide, small, 33, 25, 16);
  add_level(slide, Bytes(3 * 16 * 12, 7), 16, 12, 16);
  CHECK(plain(image(slide, budget(64 * 48)).image.data) == large);
  CHECK(plain(image(slide, budget(64 * 48 - 1)).image.data) == small);
  CHECK(plain(image(slide, budget(33 * 25)).image.data) == small);
  const Region cut = image(slide, budget(33 * 25, 8));
  CHECK_EQ(cut.image.width_px, 32);
  CHECK_EQ(cut.image.height_px, 24);
  CHECK(plain(cut.image.data) == part_of(small, 33, {0, 0, 32, 24}));
}

TEST(where_no_level_is_within_the_budget_the_smallest_one_is_reduced) {
  const Bytes pixels = noise(60, 40);
  FakeSlide slide;
  add_level(slide, Bytes(3 * 120 * 80, 7), 120, 80, 16);
  add_level(slide, pixels, 60, 40, 16);
  const Region region = image(slide, budget(600));
  CHECK_EQ(region.image.width_px, 30);
  CHECK_EQ(region.image.height_px, 20);
  CHECK(plain(region.image.data) == reference(pixels, 60, 40, 30, 20));
  const Region multiple = image(slide, budget(600, 8));
  CHECK(plain(multiple.image.data) == reference(pixels, 60, 40, 24, 16));
  SlideImageRequest of_level = budget(600);
  of_level.level = 0;
  CHECK_EQ(int{image(slide, of_level).image.data[0]}, 7);
  for (std::int64_t pixels_at_most = 1; pixels_at_most < 2400; pixels_at_most += 7) {
    const SlideImagePlan plan = plan_slide_image(slide, budget(pixels_at_most));
    CHECK(plan.width_px >= 1 && plan.height_px >= 1 && plan.width_px * plan.height_px <= pixels_at_most);
  }
  CHECK(message_of(slide, budget(600, 21)).find("LEVEL_OUT_OF_RANGE: level 1 gives an image of 30 x 20 pixels") == 0);
}

TEST(a_thin_slide_stays_within_its_budget) {
  FakeSlide slide;
  slide.add_level(100'000, 3);
  const SlideImagePlan plan = plan_slide_image(slide, budget(1000));
  CHECK_EQ(plan.width_px, 1000);
  CHECK_EQ(plan.height_px, 1);
}

TEST(requests_that_cannot_be_met_are_refused_by_name) {
  Levels levels({{64, 32}});
  for (const auto& bad : {sized(Fit::Stretch, 0, 5), sized(Fit::Contain, 5, -1), budget(0), budget(100, 0)})
    CHECK(message_of(levels.slide, bad).find("INVALID_OPTION") == 0);
  slide::Limits limits;
  limits.request_bytes = 299;
  levels.slide.set_limits(limits);
  CHECK(
      message_of(levels.slide, sized(Fit::Stretch, 10, 10)).find("LIMIT_EXCEEDED: the image of the slide of 10 x 10") ==
      0);
  limits.request_bytes = 300;
  limits.decoded_tile_bytes = 3 * 16 * 16 - 1;
  levels.slide.set_limits(limits);
  CHECK(message_of(levels.slide, sized(Fit::Stretch, 10, 10)).find("LIMIT_EXCEEDED") == 0);
}

TEST(bad_and_missing_tiles_are_white_and_counted) {
  FakeSlide slide;
  add_level(slide, Bytes(3 * 64 * 64, 0), 64, 64, 32);
  slide.set_tile(0, 1, 0, Bytes{});
  slide.set_tile(0, 0, 1, Bytes(5));
  SlideImageRequest request = sized(Fit::Stretch, 2, 2);
  CHECK_THROWS(CORRUPT_TILE, (void)image(slide, request));
  request.on_bad_tile = BadTilePolicy::Fill;
  const Region region = image(slide, request);
  CHECK_EQ(region.bad_tiles, 1);
  CHECK_EQ(region.missing_tiles, 1);
  CHECK(plain(region.image.data) == (Bytes{0, 0, 0, 255, 255, 255, 255, 255, 255, 0, 0, 0}));
}

TEST(bytes_that_come_later_give_the_same_image) {
  const Bytes pixels = noise(100, 80);
  TiffWriter file;
  file.add(tiff_image(100, 80, 16).tiles(tiles_of(pixels, 100, 80, 16)));
  const auto source = std::make_shared<LateSource>(file.bytes());
  const auto slide = source->until_here([&] { return slide::Slide::open(source); });
  for (const auto& request : {sized(Fit::Stretch, 31, 37), sized(Fit::Contain, 50, 50), budget(8000)}) {
    SlideImageReader reader(*slide, request);
    TileDecoder decoder;
    const Region late = source->until_here([&] { return reader.read(decoder, nullptr); });
    const auto whole = slide::Slide::open(memory_source(file.bytes()));
    CHECK(plain(late.image.data) == plain(image(*whole, request).image.data));
  }
  CHECK(source->waits() > 20);
}

TEST(cancelling_stops) {
  FakeSlide slide;
  slide.add_level(1000, 1000);
  CancelToken cancel;
  cancel.cancel();
  TileDecoder decoder;
  SlideImageReader reader(slide, sized(Fit::Stretch, 10, 10));
  CHECK_THROWS(CANCELLED, (void)reader.read(decoder, &cancel));
}

// Also where nothing is reduced, and sums of the whole would be eight times the picture.
TEST(memory_stays_within_what_was_said_before) {
  FakeSlide slide;
  slide.add_level(4000, 3000, 1000);
  for (const auto& request : {budget(12'000'000), sized(Fit::Stretch, 3999, 2999)}) {
    const std::int64_t bytes = plan_slide_image(slide, request).bytes;
    Region region;
    const auto growth = test::peak_growth_bytes([&] { region = image(slide, request); });
    CHECK_EQ(region.missing_tiles, 12);
    CHECK(bytes >= 3 * region.image.width_px * region.image.height_px);
    if (growth) CHECK(*growth < bytes + (4 << 20));
  }
  CHECK_EQ(plan_slide_image(slide, budget(12'000'000)).bytes, 36'000'000);
}

}  // namespace

TEST_MAIN
