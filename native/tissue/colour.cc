#include "tissue/colour.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "tissue/ink.h"
#include "tissue/morphology.h"

namespace microtome::tissue {
namespace {

// The chroma below which a pixel of this density (sum of three channels) counts as colourless: 15 % of the density,
// rising to 33 % where it is nearly black and the logarithm exaggerates small differences.
bool is_grey(int chroma, int density_sum) {
  if (density_sum < scaled(3 * 0.12)) return false;
  const int density = density_sum / 3;
  const int steep = std::clamp(density - scaled(1.0), 0, scaled(0.8));
  const int share = 15 + 18 * steep / scaled(0.8);  // percent
  return chroma < scaled(0.01) + density * share / 100;
}

std::uint8_t flags_of(int r, int g, int b, int chroma) {
  const int sum = r + g + b;
  std::uint8_t flags = 0;
  if (sum > scaled(3 * 0.5)) flags |= kDark;
  if (is_grey(chroma, sum)) return static_cast<std::uint8_t>(flags | kGrey);
  if (chroma > kInkChroma) flags = static_cast<std::uint8_t>(flags | ink_flags(r, g, b));
  return flags;
}

// Two colour differences (green - red, blue - green) per pixel, signed so that noise averages to nothing.
struct Differences {
  LargeSignedBytes first;
  LargeSignedBytes second;
};

// Densities of one row, white already taken off; 16-bit, so that the loops over them are short vector code.
struct RowDensities {
  explicit RowDensities(std::int64_t width_px)
      : r(static_cast<std::size_t>(width_px)), g(r.size()), b(r.size()), notable(r.size()) {}
  std::vector<std::int16_t> r, g, b;
  std::vector<std::uint8_t> notable;  // 1: coloured or dark enough to need flags
};

using WhiteRow = std::vector<std::array<std::int16_t, 3>>;  // per block across

WhiteRow white_row(const WhiteModel& white, std::int64_t block_y) {
  WhiteRow row(static_cast<std::size_t>(white.blocks_across));
  for (std::size_t bx = 0; bx < row.size(); ++bx) {
    const std::array<float, 3> density = white.density_at(static_cast<std::int64_t>(bx), block_y);
    for (std::size_t c = 0; c < 3; ++c) row[bx][c] = static_cast<std::int16_t>(density[c] * kDensityUnit);
  }
  return row;
}

// Unscanned areas are filled with pure white, whatever the tint of the glass: they count as white.
void read_row(const std::uint8_t* px, const WhiteRow& white, const std::array<std::int16_t, 256>& table,
              RowDensities& row) {
  const std::size_t width = row.r.size();
  std::int16_t *r = row.r.data(), *g = row.g.data(), *b = row.b.data();
  for (std::size_t block = 0; block < white.size(); ++block) {
    const int white_r = white[block][0], white_g = white[block][1], white_b = white[block][2];
    const std::size_t end = std::min(width, (block + 1) * kBlockPx);
    for (std::size_t x = block * kBlockPx; x < end; ++x, px += 3) {
      const int keep = (px[0] & px[1] & px[2]) >= 252 ? 0 : -1;  // all of them: 252 is six high bits
      r[x] = static_cast<std::int16_t>((table[px[0]] - white_r) & keep);
      g[x] = static_cast<std::int16_t>((table[px[1]] - white_g) & keep);
      b[x] = static_cast<std::int16_t>((table[px[2]] - white_b) & keep);
    }
  }
}

void differ(RowDensities& row, std::int8_t* first, std::int8_t* second) {
  constexpr auto kColoured = static_cast<std::int16_t>(kInkChroma);
  constexpr auto kDarker = static_cast<std::int16_t>(scaled(0.12));
  const std::size_t width = row.r.size();
  const std::int16_t *r = row.r.data(), *g = row.g.data(), *b = row.b.data();
  std::uint8_t* notable = row.notable.data();
  for (std::size_t x = 0; x < width; ++x) {
    const auto high = std::max(std::max(r[x], g[x]), b[x]);
    const auto low = std::min(std::min(r[x], g[x]), b[x]);
    const auto a = static_cast<std::int16_t>((g[x] - r[x]) >> 2);
    const auto c = static_cast<std::int16_t>((b[x] - g[x]) >> 2);
    first[x] = static_cast<std::int8_t>(std::clamp<std::int16_t>(a, -127, 127));
    second[x] = static_cast<std::int8_t>(std::clamp<std::int16_t>(c, -127, 127));
    notable[x] = static_cast<std::uint8_t>((static_cast<std::int16_t>(high - low) > kColoured) | (high > kDarker));
  }
}

void flag(const RowDensities& row, std::uint8_t* flags) {
  const std::size_t width = row.r.size();
  const std::uint8_t* notable = row.notable.data();
  for (std::size_t x = 0; x < width; ++x) {
    std::uint64_t eight = 1;
    while (x + 8 <= width && (std::memcpy(&eight, notable + x, sizeof eight), eight == 0)) x += 8;
    if (x >= width || notable[x] == 0) continue;
    const int r = row.r[x], g = row.g[x], b = row.b[x];
    const int chroma = std::max(std::max(r, g), b) - std::min(std::min(r, g), b);
    if (chroma > kInkChroma || r + g + b > scaled(0.36)) flags[x] = flags_of(r, g, b, chroma);
  }
}

// A slide without colour: density takes the place of chroma, scaled to fit its thresholds.
void measure_grey(const RowDensities& row, std::int8_t* first, std::uint8_t* flags) {
  for (std::size_t x = 0; x < row.r.size(); ++x) {
    const int density = (row.r[x] + row.g[x] + row.b[x]) / 3;
    first[x] = static_cast<std::int8_t>(std::clamp(density * 28 / 400, -127, 127));
    flags[x] = density > scaled(1.3) ? kGrey | kDark : 0;
  }
}

Plane chroma_of(const Differences& differences, std::int64_t width_px, std::int64_t height_px) {
  Plane plane(width_px, height_px);
  const std::int8_t* first = differences.first.data();
  const std::int8_t* second = differences.second.data();
  std::uint8_t* out = plane.data.data();
  const std::size_t count = plane.data.size();
  const auto size = [](std::int16_t value) { return std::max<std::int16_t>(value, static_cast<std::int16_t>(-value)); };
  for (std::size_t i = 0; i < count; ++i) {
    const std::int16_t a = first[i];
    const std::int16_t b = second[i];
    const auto c = static_cast<std::int16_t>(a + b);
    out[i] = static_cast<std::uint8_t>(std::max(std::max(size(a), size(b)), size(c)));  // 254 at most
  }
  return plane;
}

}  // namespace

ColourPlanes measure_colour(const RgbImage& overview, const WhiteModel& white) {
  const std::int64_t width_px = overview.width_px;
  const std::int64_t height_px = overview.height_px;
  const auto count = static_cast<std::size_t>(width_px * height_px);
  const std::array<std::int16_t, 256> table = density_table();
  ColourPlanes planes;
  planes.flags = Plane(width_px, height_px);
  Differences differences{LargeSignedBytes(count), LargeSignedBytes(count)};
  RowDensities row(width_px);
  WhiteRow base;
  for (std::int64_t y = 0; y < height_px; ++y) {
    if (y % kBlockPx == 0) base = white_row(white, y / kBlockPx);
    std::int8_t* first = differences.first.data() + y * width_px;
    read_row(overview.data.data() + 3 * y * width_px, base, table, row);
    if (white.grey_image) {
      measure_grey(row, first, planes.flags.row(y));
      continue;
    }
    differ(row, first, differences.second.data() + y * width_px);
    flag(row, planes.flags.row(y));
  }
  planes.chroma_raw = chroma_of(differences, width_px, height_px);
  median_3x3(differences.first, width_px, height_px);
  median_3x3(differences.second, width_px, height_px);
  planes.chroma = chroma_of(differences, width_px, height_px);
  return planes;
}

}  // namespace microtome::tissue
