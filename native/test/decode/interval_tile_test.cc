// Tiles that are restart intervals of one JPEG: every pixel is what its interval gives as a JPEG of its own, however a
// window, a region or an overview cuts it, and damage is named.
#include "decode/interval_tile.h"

#include <algorithm>
#include <functional>
#include <random>

#include "decode/region.h"
#include "test/check.h"
#include "test/decode/codec_support.h"
#include "test/support/ndpi_writer.h"

namespace {

using namespace microtome;
using namespace microtome::decode;
using namespace microtome::test;

constexpr int kWidth = 512, kHeight = 400, kInterval = 128;

Bytes noisy(int width, int height) {
  Bytes rgb = picture(width, height);
  std::mt19937 random(11);
  for (auto& value : rgb)
    value = static_cast<std::uint8_t>(std::clamp<int>(value + static_cast<int>(random() % 60) - 30, 0, 255));
  return rgb;
}

struct Sampling {
  const char* name;
  IntervalShape shape;
};

const std::vector<Sampling>& samplings() {
  static const std::vector<Sampling> all{
      {"4:4:4", {.interval_px = kInterval, .mcu_rows = 8, .options = {.half_chroma = false}}},
      {"4:2:2", {.interval_px = kInterval, .mcu_rows = 8, .options = {.half_chroma = true, .half_width = true}}},
      {"4:2:0", {.interval_px = kInterval, .mcu_rows = 16, .options = {.half_chroma = true}}}};
  return all;
}

struct Ndpi {
  IntervalJpeg level;
  NdpiWriter file;
  std::shared_ptr<const slide::Slide> slide;
  TileDecoder decoder;

  explicit Ndpi(const IntervalShape& shape, int width = kWidth, int height = kHeight) {
    level = interval_jpeg(JpegTool(), noisy(width, height), width, height, shape);
    file.add({.width = static_cast<std::uint64_t>(width),
              .height = static_cast<std::uint64_t>(height),
              .jpeg = level.jpeg,
              .starts = level.starts});
    slide = slide::Slide::open(file.source());
  }

  Bytes region(std::int64_t x, std::int64_t y, std::int64_t width, std::int64_t height) {
    RegionReader reader(*slide, picture_of_level(*slide, 0), {x, y, width, height});
    const Region read = reader.read(decoder, nullptr);
    return {read.image.data.begin(), read.image.data.end()};
  }

