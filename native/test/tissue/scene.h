// Overviews with a known answer: glass, tissue of several stains, pens, borders and the faults of real scans. Drawn in
// linear steps from integers of our own generator, so that a scene is the same on every machine.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "tissue/tissue_mask.h"

namespace microtome::test {

struct Colour {
  float r = 0, g = 0, b = 0;
};

inline Colour mix(const Colour& a, const Colour& b, float t) {
  return {a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

enum class What : std::uint8_t { Glass, Tissue, Pen, Border };

// What a stain makes of tissue: from loose to dense, with nuclei sprinkled in.
struct Stain {
  Colour loose, dense, nucleus;
  float nuclei = 0.12f;  // share of pixels
};

inline constexpr Stain kHe{{232, 200, 222}, {196, 110, 170}, {96, 56, 140}};
inline constexpr Stain kHePink{{240, 214, 226}, {226, 140, 178}, {130, 80, 150}};
inline constexpr Stain kDab{{222, 216, 222}, {170, 120, 80}, {90, 100, 150}};
inline constexpr Stain kBlueIhc{{212, 218, 230}, {150, 160, 200}, {92, 108, 170}};
inline constexpr Stain kPale{{236, 225, 232}, {230, 212, 224}, {190, 165, 195}, 0.03f};

class Scene {
 public:
  Scene(std::int64_t side_px, Colour glass, std::uint64_t seed)
      : side_(side_px),
        state_(seed),
        pixels_(static_cast<std::size_t>(side_px * side_px), glass),
        what_(pixels_.size(), What::Glass) {}

  // A round piece with a wavy rim; covered fractions of a pixel are mixed, half or more is tissue.
  void blob(float cx, float cy, float radius, const Stain& stain, float waviness = 0.15f) {
    std::array<float, 6> amplitude{}, phase{};
    for (std::size_t k = 0; k < 6; ++k) {
      amplitude[k] = waviness * (uniform() - 0.5f) / (1 + 0.4f * static_cast<float>(k));
      phase[k] = 6.2832f * uniform();
    }
    const std::uint64_t texture = next();
    const float reach = radius * (1 + 2 * waviness) + 2;
    each_near(cx, cy, reach, [&](std::int64_t x, std::int64_t y, float dx, float dy) {
      const float angle = std::atan2(dy, dx);
      float rim = radius;
      for (std::size_t k = 0; k < 6; ++k)
        rim += radius * amplitude[k] * std::cos(static_cast<float>(k + 2) * angle + phase[k]);
      const float cover = std::clamp(rim - std::sqrt(dx * dx + dy * dy) + 0.5f, 0.0f, 1.0f);
      if (cover > 0) put(x, y, tissue_colour(stain, texture, x, y), cover, What::Tissue);
    });
  }

  void fill_with_tissue(const Stain& stain) {
    const std::uint64_t texture = next();
    for (std::int64_t y = 0; y < side_; ++y)
      for (std::int64_t x = 0; x < side_; ++x) put(x, y, tissue_colour(stain, texture, x, y), 1, What::Tissue);
  }

  // A patch of one colour inside tissue (melanin, a lymph follicle, blood); the answer stays tissue.
  void patch(float cx, float cy, float radius, const Colour& colour, float roughness = 6) {
    each_near(cx, cy, radius + 2, [&](std::int64_t x, std::int64_t y, float dx, float dy) {
      const float cover = std::clamp(radius - std::sqrt(dx * dx + dy * dy) + 0.5f, 0.0f, 1.0f);
      if (cover <= 0 || at(x, y) != What::Tissue) return;
      const float shift = roughness * (hash01(x, y, 77) - 0.5f);
      put(x, y, {colour.r + shift, colour.g + shift, colour.b + shift}, cover, What::Tissue);
    });
  }

  // Glass inside tissue.
  void hole(float cx, float cy, float radius, const Colour& glass) {
    each_near(cx, cy, radius + 2, [&](std::int64_t x, std::int64_t y, float dx, float dy) {
      const float cover = std::clamp(radius - std::sqrt(dx * dx + dy * dy) + 0.5f, 0.0f, 1.0f);
      if (cover > 0) put(x, y, glass, cover, What::Glass);
    });
  }

  // A stroke of ink from point to point; `softness` is the width of its rim.
  void stroke(const std::vector<std::array<float, 2>>& points, float width, const Colour& ink, float softness = 1) {
    for (std::int64_t y = 0; y < side_; ++y)
      for (std::int64_t x = 0; x < side_; ++x) {
        float nearest = 1e9f;
        for (std::size_t i = 0; i + 1 < points.size(); ++i)
          nearest = std::min(nearest, distance(points[i], points[i + 1], static_cast<float>(x), static_cast<float>(y)));
        const float cover = std::clamp((width / 2 - nearest) / softness + 0.5f, 0.0f, 1.0f);
        const float shade = 10 * (hash01(x / 3, y / 3, 5) - 0.5f);
        if (cover > 0) put(x, y, {ink.r + shade, ink.g + shade, ink.b + shade}, cover, What::Pen);
      }
  }

  // A dark frame along the sides named in `sides` ("t", "b", "l", "r"), fading over `blur` pixels.
  void border(const std::string& sides, float width, float blur, const Colour& black = {12, 12, 14}) {
    const float far = static_cast<float>(side_ - 1);
    for (std::int64_t y = 0; y < side_; ++y)
      for (std::int64_t x = 0; x < side_; ++x) {
        float inside = 1e9f;
        const float fx = static_cast<float>(x), fy = static_cast<float>(y);
        for (const char side : sides)
          inside = std::min(inside, side == 't' ? fy : side == 'b' ? far - fy : side == 'l' ? fx : far - fx);
        const float cover = std::clamp((width - inside) / std::max(blur, 1.0f) + 0.5f, 0.0f, 1.0f);
        if (cover > 0) put(x, y, black, cover, What::Border);
      }
  }

  // Light that falls off towards the corners by `loss` of its strength, and leans to one side by `lean`.
  void shade(float loss, float lean) {
    const float half = static_cast<float>(side_) / 2;
    for (std::int64_t y = 0; y < side_; ++y)
      for (std::int64_t x = 0; x < side_; ++x) {
        const float u = static_cast<float>(x) / half - 1, v = static_cast<float>(y) / half - 1;
        scale(x, y, 1 - loss * (u * u + v * v) / 2 + lean * (u + 0.5f * v) / 2);
      }
  }

  void cast(float r, float g, float b) {
    for (Colour& pixel : pixels_) pixel = {pixel.r * r, pixel.g * g, pixel.b * b};
  }

  void blur(int times) {  // each pass is 1-2-1 in both directions (sigma 0.7)
    for (int pass = 0; pass < times; ++pass) {
      smooth(1);
      smooth(side_);
    }
  }

  void noise(float sigma) {
    for (Colour& pixel : pixels_)
      pixel = {pixel.r + sigma * normal(), pixel.g + sigma * normal(), pixel.b + sigma * normal()};
  }

  // What lossy JPEG does to colour: chroma at half resolution, coarse steps, and a level error per 8 x 8 block.
  void jpeg_like(float step) {
    for (std::int64_t by = 0; by < side_; by += 8)
      for (std::int64_t bx = 0; bx < side_; bx += 8) {
        const float error = step * 0.4f * (hash01(bx, by, 9) - 0.5f);
        for (std::int64_t y = by; y < std::min(by + 8, side_); y += 2)
          for (std::int64_t x = bx; x < std::min(bx + 8, side_); x += 2) share_chroma(x, y, step, error);
      }
  }

  [[nodiscard]] RgbImage image() const {
    RgbImage image(side_, side_);
    for (std::size_t i = 0; i < pixels_.size(); ++i) {
      image.data[3 * i] = byte(pixels_[i].r);
      image.data[3 * i + 1] = byte(pixels_[i].g);
      image.data[3 * i + 2] = byte(pixels_[i].b);
    }
    return image;
  }

  [[nodiscard]] const std::vector<What>& truth() const { return what_; }
  [[nodiscard]] std::int64_t side() const { return side_; }
  float uniform() { return static_cast<float>(next() >> 40) / 16777216.0f; }

 private:
  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15ull;
    return scramble(state_);
  }
  static std::uint64_t scramble(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  static float hash01(std::int64_t x, std::int64_t y, std::uint64_t salt) {
    return static_cast<float>(scramble(static_cast<std::uint64_t>(x) * 0x8DA6B343ull +
                                       static_cast<std::uint64_t>(y) * 0xD8163841ull + salt * 0xCB1AB31Full) >>
                              40) /
           16777216.0f;
  }
  float normal() { return (uniform() + uniform() + uniform() + uniform() - 2) * 1.732f; }

  // Smooth noise of the given grain, in [0, 1].
  static float cloud(std::int64_t x, std::int64_t y, float grain, std::uint64_t salt) {
    const float gx = static_cast<float>(x) / grain, gy = static_cast<float>(y) / grain;
    const auto ix = static_cast<std::int64_t>(gx), iy = static_cast<std::int64_t>(gy);
    const float fx = gx - static_cast<float>(ix), fy = gy - static_cast<float>(iy);
    const float sx = fx * fx * (3 - 2 * fx), sy = fy * fy * (3 - 2 * fy);
    const float top = hash01(ix, iy, salt) * (1 - sx) + hash01(ix + 1, iy, salt) * sx;
    const float bottom = hash01(ix, iy + 1, salt) * (1 - sx) + hash01(ix + 1, iy + 1, salt) * sx;
    return top * (1 - sy) + bottom * sy;
  }

  static Colour tissue_colour(const Stain& stain, std::uint64_t texture, std::int64_t x, std::int64_t y) {
    const float density = 0.6f * cloud(x, y, 37, texture) + 0.4f * cloud(x, y, 7, texture + 1);
    Colour colour = mix(stain.loose, stain.dense, density);
    if (hash01(x, y, texture + 2) < stain.nuclei)
      colour = mix(colour, stain.nucleus, 0.3f + 0.6f * hash01(x, y, texture + 3));
    return colour;
  }

  template <typename Visit>
  void each_near(float cx, float cy, float reach, Visit visit) {
    const auto low = [](float v) { return std::max<std::int64_t>(0, static_cast<std::int64_t>(v)); };
    const auto high = [this](float v) { return std::min(side_, static_cast<std::int64_t>(v) + 1); };
    for (std::int64_t y = low(cy - reach); y < high(cy + reach); ++y)
      for (std::int64_t x = low(cx - reach); x < high(cx + reach); ++x)
        visit(x, y, static_cast<float>(x) - cx, static_cast<float>(y) - cy);
  }

  static float distance(const std::array<float, 2>& a, const std::array<float, 2>& b, float x, float y) {
    const float dx = b[0] - a[0], dy = b[1] - a[1];
    const float t = std::clamp(((x - a[0]) * dx + (y - a[1]) * dy) / std::max(dx * dx + dy * dy, 1e-6f), 0.0f, 1.0f);
    return std::hypot(x - a[0] - t * dx, y - a[1] - t * dy);
  }

  [[nodiscard]] std::size_t index(std::int64_t x, std::int64_t y) const {
    return static_cast<std::size_t>(y * side_ + x);
  }
  [[nodiscard]] What at(std::int64_t x, std::int64_t y) const { return what_[index(x, y)]; }
  void put(std::int64_t x, std::int64_t y, const Colour& colour, float cover, What what) {
    pixels_[index(x, y)] = mix(pixels_[index(x, y)], colour, cover);
    if (cover >= 0.5f) what_[index(x, y)] = what;
  }
  void scale(std::int64_t x, std::int64_t y, float factor) {
    Colour& pixel = pixels_[index(x, y)];
    pixel = {pixel.r * factor, pixel.g * factor, pixel.b * factor};
  }

  void smooth(std::int64_t step) {
    std::vector<Colour> out = pixels_;
    const auto count = static_cast<std::int64_t>(pixels_.size());
    for (std::int64_t i = step; i < count - step; ++i) {
      const Colour &a = pixels_[static_cast<std::size_t>(i - step)], &b = pixels_[static_cast<std::size_t>(i)],
                   &c = pixels_[static_cast<std::size_t>(i + step)];
      out[static_cast<std::size_t>(i)] = {(a.r + 2 * b.r + c.r) / 4, (a.g + 2 * b.g + c.g) / 4,
                                          (a.b + 2 * b.b + c.b) / 4};
    }
    pixels_.swap(out);
  }

  void share_chroma(std::int64_t x0, std::int64_t y0, float step, float error) {
    float cb = 0, cr = 0, count = 0;
    const auto each = [&](auto visit) {
      for (std::int64_t y = y0; y < std::min(y0 + 2, side_); ++y)
        for (std::int64_t x = x0; x < std::min(x0 + 2, side_); ++x) visit(pixels_[index(x, y)]);
    };
    const auto luma = [](const Colour& p) { return 0.299f * p.r + 0.587f * p.g + 0.114f * p.b; };
    each([&](Colour& p) {
      cb += p.b - luma(p);
      cr += p.r - luma(p);
      ++count;
    });
    cb = std::round(cb / count / step) * step + error;
    cr = std::round(cr / count / step) * step - error;
    each([&](Colour& p) {
      const float y = luma(p);
      const float r = y + cr, b = y + cb;
      p = {r, (y - 0.299f * r - 0.114f * b) / 0.587f, b};
    });
  }

  static std::uint8_t byte(float value) { return static_cast<std::uint8_t>(std::clamp(value + 0.5f, 0.0f, 255.0f)); }

  std::int64_t side_;
  std::uint64_t state_;
  std::vector<Colour> pixels_;
  std::vector<What> what_;
};

struct Figures {
  double iou = 1;     // of mask and true tissue
  double lost = 0;    // share of the true tissue that is not in the mask
  double glass = 1;   // share of the glass that is not in the mask
  double pen = 1;     // the same for pen marks
  double border = 1;  // and for borders
  double found = 0;   // share of the image in the mask
};

inline Figures compare(const tissue::TissueMask& mask, const std::vector<What>& truth) {
  std::array<double, 4> all{}, kept{};
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const auto kind = static_cast<std::size_t>(truth[i]);
    ++all[kind];
    kept[kind] += mask.data[i] != 0 ? 1 : 0;
  }
  Figures figures;
  const double in_mask = kept[0] + kept[1] + kept[2] + kept[3];
  if (all[1] + in_mask > 0) figures.iou = kept[1] / (all[1] + in_mask - kept[1]);
  if (all[1] > 0) figures.lost = 1 - kept[1] / all[1];
  if (all[0] > 0) figures.glass = 1 - kept[0] / all[0];
  if (all[2] > 0) figures.pen = 1 - kept[2] / all[2];
  if (all[3] > 0) figures.border = 1 - kept[3] / all[3];
  figures.found = in_mask / static_cast<double>(truth.size());
  return figures;
}

}  // namespace microtome::test
