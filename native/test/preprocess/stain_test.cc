// Fits of known stains, maps against their formulas in double precision, the sample, and what is refused.
#include "preprocess/stain.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include "preprocess/stain_sample.h"
#include "test/check.h"

using namespace microtome;
using namespace microtome::preprocess;

namespace {

constexpr std::array<double, 3> kHaematoxylin = {0.65, 0.70, 0.29};
constexpr std::array<double, 3> kEosin = {0.22, 0.80, 0.56};

std::array<double, 3> unit(std::array<double, 3> v) {
  const double length = std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
  for (double& part : v) part /= length;
  return v;
}

std::uint8_t sample_of(double density) {
  return static_cast<std::uint8_t>(std::clamp(std::lround(240 * std::exp(-density) - 1), 0l, 255l));
}

// Pixels of two stains; many have nearly one alone, as nuclei and stroma do.
std::vector<std::uint8_t> stained_pixels(std::size_t count, std::uint32_t seed, double strength = 1) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> any(0.0, 1.0);
  const auto h = unit(kHaematoxylin), e = unit(kEosin);
  std::vector<std::uint8_t> rgb;
  for (std::size_t i = 0; i < count; ++i) {
    const double kind = any(random);
    const double much = strength * (0.6 + 1.0 * any(random)), little = strength * 0.05 * any(random);
    const double of_h = kind < 0.4 ? much : kind < 0.8 ? little : much / 2;
    const double of_e = kind < 0.4 ? little : much / 1.3;
    for (std::size_t c = 0; c < 3; ++c) rgb.push_back(sample_of(of_h * h[c] + of_e * e[c]));
  }
  return rgb;
}

RgbView whole(std::vector<std::uint8_t>& rgb) {
  const auto width = static_cast<std::int64_t>(rgb.size() / 3);
  return {rgb.data(), width, 1, 3 * width};
}

std::vector<std::uint8_t> mapped(const StainMap& map, std::vector<std::uint8_t> rgb) {
  map.apply(whole(rgb));
  return rgb;
}

double dot(const std::array<double, 3>& a, const std::array<double, 3>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// Of one pixel: least squares by Cramer's rule, then the formula of the method.
std::array<double, 3> macenko_by_formula(const std::uint8_t* px, const MacenkoFit& slide, const MacenkoFit& reference) {
  std::array<double, 3> density{};
  for (std::size_t c = 0; c < 3; ++c) density[c] = -std::log((px[c] + 1) / 240.0);
  const auto &h = slide.stains[0], &e = slide.stains[1];
  const double hh = dot(h, h), he = dot(h, e), ee = dot(e, e), hd = dot(h, density), ed = dot(e, density);
  const double determinant = hh * ee - he * he;
  const double of_h = (hd * ee - ed * he) / determinant / slide.concentrations[0] * reference.concentrations[0];
  const double of_e = (ed * hh - hd * he) / determinant / slide.concentrations[1] * reference.concentrations[1];
  std::array<double, 3> out{};
  for (std::size_t c = 0; c < 3; ++c)
    out[c] = std::min(255.0, 240 * std::exp(-of_h * reference.stains[0][c] - of_e * reference.stains[1][c]));
  return out;
}

// CIELAB of a pixel, straight from its definition.
std::array<double, 3> lab_of(const std::uint8_t* px) {
  std::array<double, 3> linear{}, f{};
  for (std::size_t c = 0; c < 3; ++c) {
    const double v = px[c] / 255.0;
    linear[c] = v > 0.04045 ? std::pow((v + 0.055) / 1.055, 2.4) : v / 12.92;
  }
  const std::array<std::array<double, 3>, 3> rows = {
      {{0.412453, 0.357580, 0.180423}, {0.212671, 0.715160, 0.072169}, {0.019334, 0.119193, 0.950227}}};
  const std::array<double, 3> white = {0.95047, 1, 1.08883};
  for (std::size_t c = 0; c < 3; ++c) {
    const double t = dot(rows[c], linear) / white[c];
    f[c] = t > 0.008856 ? std::cbrt(t) : 7.787 * t + 16.0 / 116;
  }
  return {116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])};
}

ReinhardFit statistics(const std::vector<std::uint8_t>& rgb) {
  ReinhardFit fit;
  const std::size_t count = rgb.size() / 3;
  std::array<double, 3> squares{};
  for (std::size_t i = 0; i < count; ++i) {
    const auto lab = lab_of(&rgb[3 * i]);
    for (std::size_t c = 0; c < 3; ++c) {
      fit.mean[c] += lab[c];
      squares[c] += lab[c] * lab[c];
    }
  }
  for (std::size_t c = 0; c < 3; ++c) {
    fit.mean[c] /= static_cast<double>(count);
    fit.std[c] = std::sqrt(squares[c] / static_cast<double>(count) - fit.mean[c] * fit.mean[c]);
  }
  return fit;
}