  // Of the pixels that are expected; white beyond them.
  [[nodiscard]] Bytes expected(int x, int y, int width, int height) const {
    Bytes out;
    const int all_width = static_cast<int>(slide->levels()[0].storage.width_px);
    const int all_height = static_cast<int>(slide->levels()[0].storage.height_px);
    for (int row = y; row < y + height; ++row)
      for (int column = x; column < x + width; ++column)
        for (int c = 0; c < 3; ++c)
          out.push_back(column < all_width && row < all_height
                            ? level.pixels[static_cast<std::size_t>(3 * (row * all_width + column) + c)]
                            : 255);
    return out;
  }
};

// What decoding the tile at column 1, row 0 says.
std::string error_of(const std::function<void(NdpiWriter::Page&)>& damage) {
  Ndpi ndpi(samplings()[0].shape);
  damage(ndpi.file.page(0));
  ndpi.slide = slide::Slide::open(ndpi.file.source());
  try {
    (void)ndpi.region(kInterval, 0, 20, 20);
  } catch (const Error& error) {
    CHECK(error.tile() && error.tile()->column == 1 && error.tile()->row == 0);
    return std::string(code_name(error.code())) + ": " + error.found();
  }
  return "nothing";
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST(every_pixel_is_that_of_its_own_interval) {
  if (!have_jpeg("every_pixel_is_that_of_its_own_interval")) return;
  for (const auto& [name, shape] : samplings()) {
    Ndpi ndpi(shape);
    const auto& storage = ndpi.slide->levels()[0].storage;
    CHECK_EQ(storage.tile_width_px, kInterval);
    CHECK_EQ(storage.tile_height_px, 256);
    CHECK_EQ(storage.parts(), 256 / shape.mcu_rows);
    if (ndpi.region(0, 0, kWidth, kHeight) != ndpi.expected(0, 0, kWidth, kHeight))
      test::fail(__FILE__, __LINE__, name);
  }
}

TEST(regions_begin_anywhere_and_are_white_beyond_the_slide) {
  if (!have_jpeg("regions_begin_anywhere_and_are_white_beyond_the_slide")) return;
  for (const auto& [name, shape] : samplings()) {
    Ndpi ndpi(shape);
    for (const auto& [x, y, width, height] : {std::array{1, 1, 3, 3}, std::array{120, 7, 20, 11},
                                              std::array{127, 250, 130, 20}, std::array{500, 390, 30, 30}})
      if (ndpi.region(x, y, width, height) != ndpi.expected(x, y, width, height)) test::fail(__FILE__, __LINE__, name);
  }
}

TEST(windows_of_a_tile_and_the_loaded_tile_hold_the_same_pixels) {
  if (!have_jpeg("windows_of_a_tile_and_the_loaded_tile_hold_the_same_pixels")) return;
  for (const auto& [name, shape] : samplings()) {
    Ndpi ndpi(shape);
    const auto& storage = ndpi.slide->levels()[0].storage;
    // The last row of tiles: 144 rows of 256 are there.
    RgbImage one(40, 200), two(128, 9);
    const std::array windows{TileWindow{5, 30, one.view()}, TileWindow{0, 3, two.view()}};
    ndpi.decoder.decode(*ndpi.slide, storage, 0, {0, 2, 1}, windows);
    Bytes first = ndpi.expected(2 * kInterval + 5, 256 + 30, 40, 200);
    CHECK(std::equal(first.begin(), first.end(), one.data.begin()));
    const Bytes second = ndpi.expected(2 * kInterval, 256 + 3, 128, 9);
    CHECK(std::equal(second.begin(), second.end(), two.data.begin()));
    ndpi.decoder.load(*ndpi.slide, storage, 0, {0, 2, 1});
    RgbImage copied(40, 200);
    ndpi.decoder.copy(5, 30, copied.view());
    if (copied.data != one.data) test::fail(__FILE__, __LINE__, name);
  }
}

TEST(a_window_reads_the_intervals_that_it_needs) {
  if (!have_jpeg("a_window_reads_the_intervals_that_it_needs")) return;
  Ndpi ndpi(samplings()[0].shape);
  // The second interval of column 1 is lost; a window below it does not care.
  ndpi.file.page(0).jpeg[ndpi.level.starts[5] - 1] = 0;
  ndpi.slide = slide::Slide::open(ndpi.file.source());
  CHECK(ndpi.region(kInterval, 16, 20, 20) == ndpi.expected(kInterval, 16, 20, 20));
  CHECK_THROWS(CORRUPT_TILE, (void)ndpi.region(kInterval, 15, 20, 20));
}

TEST(bytes_that_were_read_ahead_give_the_same_pixels) {
  if (!have_jpeg("bytes_that_were_read_ahead_give_the_same_pixels")) return;
  Ndpi ndpi(samplings()[1].shape);
  const auto& storage = ndpi.slide->levels()[0].storage;
  const std::array<TileAddress, 3> ahead{TileAddress{0, 0, 0}, {0, 1, 0}, {0, 3, 1}};
  ndpi.decoder.read_ahead(*ndpi.slide, storage, 0, ahead);
  CHECK(ndpi.region(0, 0, kWidth, kHeight) == ndpi.expected(0, 0, kWidth, kHeight));
}

// Each block of 8 x 8 coefficients gives its means, whatever its neighbours are: an interval alone gives them as well.
TEST(a_reduced_tile_is_made_of_reduced_intervals) {
  if (!have_jpeg("a_reduced_tile_is_made_of_reduced_intervals")) return;
  Ndpi ndpi(samplings()[0].shape);
  const auto& storage = ndpi.slide->levels()[0].storage;
  for (const int reduction : {2, 4, 8}) {
    CHECK(TileDecoder::can_reduce(storage, reduction));
    RgbImage out(storage.tile_width_px / reduction, storage.tile_height_px / reduction);
    ndpi.decoder.decode_reduced(*ndpi.slide, storage, 0, {0, 1, 1}, reduction, out.view());
    // 144 of the 256 rows are there.
    const std::int64_t rows = 144 / reduction;
    CHECK_EQ(static_cast<int>(out.view().row(rows)[0]), 255);
    double difference = 0;
    const Bytes full = ndpi.expected(kInterval, 256, kInterval, 144);
    for (std::int64_t y = 0; y < rows; ++y)
      for (std::int64_t x = 0; x < out.width_px; ++x) {
        int sum = 0;
        for (int i = 0; i < reduction * reduction; ++i)
          sum += full[static_cast<std::size_t>(
              3 * ((y * reduction + i / reduction) * kInterval + x * reduction + i % reduction))];
        difference += std::abs(out.view().row(y)[3 * x] - static_cast<double>(sum) / (reduction * reduction));
      }
    CHECK(difference / static_cast<double>(rows * out.width_px) < 3);
  }
}

TEST(a_slide_that_is_wider_than_any_jpeg_is_read) {
  if (!have_jpeg("a_slide_that_is_wider_than_any_jpeg_is_read")) return;
  const int width = 70 * 1024, height = 16;
  for (const auto& stated : {std::pair(0, 0), std::pair(65535, height), std::pair(width & 0xFFFF, height)}) {
    Ndpi ndpi({.interval_px = 1024, .mcu_rows = 8, .options = {.half_chroma = false}, .stated = stated}, width, height);
    CHECK_EQ(ndpi.slide->levels()[0].storage.width_px, width);
    CHECK(ndpi.region(width - 1200, 0, 1200, height) == ndpi.expected(width - 1200, 0, 1200, height));
    CHECK(ndpi.region(65500, 0, 64, height) == ndpi.expected(65500, 0, 64, height));
  }
}

TEST(an_interval_whose_markers_are_not_where_the_table_says_is_named) {
  if (!have_jpeg("an_interval_whose_markers_are_not_where_the_table_says_is_named")) return;
  const auto shifted = error_of([](NdpiWriter::Page& page) { page.starts[1] += 3; });
  CHECK(has(shifted, "CORRUPT_TILE: the tile at level 0, column 1, row 0 cannot be decoded: no restart marker stands"));
  const auto next = error_of([](NdpiWriter::Page& page) { page.starts[2] += 1; });
  CHECK(has(next, "no restart marker stands"));
}

TEST(a_table_that_goes_back_or_leaves_the_jpeg_is_named) {
  if (!have_jpeg("a_table_that_goes_back_or_leaves_the_jpeg_is_named")) return;
  CHECK(has(error_of([](NdpiWriter::Page& page) { page.starts[2] = page.starts[1] - 4; }), "CORRUPT_TILE"));
  CHECK(has(error_of([](NdpiWriter::Page& page) { page.starts[2] = page.starts[1]; }), "CORRUPT_TILE"));
  CHECK(has(error_of([](NdpiWriter::Page& page) { page.starts[2] = page.jpeg.size() + 1; }), "CORRUPT_TILE"));
  CHECK(has(error_of([](NdpiWriter::Page& page) { page.starts[1] = 4; }), "CORRUPT_TILE"));
  CHECK(has(error_of([](NdpiWriter::Page& page) { page.starts[2] = std::uint64_t{1} << 45; }), "CORRUPT_TILE"));
}

TEST(an_interval_that_is_no_jpeg_is_named) {
  if (!have_jpeg("an_interval_that_is_no_jpeg_is_named")) return;
  const auto zeros = error_of([](NdpiWriter::Page& page) {
    std::fill(page.jpeg.begin() + static_cast<std::ptrdiff_t>(page.starts[1]),
              page.jpeg.begin() + static_cast<std::ptrdiff_t>(page.starts[2]) - 2, std::uint8_t{0xA5});
  });
  CHECK(has(zeros, "CORRUPT_TILE"));
  // Two intervals where the table says one is: a marker stands inside.
  const auto two = error_of([](NdpiWriter::Page& page) {
    for (std::size_t i = 2; i < page.starts.size(); ++i)
      page.starts[i] = page.starts[std::min(i + 1, page.starts.size() - 1)];
  });
  CHECK(has(two, "CORRUPT_TILE"));
}

TEST_MAIN
