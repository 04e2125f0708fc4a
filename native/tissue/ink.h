// Which colours are ink and no stain: the rule for one pixel, from its optical densities. Integers only.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace microtome::tissue {

enum Flag : std::uint8_t {
  kGrey = 1,     // darker than glass and without colour: black ink, scanner border, shadow, dense pigment
  kDark = 2,     // dense
  kForeign = 4,  // a hue that neither H&E nor DAB with haematoxylin has
  kInk = 8,      // as strong and pure as ink; the middle of dense tissue can look alike
};

// Optical densities are integers here, 1024 per unit.
inline constexpr int kDensityUnit = 1024;
[[nodiscard]] constexpr int scaled(double density) { return static_cast<int>(density * kDensityUnit); }

// Of each sample, relative to 255.
[[nodiscard]] inline std::array<std::int16_t, 256> density_table() {
  std::array<std::int16_t, 256> table{};
  for (int value = 0; value < 256; ++value) {
    // Below 8 the logarithm is all noise.
    const double clipped = std::max(value, 8);
    table[static_cast<std::size_t>(value)] =
        static_cast<std::int16_t>(std::lround(-std::log(clipped / 255) * kDensityUnit));
  }
  return table;
}

// A pixel whose most and least absorbed channels differ by no more has no hue that says anything.
inline constexpr int kInkChroma = scaled(0.18);

// kForeign, kInk or 0, of a pixel whose chroma is above kInkChroma. `r`, `g` and `b` are densities.
// Hue is told by which channel is absorbed least and most, and where the middle one lies between them:
// position 0 = like the least, 100 = like the most.
[[nodiscard]] inline std::uint8_t ink_flags(int r, int g, int b) {
  const int low = std::min({r, g, b});
  const int high = std::max({r, g, b});
  const int chroma = high - low;
  const int sum = r + g + b;
  const int position = 100 * (sum - 2 * low - high) / std::max(chroma, 1);
  // Purity: chroma in percent of the mean density; the stains have 70 to 110, inks more.
  const int purity = 300 * chroma / std::max(sum, 1);
  if (g == low) return chroma > scaled(0.18) ? kForeign : 0;  // greens
  if (b == low && r == high) {                                // blue to cyan
    if (position < 28) return chroma > scaled(0.25) ? kForeign : 0;
  }
  if (b == low && (r == high || position > 75)) {  // blue
    // A stain that absorbs red most (haematoxylin on its own) has a purity of 90 at best.
    const bool pure = r == high && chroma > scaled(0.7) && purity > 100;
    const bool strong = pure || chroma > scaled(1.1) || (chroma > scaled(0.85) && purity > 115);
    const bool navy = sum > scaled(3 * 1.45) && chroma > scaled(0.5);
    return strong || navy ? kInk : 0;
  }
  if (b == low) return chroma > scaled(1.2) && purity > 115 ? kInk : 0;       // violet
  if (position > 70) return chroma > scaled(1.1) && purity > 120 ? kInk : 0;  // red, from either side
  if (g == high) return chroma > scaled(1.45) && purity > 130 ? kInk : 0;     // magenta
  if (position < 12 && chroma > scaled(0.18)) return kForeign;                // yellow
  if (position < 20 && chroma > scaled(0.35)) return kForeign;
  return chroma > scaled(1.4) && purity > 150 ? kInk : 0;  // orange
}

}  // namespace microtome::tissue