const MacenkoFit kOther = {{{{0.5626, 0.7201, 0.4062}, {0.2159, 0.8012, 0.5581}}}, {1.9705, 1.0308}};

}  // namespace

TEST(macenko_finds_the_stains_that_made_the_pixels) {
  const auto fit = std::get<MacenkoFit>(fit_stain(StainMethod::Macenko, stained_pixels(20000, 1)));
  CHECK(dot(fit.stains[0], unit(kHaematoxylin)) > 0.998);
  CHECK(dot(fit.stains[1], unit(kEosin)) > 0.998);
  CHECK(std::abs(dot(fit.stains[0], fit.stains[0]) - 1) < 1e-12);
  CHECK(fit.concentrations[0] > 1.4 && fit.concentrations[0] < 1.7);
}

TEST(macenko_maps_every_pixel_as_its_formula) {
  const auto pixels = stained_pixels(20000, 2);
  const auto fit = std::get<MacenkoFit>(fit_stain(StainMethod::Macenko, pixels));
  const StainMap map(fit, kOther);
  std::mt19937 random(3);
  std::vector<std::uint8_t> any = pixels;
  for (int i = 0; i < 30000; ++i) any.push_back(static_cast<std::uint8_t>(random()));
  const auto got = mapped(map, any);
  std::size_t different = 0;
  for (std::size_t i = 0; i < any.size(); i += 3) {
    const auto want = macenko_by_formula(&any[i], fit, kOther);
    for (std::size_t c = 0; c < 3; ++c) {
      const int off = std::abs(got[i + c] - static_cast<int>(want[c]));
      CHECK(off <= 1);
      different += off != 0;
    }
  }
  // Only where the formula is within the precision of a float of a whole number.
  CHECK(different < any.size() / 1000);
}

TEST(a_slide_that_is_its_own_reference_stays_as_it_is) {
  const auto pixels = stained_pixels(5000, 4);
  for (const StainMethod method : {StainMethod::Macenko, StainMethod::Reinhard}) {
    const StainFit fit = fit_stain(method, pixels);
    const auto got = mapped(StainMap(fit, fit), pixels);
    int largest = 0;
    for (std::size_t i = 0; i < got.size(); ++i) largest = std::max(largest, std::abs(got[i] - pixels[i]));
    CHECK(largest <= 2);  // Macenko's densities are of sample + 1, and both methods truncate
  }
}

TEST(reinhard_measures_mean_and_deviation) {
  const auto pixels = stained_pixels(5000, 5);
  const auto fit = std::get<ReinhardFit>(fit_stain(StainMethod::Reinhard, pixels));
  const ReinhardFit want = statistics(pixels);
  for (std::size_t c = 0; c < 3; ++c) {
    CHECK(std::abs(fit.mean[c] - want.mean[c]) < 0.002);
    CHECK(std::abs(fit.std[c] - want.std[c]) < 0.002);
  }
}

TEST(reinhard_gives_the_mean_and_deviation_of_the_reference) {
  const auto pixels = stained_pixels(5000, 6, 0.8);
  ReinhardFit reference = statistics(pixels);
  reference.mean = {reference.mean[0] - 6, reference.mean[1] - 4, reference.mean[2] + 5};
  reference.std = {reference.std[0] * 0.8, reference.std[1] * 0.9, reference.std[2] * 0.7};
  const auto got = statistics(mapped(StainMap(fit_stain(StainMethod::Reinhard, pixels), reference), pixels));
  for (std::size_t c = 0; c < 3; ++c) {
    CHECK(std::abs(got.mean[c] - reference.mean[c]) < 0.3);  // samples are truncated: half of one is 0.2 of L*
    CHECK(std::abs(got.std[c] - reference.std[c]) < 0.3);
  }
}

TEST(all_threads_give_the_same_bits_and_pixels_beside_the_tile_stay) {
  const auto pixels = stained_pixels(64 * 40, 7);
  const StainMap map(fit_stain(StainMethod::Reinhard, pixels), ReinhardFit{{55, 22, -14}, {14, 9, 6}});
  std::vector<std::vector<std::uint8_t>> results(4, pixels);
  std::vector<std::thread> threads;
  for (auto& result : results) threads.emplace_back([&] { map.apply({result.data() + 3 * 10, 20, 40, 3 * 64}); });
  for (auto& thread : threads) thread.join();
  for (const auto& result : results) CHECK(result == results[0]);
  const auto all = mapped(map, pixels);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const std::size_t x = i / 3 % 64;
    CHECK(results[0][i] == (x >= 10 && x < 30 ? all[i] : pixels[i]));
  }
}

