// The bars of the tissue stage on drawn slides: IoU, tissue lost, glass, pens and borders dropped.
#include "tissue/tissue_mask.h"

#include "test/check.h"
#include "test/tissue/scene.h"

namespace {

using namespace microtome;
using test::Colour;
using test::Figures;
using test::Scene;

constexpr std::int64_t kSide = 1024;
constexpr Colour kGlass{241, 240, 242};

Figures measure(const char* name, const Scene& scene) {
  const auto mask = tissue::make_tissue_mask(scene.image(), scene.side() * 32, scene.side() * 32);
  const Figures f = test::compare(mask, scene.truth());
  std::printf("  %-34s iou %.4f  lost %.4f  glass %.4f  pen %.4f  border %.4f  area %.5f\n", name, f.iou, f.lost,
              f.glass, f.pen, f.border, f.found);
  return f;
}

void expect_bars(const char* name, const Scene& scene) {
  const Figures f = measure(name, scene);
  const bool all = f.iou >= 0.90 && f.lost <= 0.005 && f.glass >= 0.95 && f.pen >= 0.95 && f.border >= 0.95;
  if (!all) test::fail(name, 0, "a bar is missed (see the line above)");
}

Scene pieces(const test::Stain& stain, Colour glass = kGlass, std::uint64_t seed = 1) {
  Scene scene(kSide, glass, seed);
  scene.blob(300, 340, 170, stain);
  scene.blob(700, 640, 220, stain);
  scene.blob(760, 220, 60, stain);
  return scene;
}

void finish(Scene& scene) {
  scene.noise(1.5f);
  scene.jpeg_like(2);
}

TEST(stains) {
  const std::pair<const char*, test::Stain> stains[] = {{"H&E", test::kHe},
                                                        {"H&E, pink", test::kHePink},
                                                        {"DAB and haematoxylin", test::kDab},
                                                        {"blue, weak IHC", test::kBlueIhc},
                                                        {"pale", test::kPale}};
  for (const auto& [name, stain] : stains) {
    Scene clean = pieces(stain);
    expect_bars(name, clean);
    finish(clean);
    expect_bars((std::string(name) + ", noise").c_str(), clean);
  }
}

TEST(glass_of_many_tints) {
  const Colour glasses[] = {{255, 255, 255}, {245, 245, 245}, {236, 238, 226},
                            {228, 232, 236}, {222, 220, 205}, {205, 205, 208}};
  for (const Colour& glass : glasses) {
    Scene scene(kSide, glass, 3);
    test::Stain stain = test::kHe;  // as the stain absorbs light that came through this glass
    for (Colour* c : {&stain.loose, &stain.dense, &stain.nucleus})
      *c = {c->r * glass.r / 245, c->g * glass.g / 245, c->b * glass.b / 245};
    scene.blob(420, 500, 200, stain);
    finish(scene);
    char name[64];
    std::snprintf(name, sizeof name, "glass %.0f %.0f %.0f", glass.r, glass.g, glass.b);
    expect_bars(name, scene);
  }
}

TEST(pens) {
  const std::pair<const char*, Colour> inks[] = {
      {"blue", {30, 60, 170}},   {"light blue", {70, 110, 215}}, {"navy", {24, 30, 90}},    {"green", {20, 130, 70}},
      {"red", {200, 30, 45}},    {"light red", {230, 70, 80}},   {"black", {22, 22, 26}},   {"yellow", {225, 205, 50}},
      {"violet", {95, 30, 160}}, {"cyan", {40, 170, 200}},       {"orange", {240, 130, 30}}};
  for (const auto& [name, ink] : inks)
    for (const float softness : {1.0f, 6.0f}) {
      Scene scene = pieces(test::kHe);
      scene.stroke({{60, 900}, {180, 700}, {300, 930}, {60, 960}}, 18, ink, softness);
      scene.stroke({{480, 60}, {560, 300}, {520, 420}}, 12, ink, softness);
      finish(scene);
      expect_bars((std::string("pen ") + name + (softness > 1 ? ", soft" : "")).c_str(), scene);
    }
}

TEST(pen_that_rings_the_tissue) {
  for (const Colour ink : {Colour{30, 60, 170}, Colour{20, 130, 70}, Colour{20, 20, 24}}) {
    Scene scene(kSide, kGlass, 5);
    scene.blob(500, 500, 180, test::kHe);
    std::vector<std::array<float, 2>> ring;
    for (int i = 0; i <= 40; ++i) {
      const float angle = 6.2832f * static_cast<float>(i) / 40;
      ring.push_back({500 + 300 * std::cos(angle), 500 + 290 * std::sin(angle)});
    }
    scene.stroke(ring, 16, ink, 3);
    finish(scene);
    expect_bars("pen ring", scene);
  }
}

TEST(borders) {
  for (const char* sides : {"t", "lr", "tbl", "tblr"})
    for (const float blur : {1.0f, 30.0f})
      for (const Colour black : {Colour{0, 0, 0}, Colour{30, 28, 36}}) {
        Scene scene = pieces(test::kHe);
        scene.border(sides, 45, blur, black);
        finish(scene);
        expect_bars((std::string("border ") + sides + (blur > 1 ? ", soft" : "")).c_str(), scene);
      }
}

TEST(border_that_reaches_the_tissue) {
  Scene scene(kSide, kGlass, 8);
  scene.blob(500, 120, 200, test::kHe);
  scene.border("t", 40, 3);
  finish(scene);
  expect_bars("border on tissue", scene);
}

TEST(very_little_tissue) {
  for (const int parts : {1, 5, 12}) {
    Scene scene(2048, kGlass, static_cast<std::uint64_t>(parts));
    const float radius = std::sqrt(0.0007f * 2048 * 2048 / 3.1416f / static_cast<float>(parts));
    for (int i = 0; i < parts; ++i)
      scene.blob(100 + 1840 * scene.uniform(), 100 + 1840 * scene.uniform(), radius, test::kHe);
    finish(scene);
    expect_bars(("0.07 % in " + std::to_string(parts)).c_str(), scene);
  }
}

TEST(glass_alone_is_empty) {
  const Colour glasses[] = {{255, 255, 255}, {243, 243, 243}, {236, 238, 226}, {240, 234, 238}, {214, 216, 220}};
  for (const Colour& glass : glasses)
    for (const float shading : {0.0f, 0.12f}) {
      Scene scene(kSide, glass, 11);
      scene.shade(shading, shading / 3);
      scene.noise(3);
      scene.jpeg_like(3);
      CHECK_EQ(measure("all glass", scene).found, 0.0);
    }
  Scene marked(kSide, kGlass, 12);
  marked.stroke({{100, 100}, {400, 300}}, 16, {30, 60, 170}, 2);
  marked.border("tb", 30, 10);
  finish(marked);
  CHECK(measure("glass, pen and border", marked).found < 0.0005);
}

TEST(tissue_from_edge_to_edge) {
  for (const test::Stain& stain : {test::kHe, test::kHePink, test::kDab, test::kBlueIhc, test::kPale}) {
    Scene scene(kSide, kGlass, 21);
    scene.fill_with_tissue(stain);
    finish(scene);
    CHECK(measure("all tissue", scene).found >= 0.995);
  }
}

TEST(melanin_in_tissue_is_kept) {
  for (const Colour pigment : {Colour{60, 40, 30}, Colour{38, 26, 22}, Colour{20, 16, 16}, Colour{100, 66, 44}}) {
    Scene scene = pieces(test::kHe);
    scene.patch(690, 640, 90, pigment);
    scene.patch(300, 360, 30, pigment);
    for (int i = 0; i < 30; ++i)
      scene.patch(220 + 160 * scene.uniform(), 260 + 160 * scene.uniform(), 2 + 5 * scene.uniform(), pigment);
    finish(scene);
    expect_bars("melanin", scene);
    Scene full(kSide, kGlass, 22);
    full.fill_with_tissue(test::kHe);
    full.patch(0, 500, 60, pigment);
    full.patch(600, 600, 120, pigment);
    finish(full);
    CHECK(measure("melanin, all tissue", full).found >= 0.995);
  }
}

TEST(dense_and_bloody_tissue_is_kept) {
  for (const Colour patch : {Colour{80, 45, 125}, Colour{196, 60, 78}, Colour{70, 80, 165}, Colour{110, 62, 30}}) {
    Scene scene = pieces(test::kHe);
    scene.patch(690, 640, 80, patch);
    scene.patch(250, 330, 40, patch);
    finish(scene);
    expect_bars("dense patch", scene);
  }
}

TEST(small_holes_are_filled_and_large_ones_are_not) {
  Scene scene(kSide, kGlass, 31);
  scene.blob(500, 500, 320, test::kHe);
  scene.hole(400, 400, 4, kGlass);
  scene.hole(560, 520, 110, kGlass);
  finish(scene);
  const auto mask = tissue::make_tissue_mask(scene.image(), kSide, kSide);
  CHECK(mask.contains(400.5, 400.5));
  CHECK(!mask.contains(560.5, 520.5));
}

TEST(unscanned_white_beside_tinted_glass) {
  Scene scene = pieces(test::kHe, {232, 234, 220});
  for (const float cx : {0.0f, 1023.0f}) scene.hole(cx, 0, 300, {255, 255, 255});
  expect_bars("white filler", scene);
}

TEST(grey_slide) {
  Scene scene = pieces(test::kHe);
  RgbImage image = scene.image();
  for (std::size_t i = 0; i < image.data.size(); i += 3) {
    const int grey = (image.data[i] + 2 * image.data[i + 1] + image.data[i + 2]) / 4;
    image.data[i] = image.data[i + 1] = image.data[i + 2] = static_cast<std::uint8_t>(grey);
  }
  const Figures f = test::compare(tissue::make_tissue_mask(image, kSide, kSide), scene.truth());
  std::printf("  grey: iou %.4f lost %.4f\n", f.iou, f.lost);
  CHECK(f.iou >= 0.9);
}

TEST(hard_scans) {
  const auto check = [](const char* name, auto change) {
    const std::pair<const char*, test::Stain> stains[] = {
        {"H&E", test::kHe}, {"pale", test::kPale}, {"blue IHC", test::kBlueIhc}};
    for (const auto& [stain_name, stain] : stains) {
      Scene scene = pieces(stain);
      change(scene);
      expect_bars((std::string(name) + ", " + stain_name).c_str(), scene);
    }
  };
  check("vignette", [](Scene& scene) {
    scene.shade(0.25f, 0.06f);
    finish(scene);
  });
  const auto cast = [](float r, float g, float b) {
    return [=](Scene& scene) {
      scene.cast(r, g, b);
      finish(scene);
    };
  };
  check("yellow cast", cast(1, 0.98f, 0.9f));
  check("blue cast", cast(0.92f, 0.96f, 1));
  check("pink cast", cast(1, 0.96f, 0.99f));
  check("blur", [](Scene& scene) {
    scene.blur(4);
    finish(scene);
  });
  check("noise", [](Scene& scene) { scene.noise(4); });
  check("rough jpeg", [](Scene& scene) {
    scene.noise(2);
    scene.jpeg_like(5);
  });
}

TEST(options_are_checked) {
  RgbImage image(16, 16);
  CHECK_THROWS(INVALID_OPTION, (void)tissue::make_tissue_mask(RgbImage{}, 10, 10));
  CHECK_THROWS(INVALID_OPTION, (void)tissue::make_tissue_mask(image, 0, 10));
  tissue::TissueOptions options;
  options.min_area_fraction = -1;
  CHECK_THROWS(INVALID_OPTION, (void)tissue::make_tissue_mask(image, 16, 16, options));
  image.data.pop_back();
  CHECK_THROWS(INVALID_OPTION, (void)tissue::make_tissue_mask(image, 16, 16));
}

TEST(tiny_overviews_are_no_trouble) {
  for (const std::int64_t width : {1, 2, 3, 17})
    for (const std::int64_t height : {1, 2, 5, 16}) {
      RgbImage image(width, height, 240);
      const auto mask = tissue::make_tissue_mask(image, width * 100, height * 100);
      CHECK_EQ(mask.data.size(), static_cast<std::size_t>(width * height));
      CHECK_EQ(mask.area_fraction(), 0.0);
      CHECK_EQ(mask.level0_per_px_x, 100.0);
    }
}

}  // namespace

TEST_MAIN
