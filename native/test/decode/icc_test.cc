// ICC profiles applied to pixels, against the formula of a profile with primaries and a gamma; what is refused;
// threads.
#include "decode/icc.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <thread>

#include "slide/slide.h"
#include "test/decode/codec_support.h"
#include "test/support/icc_profile.h"
#include "test/support/tiff_writer.h"

using namespace microtome;
using namespace microtome::decode;
using namespace microtome::test;

namespace {

// Red and green of sRGB change places; blue stays.
constexpr std::array<std::array<double, 3>, 3> kSwapped = {kSrgbPrimaries[1], kSrgbPrimaries[0], kSrgbPrimaries[2]};

Bytes noise(std::size_t pixels, std::uint32_t seed) {
  std::mt19937 random(seed);
  Bytes rgb(3 * pixels);
  for (auto& sample : rgb) sample = static_cast<std::uint8_t>(random());
  return rgb;
}

Bytes applied(const IccTransform& icc, Bytes rgb, std::int64_t width) {
  icc.apply({rgb.data(), width, static_cast<std::int64_t>(rgb.size()) / 3 / width, 3 * width});
  return rgb;
}

// A sample of the device is linear to the power of gamma; sRGB has its own curve.
std::uint8_t srgb_of(std::uint8_t sample, double gamma) {
  const double linear = std::pow(sample / 255.0, gamma);
  const double encoded = linear > 0.0031308 ? 1.055 * std::pow(linear, 1 / 2.4) - 0.055 : 12.92 * linear;
  return static_cast<std::uint8_t>(std::lround(255 * encoded));
}

Bytes changed(Bytes bytes, std::size_t at, std::string_view letters) {
  std::copy(letters.begin(), letters.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
  return bytes;
}

}  // namespace

TEST(a_gamma_and_swapped_primaries_give_what_their_formula_gives) {
  if (!have_vips(__func__)) return;
  const Bytes rgb = noise(5000, 1);
  const IccTransform icc(rgb_profile(kSwapped, 1.8));
  const Bytes got = applied(icc, rgb, 100);
  Bytes want;
  for (std::size_t i = 0; i < rgb.size(); i += 3)
    for (const std::size_t from : {1u, 0u, 2u}) want.push_back(srgb_of(rgb[i + from], 1.8));
  CHECK(largest_difference(got, want) <= 2);
  CHECK(largest_difference(got, rgb) > 100);
}

TEST(images_of_any_size_are_converted_pixel_by_pixel) {
  if (!have_vips(__func__)) return;
  const IccTransform icc(rgb_profile(kSwapped, 2.2));
  // One row longer than what is converted at once, rows that do not fill it, one pixel, and a window with gaps.
  const Bytes rgb = noise(70000, 2);
  const Bytes long_row = applied(icc, rgb, 70000);
  CHECK(applied(icc, rgb, 700) == long_row);
  CHECK(applied(icc, rgb, 10000) == long_row);
  CHECK(applied(icc, {rgb.begin(), rgb.begin() + 3}, 1) == Bytes(long_row.begin(), long_row.begin() + 3));
  Bytes window = rgb;
  icc.apply({window.data() + 3 * 20, 50, 700, 300});
  for (std::size_t i = 0; i < window.size(); ++i) {
    const std::size_t x = i / 3 % 100;
    CHECK(window[i] == (x >= 20 && x < 70 ? long_row[i] : rgb[i]));
  }
  Bytes none;
  icc.apply({none.data(), 0, 0, 0});
}

TEST(tiles_that_follow_each_other_do_not_mix) {
  if (!have_vips(__func__)) return;
  const IccTransform icc(rgb_profile(kSwapped, 2.2));
  const Bytes first = noise(256 * 256, 3), second = noise(256 * 256, 4);
  const Bytes once = applied(IccTransform(rgb_profile(kSwapped, 2.2)), second, 256);
  for (int i = 0; i < 20; ++i) {
    CHECK(applied(icc, first, 256) != once);
    CHECK(applied(icc, second, 256) == once);
  }
}

TEST(all_threads_give_the_same_bits) {
  if (!have_vips(__func__)) return;
  const IccTransform icc(rgb_profile(kSwapped, 2.2));
  std::vector<Bytes> tiles, want, got;
  for (std::uint32_t i = 0; i < 4; ++i) {
    tiles.push_back(noise(128 * 128, 10 + i));
    want.push_back(applied(icc, tiles.back(), 128));
  }
  got = tiles;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < tiles.size(); ++i)
    threads.emplace_back([&, i] {
      for (int turn = 0; turn < 20; ++turn) got[i] = applied(icc, tiles[i], 128);
      leave_thread();
    });
  for (auto& thread : threads) thread.join();
  CHECK(got == want);
}