TEST(what_has_no_two_stains_is_refused) {
  std::vector<std::uint8_t> grey, one_stain;
  std::mt19937 random(8);
  for (int i = 0; i < 4000; ++i) {
    const auto value = static_cast<std::uint8_t>(20 + random() % 180);
    grey.insert(grey.end(), {value, value, value});
    const double much = 0.3 + static_cast<double>(random() % 1000) / 800;
    for (const double part : unit(kHaematoxylin)) one_stain.push_back(sample_of(much * part));
  }
  // The rounding of its samples alone makes angles between its pixels.
  CHECK_THROWS(NO_TISSUE, (void)fit_stain(StainMethod::Macenko, one_stain));
  const std::vector<std::uint8_t> flat(12000, 120);
  for (const auto& pixels : {grey, flat}) {
    CHECK_THROWS(NO_TISSUE, (void)fit_stain(StainMethod::Macenko, pixels));
    CHECK_THROWS(NO_TISSUE, (void)fit_stain(StainMethod::Reinhard, pixels));
  }
}

TEST(too_few_pixels_are_refused) {
  const auto few = stained_pixels(kFewestStainPixels - 1, 9);
  CHECK_THROWS(NO_TISSUE, (void)fit_stain(StainMethod::Macenko, few));
  CHECK_THROWS(NO_TISSUE, (void)fit_stain(StainMethod::Reinhard, few));
  CHECK_THROWS(NO_TISSUE, (void)fit_stain(StainMethod::Reinhard, {}));
  // Glass does not count.
  CHECK_THROWS(NO_TISSUE, (void)fit_stain(StainMethod::Macenko, std::vector<std::uint8_t>(30000, 240)));
}

TEST(references_that_cannot_be_are_refused) {
  const auto pixels = stained_pixels(3000, 10);
  const StainFit macenko = fit_stain(StainMethod::Macenko, pixels);
  const StainFit reinhard = fit_stain(StainMethod::Reinhard, pixels);
  CHECK_THROWS(MODEL_INVALID, StainMap(macenko, reinhard));
  MacenkoFit nothing = kOther;
  nothing.concentrations[1] = 0;
  CHECK_THROWS(MODEL_INVALID, StainMap(macenko, nothing));
  nothing = kOther;
  nothing.stains[0][2] = std::nan("");
  CHECK_THROWS(MODEL_INVALID, StainMap(macenko, nothing));
  CHECK_THROWS(MODEL_INVALID, StainMap(reinhard, ReinhardFit{{50, 0, 0}, {10, -1, 5}}));
}

TEST(numbers_beyond_all_measure_give_bytes_all_the_same) {
  const auto pixels = stained_pixels(3000, 11);
  const auto black = mapped(
      StainMap(fit_stain(StainMethod::Reinhard, pixels), ReinhardFit{{1e300, -1e300, 1e300}, {1e300, 1e300, 1e300}}),
      pixels);
  CHECK_EQ(black.size(), pixels.size());
  MacenkoFit huge = kOther;
  huge.concentrations = {1e308, 1e308};
  CHECK_EQ(mapped(StainMap(fit_stain(StainMethod::Macenko, pixels), huge), pixels).size(), pixels.size());
}

TEST(the_sample_is_bounded_seeded_and_does_not_depend_on_order) {
  std::vector<std::vector<std::uint8_t>> tiles;
  for (std::uint32_t i = 0; i < 5; ++i) tiles.push_back(stained_pixels(256 * 400, 20 + i));
  const auto sample = [&](std::uint64_t seed, std::vector<std::size_t> order) {
    StainSample collected(seed, tiles.size());
    for (const std::size_t i : order) collected.add(i, {tiles[i].data(), 256, 400, 3 * 256});
    return collected.pixels();
  };
  const auto first = sample(1, {0, 1, 2, 3, 4});
  CHECK(first == sample(1, {3, 0, 4, 2, 1}));
  CHECK(first != sample(2, {0, 1, 2, 3, 4}));
  CHECK(first.size() / 3 <= kStainPixels);
  CHECK(first.size() / 3 > kStainPixels / 2);
}

TEST(the_sample_has_each_pixel_of_small_tiles_once_and_no_glass) {
  std::vector<std::uint8_t> tile;
  for (int i = 0; i < 60; ++i) {
    // Every second one is glass in one channel.
    const auto value = static_cast<std::uint8_t>(i);
    const std::uint8_t last = i % 2 == 0 ? 205 : 206;
    tile.insert(tile.end(), {value, 100, last});
  }
  StainSample collected(9, 3);
  collected.add(1, {tile.data(), 10, 6, 30});
  const auto pixels = collected.pixels();
  CHECK_EQ(pixels.size(), std::size_t{90});
  for (std::size_t i = 0; i < 30; ++i) CHECK_EQ(int{pixels[3 * i]}, static_cast<int>(2 * i));
}

TEST_MAIN
