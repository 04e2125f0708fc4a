// Every kind of sample to RGB, against numbers worked out by hand and against exact fractions.
#include "decode/samples.h"

#include <cmath>
#include <cstring>

#include "test/check.h"
#include "test/support/bytes.h"

namespace {

using namespace microtome;
using namespace microtome::decode;
using Bytes = std::vector<std::uint8_t>;

Bytes convert(const Bytes& samples, std::int64_t width, int count, int bits, const slide::Storage& storage) {
  const std::int64_t pixel = count * (bits / 8);
  const SampleView view{samples.data(), width, static_cast<std::int64_t>(samples.size()) / pixel / width, count, bits};
  RgbImage image(view.width_px, view.height_px);
  samples_to_rgb(view, storage, 0, 0, image.view());
  return test::plain(image.data);
}

Bytes native16(const std::vector<std::uint16_t>& values) {
  Bytes out(2 * values.size());
  std::memcpy(out.data(), values.data(), out.size());
  return out;
}

slide::Storage of(slide::Photometric photometric) {
  slide::Storage storage;
  storage.photometric = photometric;
  return storage;
}

TEST(alpha_on_white_is_the_exact_mean_rounded_half_up) {
  int wrong = 0;
  for (int c = 0; c < 256; ++c)
    for (int a = 0; a < 256; ++a) {
      const int numerator = c * a + 255 * (255 - a);  // of 255
      const int expected = static_cast<int>(std::floor(numerator / 255.0 + 0.5));
      if (over_white(c, a) != expected) ++wrong;
      if (premultiplied_over_white(c, a) != std::min(255, c + 255 - a)) ++wrong;
    }
  CHECK_EQ(wrong, 0);
  CHECK_EQ(int{over_white(10, 0)}, 255);
  CHECK_EQ(int{over_white(10, 255)}, 10);
  CHECK_EQ(int{premultiplied_over_white(200, 100)}, 255);  // brighter than its alpha allows
}

TEST(rgb_is_copied_and_extra_samples_are_dropped) {
  CHECK(convert({1, 2, 3, 4, 5, 6}, 2, 3, 8, of(slide::Photometric::Rgb)) == (Bytes{1, 2, 3, 4, 5, 6}));
  CHECK(convert({1, 2, 3, 9, 4, 5, 6, 9}, 2, 4, 8, of(slide::Photometric::Rgb)) == (Bytes{1, 2, 3, 4, 5, 6}));
}

TEST(sixteen_bits_keep_the_upper_eight) {
  CHECK(convert(native16({0x1234, 0xFFFF, 0x00FF}), 1, 3, 16, of(slide::Photometric::Rgb)) == (Bytes{0x12, 0xFF, 0}));
  CHECK(convert(native16({0x80FF}), 1, 1, 16, of(slide::Photometric::MinIsBlack)) == (Bytes{0x80, 0x80, 0x80}));
  CHECK(convert(native16({0x80FF}), 1, 1, 16, of(slide::Photometric::MinIsWhite)) == (Bytes{0x7F, 0x7F, 0x7F}));
}

TEST(grey_both_ways) {
  CHECK(convert({0, 200}, 2, 1, 8, of(slide::Photometric::MinIsBlack)) == (Bytes{0, 0, 0, 200, 200, 200}));
  CHECK(convert({0, 200}, 2, 1, 8, of(slide::Photometric::MinIsWhite)) == (Bytes{255, 255, 255, 55, 55, 55}));
}

TEST(palettes_of_16_and_of_8_bit_entries) {
  auto storage = of(slide::Photometric::Palette);
  storage.palette.assign(3 * 256, 0);
  storage.palette[5] = 0x1122;
  storage.palette[256 + 5] = 0x3344;
  storage.palette[512 + 5] = 0xFFFF;
  CHECK(convert({5, 0}, 2, 1, 8, storage) == (Bytes{0x11, 0x33, 0xFF, 0, 0, 0}));
  storage.palette.assign(3 * 256, 0);
  storage.palette[5] = 0x22;
  storage.palette[256 + 5] = 0x44;
  storage.palette[512 + 5] = 0xFF;
  CHECK(convert({5}, 1, 1, 8, storage) == (Bytes{0x22, 0x44, 0xFF}));
  storage.palette.assign(6, 0);  // a table that is too short
  CHECK(convert({1, 2}, 2, 1, 8, storage) == (Bytes{0, 0, 0, 255, 255, 255}));
}

TEST(palette_with_16_bit_indices) {
  auto storage = of(slide::Photometric::Palette);
  storage.palette.assign(3 * 65536, 0);
  storage.palette[0x1234] = 0xAB00;
  CHECK(convert(native16({0x1234}), 1, 1, 16, storage) == (Bytes{0xAB, 0, 0}));
}

TEST(alpha_is_composited_where_the_storage_says_it_is) {
  auto storage = of(slide::Photometric::Rgb);
  storage.alpha = slide::Alpha::Unassociated;
  storage.alpha_sample = 3;
  CHECK(convert({0, 100, 255, 128}, 1, 4, 8, storage) ==
        (Bytes{over_white(0, 128), over_white(100, 128), over_white(255, 128)}));
  storage.alpha_sample = 4;
  CHECK(convert({0, 100, 255, 9, 128}, 1, 5, 8, storage) ==
        (Bytes{over_white(0, 128), over_white(100, 128), over_white(255, 128)}));
  storage.alpha = slide::Alpha::Associated;
  storage.alpha_sample = 3;
  CHECK(convert({0, 100, 255, 128}, 1, 4, 8, storage) == (Bytes{127, 227, 255}));
  CHECK(convert(native16({0x0001, 0x6401, 0xFFFF, 0x80FF}), 1, 4, 16, storage) == (Bytes{127, 227, 255}));
  auto grey = of(slide::Photometric::MinIsWhite);
  grey.alpha = slide::Alpha::Unassociated;
  grey.alpha_sample = 1;
  const auto value = over_white(205, 10);
  CHECK(convert({50, 10}, 1, 2, 8, grey) == (Bytes{value, value, value}));
}

TEST(windows_are_cut_where_asked) {
  Bytes samples;
  for (int i = 0; i < 3 * 12; ++i) samples.push_back(static_cast<std::uint8_t>(i));
  const SampleView view{samples.data(), 4, 3, 3, 8};
  RgbImage out(2, 2);
  samples_to_rgb(view, of(slide::Photometric::Rgb), 1, 1, out.view());
  CHECK(test::plain(out.data) == (Bytes{15, 16, 17, 18, 19, 20, 27, 28, 29, 30, 31, 32}));
}

TEST(planes_are_interleaved) {
  Bytes out(6);
  interleave_plane(Bytes{1, 2}, 0, 3, 8, out);
  interleave_plane(Bytes{3, 4}, 1, 3, 8, out);
  interleave_plane(Bytes{5, 6}, 2, 3, 8, out);
  CHECK(out == (Bytes{1, 3, 5, 2, 4, 6}));
  Bytes wide(8);
  interleave_plane(Bytes{1, 2, 3, 4}, 0, 2, 16, wide);
  interleave_plane(Bytes{5, 6, 7, 8}, 1, 2, 16, wide);
  CHECK(wide == (Bytes{1, 2, 5, 6, 3, 4, 7, 8}));
}

}  // namespace

TEST_MAIN
