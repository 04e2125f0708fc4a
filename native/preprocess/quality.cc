#include "preprocess/quality.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "tissue/ink.h"

namespace microtome::preprocess {
namespace {

// Whether a colour is ink, for 64 values of each channel.
class InkTable {
 public:
  InkTable() {
    const std::array<std::int16_t, 256> density = tissue::density_table();
    const auto of = [&](std::size_t step) { return density[4 * step + 2]; };  // the middle of the four
    for (std::size_t r = 0; r < 64; ++r)
      for (std::size_t g = 0; g < 64; ++g)
        for (std::size_t b = 0; b < 64; ++b) {
          const auto [low, high] = std::minmax({of(r), of(g), of(b)});
          const bool ink = high - low > tissue::kInkChroma && tissue::ink_flags(of(r), of(g), of(b)) != 0;
          if (ink) blues_[(r << 6) | g] |= std::uint64_t{1} << b;
        }
  }
  // 1 or 0.
  [[nodiscard]] std::uint32_t at(unsigned r, unsigned g, unsigned b) const noexcept {
    return static_cast<std::uint32_t>(blues_[((r >> 2) << 6) | (g >> 2)] >> (b >> 2)) & 1u;
  }

 private:
  std::array<std::uint64_t, 64 * 64> blues_{};  // a bit for each blue
};

const InkTable& ink_table() {
  static const InkTable table;
  return table;
}

struct Counts {
  std::int64_t white = 0;
  std::int64_t black = 0;
  std::int64_t grey = 0;
  std::int64_t pen = 0;
};

// One row, a channel at a time, so that the loops over it are vector code.
struct Channels {
  explicit Channels(std::vector<std::uint8_t>& samples, std::size_t width)
      : r(samples.data()), g(r + width), b(g + width) {}
  std::uint8_t *r, *g, *b;
};

// Takes the row apart, and counts its pen pixels.
std::int64_t split(const std::uint8_t* px, std::size_t width, const InkTable& ink, const Channels& row) {
  std::uint32_t pen = 0;
  for (std::size_t x = 0; x < width; ++x, px += 3) {
    row.r[x] = px[0];
    row.g[x] = px[1];
    row.b[x] = px[2];
    pen += ink.at(px[0], px[1], px[2]);
  }
  return pen;
}

// Counts the other pixels of at most kRun ones, so that 16 bits hold each count.
constexpr std::size_t kRun = 1024;
void count_run(const std::uint8_t* r, const std::uint8_t* g, const std::uint8_t* b, std::size_t width, Counts& counts) {
  std::uint16_t white = 0, black = 0, grey = 0;
  for (std::size_t x = 0; x < width; ++x) {
    const std::int16_t low = std::min(std::min(r[x], g[x]), b[x]);
    const std::int16_t high = std::max(std::max(r[x], g[x]), b[x]);
    white = static_cast<std::uint16_t>(white + (low > kWhiteAbove));
    black = static_cast<std::uint16_t>(black + (high < kBlackBelow));
    // Below 12.5 of 255 a saturation is rounded to 12: (high - low) / high < 5 / 102. Without `high` there is none.
    const bool coloured =
        static_cast<std::int16_t>(102 * (high - low)) >= static_cast<std::int16_t>(5 * high) && high > 0;
    grey = static_cast<std::uint16_t>(grey + !coloured);
  }
  counts.white += white;
  counts.black += black;
  counts.grey += grey;
}

// 0.299, 0.587 and 0.114 in 15 bits.
void grey_values(const Channels& row, std::size_t width, std::int16_t* grey) {
  for (std::size_t x = 0; x < width; ++x)
    grey[x] = static_cast<std::int16_t>((9798 * row.r[x] + 19235 * row.g[x] + 3735 * row.b[x] + (1 << 14)) >> 15);
}

struct Moments {
  std::int64_t sum = 0;
  std::int64_t squares = 0;
};

// `above`, `here` and `below` have one more value on each side. A Laplacian is within 4 * 255, its square
// below 2^20, and the sum of kRun squares fits 32 bits.
void add_laplacians(const std::int16_t* above, const std::int16_t* here, const std::int16_t* below, std::size_t width,
                    Moments& moments) {
  for (std::size_t start = 0; start < width; start += kRun) {
    const std::size_t end = std::min(width, start + kRun);
    std::int32_t sum = 0, squares = 0;
    for (std::size_t x = start + 1; x <= end; ++x) {
      const auto value = static_cast<std::int16_t>(above[x] + below[x] + here[x - 1] + here[x + 1] - 4 * here[x]);
      sum += value;
      squares += value * value;
    }
    moments.sum += sum;
    moments.squares += squares;
  }
}

// Mirrored without the edge: -1 is 1, size is size - 2; of one row or column there is only itself.
std::int64_t mirrored(std::int64_t at, std::int64_t size) {
  if (size == 1) return 0;
  if (at < 0) return -at;
  return at < size ? at : 2 * size - 2 - at;
}

}  // namespace

Quality measure_quality(const ConstRgbView& tile, QualityScratch& scratch) {
  if (tile.width_px <= 0 || tile.height_px <= 0) return {};
  const InkTable& ink = ink_table();
  const auto width = static_cast<std::size_t>(tile.width_px);
  const std::size_t row_length = width + 2;
  scratch.grey_rows.resize(3 * row_length);
  scratch.samples.resize(3 * width);
  const Channels row(scratch.samples, width);
  const auto row_of = [&](std::int64_t y) {
    return scratch.grey_rows.data() + static_cast<std::size_t>(y % 3) * row_length;
  };
  Counts counts;
  Moments moments;
  for (std::int64_t y = 0; y <= tile.height_px; ++y) {
    if (y < tile.height_px) {
      std::int16_t* grey = row_of(y);
      counts.pen += split(tile.row(y), width, ink, row);
      for (std::size_t x = 0; x < width; x += kRun)
        count_run(row.r + x, row.g + x, row.b + x, std::min(kRun, width - x), counts);
      grey_values(row, width, grey + 1);
      grey[0] = grey[1 + mirrored(-1, tile.width_px)];
      grey[row_length - 1] = grey[1 + mirrored(tile.width_px, tile.width_px)];
    }
    if (y == 0) continue;
    add_laplacians(row_of(mirrored(y - 2, tile.height_px)), row_of(y - 1), row_of(mirrored(y, tile.height_px)), width,
                   moments);
  }
  const double pixels = static_cast<double>(tile.width_px) * static_cast<double>(tile.height_px);
  const double mean = static_cast<double>(moments.sum) / pixels;
  const auto share = [pixels](std::int64_t count) { return static_cast<double>(count) / pixels; };
  return {.sharpness = static_cast<double>(moments.squares) / pixels - mean * mean,
          .white = share(counts.white),
          .black = share(counts.black),
          .grey = share(counts.grey),
          .pen = share(counts.pen)};
}

}  // namespace microtome::preprocess