TEST(what_is_no_rgb_profile_is_refused) {
  const Bytes good = rgb_profile(kSrgbPrimaries, 2.2);
  require_rgb_profile(good);
  CHECK_THROWS(UNSUPPORTED_PIXELS, require_rgb_profile({}));
  CHECK_THROWS(UNSUPPORTED_PIXELS, require_rgb_profile(std::span(good).first(127)));
  CHECK_THROWS(UNSUPPORTED_PIXELS, require_rgb_profile(std::span(good).first(good.size() - 1)));
  CHECK_THROWS(UNSUPPORTED_PIXELS, require_rgb_profile(changed(good, 36, "nope")));
  CHECK_THROWS(UNSUPPORTED_PIXELS, require_rgb_profile(changed(good, 16, "CMYK")));
  CHECK_THROWS(UNSUPPORTED_PIXELS, require_rgb_profile(changed(good, 16, "GRAY")));
  CHECK_THROWS(UNSUPPORTED_PIXELS, require_rgb_profile(changed(good, 12, "link")));
  CHECK_THROWS(UNSUPPORTED_PIXELS, require_rgb_profile(changed(good, 20, "RGB ")));
  CHECK_THROWS(UNSUPPORTED_PIXELS, require_rgb_profile(changed(good, 0, std::string_view("\0\0\0\0", 4))));
}

TEST(profiles_that_lcms_cannot_use_are_refused) {
  if (!have_vips(__func__)) return;
  CHECK_THROWS(UNSUPPORTED_PIXELS, IccTransform(IccWriter().bytes()));  // no tag at all
  CHECK_THROWS(UNSUPPORTED_PIXELS, IccTransform(IccWriter().tag("wtpt", xyz_tag({0.9642, 1, 0.8249})).bytes()));
  // Every profile that is cut or bent somewhere is used or refused; nothing else happens.
  const Bytes good = rgb_profile(kSwapped, 2.2);
  std::mt19937 random(5);
  for (int i = 0; i < 300; ++i) {
    Bytes bad = good;
    for (int bytes = 0; bytes < 3; ++bytes)
      bad[128 + random() % (bad.size() - 128)] = static_cast<std::uint8_t>(random());
    try {
      CHECK_EQ(applied(IccTransform(bad), noise(10, 6), 5).size(), std::size_t{30});
    } catch (const Error& error) {
      CHECK(error.code() == Code::UNSUPPORTED_PIXELS);
    }
  }
}

TEST(the_profile_of_a_slide_is_that_of_its_page) {
  const Bytes profile = rgb_profile(kSwapped, 2.2);
  const auto with = [&](std::uint16_t type, const Bytes& bytes) {
    TiffWriter file;
    file.add(tiff_image(64, 48, 16).set(tag::kIccProfile, {bytes.begin(), bytes.end()}, type));
    return file.source();
  };
  CHECK(slide::Slide::open(with(type::kUndefined, profile))->icc_profile() == profile);
  CHECK_THROWS(UNSUPPORTED_PIXELS, (void)slide::Slide::open(with(type::kShort, profile))->icc_profile());
  slide::OpenOptions small;
  small.limits.metadata_bytes = profile.size() - 1;
  CHECK_THROWS(LIMIT_EXCEEDED, (void)slide::Slide::open(with(type::kUndefined, profile), small)->icc_profile());
  TiffWriter without;
  without.add(tiff_image(64, 48, 16));
  CHECK(slide::Slide::open(without.source())->icc_profile().empty());
}

TEST_MAIN
