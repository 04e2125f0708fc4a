// Sharpness and shares of a tile against sums written from their definitions, and images whose figures are known.
#include "preprocess/quality.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <vector>

#include "test/check.h"
#include "tissue/ink.h"

using namespace microtome;
using namespace microtome::preprocess;

namespace {

RgbImage image_of(std::int64_t width, std::int64_t height, auto&& colour) {
  RgbImage image(width, height);
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x) {
      const std::array<int, 3> rgb = colour(x, y);
      for (std::size_t c = 0; c < 3; ++c)
        image.view().row(y)[3 * x + static_cast<std::int64_t>(c)] = static_cast<std::uint8_t>(rgb[c]);
    }
  return image;
}

Quality quality_of(RgbImage image) {
  QualityScratch scratch;
  return measure_quality(image.view(), scratch);
}

Quality uniform(int r, int g, int b) {
  return quality_of(image_of(9, 7, [&](auto, auto) { return std::array{r, g, b}; }));
}

// From the definitions, in floating point, two passes over a whole image of Laplacians.
Quality expected(const RgbView& tile) {
  const auto count = static_cast<double>(tile.width_px * tile.height_px);
  const auto grey_at = [&](std::int64_t x, std::int64_t y) {
    const auto inside = [](std::int64_t at, std::int64_t size) {
      return size == 1 ? 0 : size - 1 - std::abs(size - 1 - std::abs(at));
    };
    const std::uint8_t* px = tile.row(inside(y, tile.height_px)) + 3 * inside(x, tile.width_px);
    return std::floor(0.299 * px[0] + 0.587 * px[1] + 0.114 * px[2] + 0.5);
  };
  std::vector<double> laplacians;
  Quality quality;
  const auto density = tissue::density_table();
  for (std::int64_t y = 0; y < tile.height_px; ++y)
    for (std::int64_t x = 0; x < tile.width_px; ++x) {
      laplacians.push_back(grey_at(x - 1, y) + grey_at(x + 1, y) + grey_at(x, y - 1) + grey_at(x, y + 1) -
                           4 * grey_at(x, y));
      std::array<int, 3> v{}, d{};
      for (std::size_t c = 0; c < 3; ++c) {
        v[c] = tile.row(y)[3 * x + static_cast<std::int64_t>(c)];
        d[c] = density[static_cast<std::size_t>(v[c] / 4 * 4 + 2)];
      }
      const auto [low, high] = std::minmax({v[0], v[1], v[2]});
      quality.white += low > 220;
      quality.black += high < 25;
      // Below 12.5 a saturation of 0 to 255 is rounded to 12.
      quality.grey += high == 0 || 255.0 * (high - low) / high < 12.5;
      const auto [thin, thick] = std::minmax({d[0], d[1], d[2]});
      quality.pen += thick - thin > 184 && tissue::ink_flags(d[0], d[1], d[2]) != 0;
    }
  double mean = 0;
  for (const double value : laplacians) mean += value / count;
  for (const double value : laplacians) quality.sharpness += (value - mean) * (value - mean) / count;
  for (double* share : {&quality.white, &quality.black, &quality.grey, &quality.pen}) *share /= count;
  return quality;
}

}  // namespace

TEST(random_tiles_have_the_figures_of_the_definitions) {
  std::mt19937 random(5);
  QualityScratch scratch;
  for (const auto& [width, height] : {std::pair{64, 48}, {1, 1}, {1, 9}, {9, 1}, {2, 2}, {3000, 3}, {17, 31}}) {
    // Half of them nearly grey, light or dark, so that every share has pixels on both sides.
    RgbImage image = image_of(width, height, [&](auto, auto) {
      const int base = static_cast<int>(random() % 256);
      const int spread = random() % 2 == 0 ? 20 : 256;
      const auto sample = [&] { return std::clamp(base + static_cast<int>(random() % 511 - 255) % spread, 0, 255); };
      return std::array{sample(), sample(), sample()};
    });
    const Quality want = expected(image.view());
    const Quality got = measure_quality(image.view(), scratch);
    // Grey values are rounded from 15 bits: a few of many may differ by one.
    CHECK(std::abs(got.sharpness - want.sharpness) <= 0.002 * want.sharpness + 1e-9);
    CHECK_EQ(got.white, want.white);
    CHECK_EQ(got.black, want.black);
    CHECK_EQ(got.grey, want.grey);
    CHECK_EQ(got.pen, want.pen);
  }
}

