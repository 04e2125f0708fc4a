#include "tissue/colour.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "tissue/morphology.h"

namespace microtome::tissue {
namespace {

// Optical densities are integers here, 1024 per unit.
constexpr int kUnit = 1024;
constexpr int scaled(double density) { return static_cast<int>(density * kUnit); }

std::array<std::int32_t, 256> density_table() {
  std::array<std::int32_t, 256> table{};
  for (int value = 0; value < 256; ++value) {
    // Below 8 the logarithm is all noise.
    const double clipped = std::max(value, 8);
    table[static_cast<std::size_t>(value)] = static_cast<std::int32_t>(std::lround(-std::log(clipped / 255) * kUnit));
  }
  return table;
}

// The chroma below which a pixel of this density (sum of three channels) counts as colourless: 15 % of the density,
// rising to 33 % where it is nearly black and the logarithm exaggerates small differences.
bool is_grey(int chroma, int density_sum) {
  const int density = density_sum / 3;
  if (density < scaled(0.12)) return false;
  const int steep = std::clamp(density - scaled(1.0), 0, scaled(0.8));
  const int share = 15 + 18 * steep / scaled(0.8);  // percent
  return chroma < scaled(0.01) + density * share / 100;
}

// Hue is told by which channel is absorbed least and most, and where the middle one lies between them:
// position 0 = like the least, 100 = like the most.
std::uint8_t ink_flags(int r, int g, int b) {
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
    const bool strong = chroma > scaled(1.1) || (chroma > scaled(0.85) && purity > 115);
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

std::uint8_t flags_of(int r, int g, int b, int chroma) {
  const int sum = r + g + b;
  std::uint8_t flags = 0;
  if (sum > scaled(3 * 0.5)) flags |= kDark;
  if (is_grey(chroma, sum)) return static_cast<std::uint8_t>(flags | kGrey);
  if (chroma > scaled(0.18)) flags = static_cast<std::uint8_t>(flags | ink_flags(r, g, b));
  return flags;
}

std::int8_t narrow(int difference) { return static_cast<std::int8_t>(std::clamp(difference / 4, -127, 127)); }

// Two colour differences (green - red, blue - green) per pixel, signed so that noise averages to nothing.
struct Differences {
  std::vector<std::int8_t> first;
  std::vector<std::int8_t> second;
};

// Unscanned areas are filled with pure white, whatever the tint of the glass.
bool is_filler(const std::uint8_t* px) { return px[0] >= 252 && px[1] >= 252 && px[2] >= 252; }

void measure_row(const std::uint8_t* px, std::int64_t width_px, std::int64_t y, const WhiteModel& white,
                 const std::array<std::int32_t, 256>& table, Differences& out, Plane& flags) {
  std::int8_t* first = out.first.data() + y * width_px;
  std::int8_t* second = out.second.data() + y * width_px;
  std::uint8_t* flag = flags.row(y);
  for (std::int64_t x0 = 0; x0 < width_px; x0 += kBlockPx) {
    const std::array<float, 3> base = white.density_at(x0 / kBlockPx, y / kBlockPx);
    const int white_r = static_cast<int>(base[0] * kUnit);
    const int white_g = static_cast<int>(base[1] * kUnit);
    const int white_b = static_cast<int>(base[2] * kUnit);
    const std::int64_t end = std::min(x0 + kBlockPx, width_px);
    for (std::int64_t x = x0; x < end; ++x, px += 3) {
      const int r = table[px[0]] - white_r;
      const int g = table[px[1]] - white_g;
      const int b = table[px[2]] - white_b;
      const int chroma = std::max({r, g, b}) - std::min({r, g, b});
      if (is_filler(px)) continue;  // planes start at zero
      if (white.grey_image) {
        first[x] = narrow((r + g + b) / 3 * 28 / 100);  // density takes the place of chroma
        flag[x] = r + g + b > scaled(3 * 1.3) ? kGrey | kDark : 0;
        continue;
      }
      first[x] = narrow(g - r);
      second[x] = narrow(b - g);
      if (chroma > scaled(0.18) || r + g + b > scaled(0.36)) flag[x] = flags_of(r, g, b, chroma);
    }
  }
}

Plane chroma_of(const Differences& differences, std::int64_t width_px, std::int64_t height_px) {
  Plane plane(width_px, height_px);
  const std::int8_t* first = differences.first.data();
  const std::int8_t* second = differences.second.data();
  std::uint8_t* out = plane.data.data();
  const std::size_t count = plane.data.size();
  for (std::size_t i = 0; i < count; ++i) {
    const int a = first[i];
    const int b = second[i];
    const int c = a + b;
    const int most = std::max(std::max(std::abs(a), std::abs(b)), std::abs(c));
    out[i] = static_cast<std::uint8_t>(std::min(most, 255));
  }
  return plane;
}

}  // namespace

ColourPlanes measure_colour(const RgbImage& overview, const WhiteModel& white) {
  const std::int64_t width_px = overview.width_px;
  const std::int64_t height_px = overview.height_px;
  const auto count = static_cast<std::size_t>(width_px * height_px);
  const std::array<std::int32_t, 256> table = density_table();
  ColourPlanes planes;
  planes.flags = Plane(width_px, height_px);
  Differences differences{std::vector<std::int8_t>(count), std::vector<std::int8_t>(count)};
  for (std::int64_t y = 0; y < height_px; ++y)
    measure_row(overview.data.data() + 3 * y * width_px, width_px, y, white, table, differences, planes.flags);
  planes.chroma_raw = chroma_of(differences, width_px, height_px);
  median_3x3(differences.first, width_px, height_px);
  median_3x3(differences.second, width_px, height_px);
  planes.chroma = chroma_of(differences, width_px, height_px);
  return planes;
}

}  // namespace microtome::tissue