TEST(a_tile_without_edges_has_no_sharpness) { CHECK_EQ(uniform(180, 90, 140).sharpness, 0.0); }

TEST(a_chessboard_is_as_sharp_as_can_be) {
  const RgbImage board = image_of(16, 16, [](auto x, auto y) {
    const int value = (x + y) % 2 == 0 ? 255 : 0;
    return std::array{value, value, value};
  });
  CHECK_EQ(quality_of(board).sharpness, 1020.0 * 1020.0);
}

TEST(a_ramp_is_sharp_at_its_mirrored_ends_alone) {
  // Steps of 10: Laplacians are 20 in the first column, -20 in the last and 0 between them.
  const RgbImage ramp = image_of(10, 4, [](auto x, auto) {
    const int value = 10 * static_cast<int>(x);
    return std::array{value, value, value};
  });
  CHECK_EQ(quality_of(ramp).sharpness, 80.0);
}

TEST(blur_lowers_sharpness) {
  const auto stripes = [](std::int64_t period) {
    return quality_of(image_of(64, 8,
                               [&](auto x, auto) {
                                 const int value =
                                     static_cast<int>(128 + 100 * std::sin(6.283185 * static_cast<double>(x) /
                                                                           static_cast<double>(period)));
                                 return std::array{value, value, value};
                               }))
        .sharpness;
  };
  CHECK(stripes(4) > 4 * stripes(16));
}

TEST(thresholds_of_white_black_and_grey_are_where_the_header_says) {
  CHECK_EQ(uniform(221, 221, 221).white, 1.0);
  CHECK_EQ(uniform(255, 220, 255).white, 0.0);
  CHECK_EQ(uniform(24, 24, 24).black, 1.0);
  CHECK_EQ(uniform(0, 25, 0).black, 0.0);
  CHECK_EQ(uniform(200, 191, 195).grey, 1.0);  // 9 of 200 is 11.5 of 255
  CHECK_EQ(uniform(200, 190, 195).grey, 0.0);  // 10 of 200: 12.75
  CHECK_EQ(uniform(0, 0, 0).grey, 1.0);
}

TEST(inks_are_pen_and_stains_are_not) {
  CHECK_EQ(uniform(30, 160, 70).pen, 1.0);    // green
  CHECK_EQ(uniform(25, 60, 190).pen, 1.0);    // blue
  CHECK_EQ(uniform(190, 120, 190).pen, 0.0);  // eosin
  CHECK_EQ(uniform(90, 60, 140).pen, 0.0);    // haematoxylin
  CHECK_EQ(uniform(130, 85, 60).pen, 0.0);    // DAB
  CHECK_EQ(uniform(20, 20, 22).pen, 0.0);     // black: not told from pigment
}

TEST(rows_may_have_gaps_between_them) {
  std::mt19937 random(6);
  RgbImage wide = image_of(40, 12, [&](auto, auto) {
    return std::array{static_cast<int>(random() % 256), static_cast<int>(random() % 256),
                      static_cast<int>(random() % 256)};
  });
  RgbImage packed = image_of(15, 12, [&](auto x, auto y) {
    const std::uint8_t* px = wide.view().row(y) + 3 * (x + 5);
    return std::array<int, 3>{px[0], px[1], px[2]};
  });
  QualityScratch scratch;
  const Quality window = measure_quality({wide.view().data + 15, 15, 12, 120}, scratch);
  const Quality alone = measure_quality(packed.view(), scratch);
  CHECK_EQ(window.sharpness, alone.sharpness);
  CHECK_EQ(window.pen, alone.pen);
}

TEST(an_empty_tile_has_zeros) {
  QualityScratch scratch;
  CHECK_EQ(measure_quality({nullptr, 0, 0, 0}, scratch).sharpness, 0.0);
}

TEST_MAIN
