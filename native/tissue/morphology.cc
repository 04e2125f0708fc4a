#include "tissue/morphology.h"

#include <algorithm>

namespace microtome::tissue {
namespace {

struct SortedColumns {  // of three rows: per column the least, the middle, the greatest
  std::vector<std::int8_t> low, middle, high;
};

void sort_columns(const std::int8_t* a, const std::int8_t* b, const std::int8_t* c, std::size_t count,
                  SortedColumns& out) {
  std::int8_t* low = out.low.data() + 1;  // one column of padding on either side
  std::int8_t* middle = out.middle.data() + 1;
  std::int8_t* high = out.high.data() + 1;
  for (std::size_t x = 0; x < count; ++x) {
    const std::int8_t lesser = std::min(a[x], b[x]);
    const std::int8_t greater = std::max(a[x], b[x]);
    low[x] = std::min(lesser, c[x]);
    high[x] = std::max(greater, c[x]);
    middle[x] = std::max(lesser, std::min(greater, c[x]));
  }
  for (std::vector<std::int8_t>* row : {&out.low, &out.middle, &out.high}) {
    row->front() = (*row)[1];
    row->back() = (*row)[count];
  }
}

std::int8_t median(std::int8_t a, std::int8_t b, std::int8_t c) {
  return std::max(std::min(a, b), std::min(std::max(a, b), c));
}

// The median of nine is the median of: greatest of the lows, median of the middles, least of the highs.
void median_row(const SortedColumns& columns, std::size_t count, std::int8_t* out) {
  const std::int8_t* low = columns.low.data();
  const std::int8_t* middle = columns.middle.data();
  const std::int8_t* high = columns.high.data();
  for (std::size_t x = 0; x < count; ++x) {
    const std::int8_t greatest_low = std::max(std::max(low[x], low[x + 1]), low[x + 2]);
    const std::int8_t middle_middle = median(middle[x], middle[x + 1], middle[x + 2]);
    const std::int8_t least_high = std::min(std::min(high[x], high[x + 1]), high[x + 2]);
    out[x] = median(greatest_low, middle_middle, least_high);
  }
}

template <typename Choose>
Plane window(const Plane& plane, int radius_px, Choose choose) {
  const std::int64_t width = plane.width_px;
  const std::int64_t height = plane.height_px;
  Plane across = plane;
  for (std::int64_t y = 0; y < height; ++y) {
    const std::uint8_t* in = plane.row(y);
    std::uint8_t* out = across.row(y);
    for (std::int64_t shift = 1; shift <= std::min<std::int64_t>(radius_px, width - 1); ++shift) {
      for (std::int64_t x = 0; x < width - shift; ++x) out[x] = choose(out[x], in[x + shift]);
      for (std::int64_t x = shift; x < width; ++x) out[x] = choose(out[x], in[x - shift]);
    }
  }
  Plane result = across;
  for (std::int64_t y = 0; y < height; ++y) {
    std::uint8_t* out = result.row(y);
    const std::int64_t last = std::min<std::int64_t>(y + radius_px, height - 1);
    for (std::int64_t other = std::max<std::int64_t>(y - radius_px, 0); other <= last; ++other) {
      const std::uint8_t* in = across.row(other);
      for (std::int64_t x = 0; x < width; ++x) out[x] = choose(out[x], in[x]);
    }
  }
  return result;
}

}  // namespace

void median_3x3(LargeSignedBytes& data, std::int64_t width_px, std::int64_t height_px) {
  const auto width = static_cast<std::size_t>(width_px);
  SortedColumns columns;
  for (std::vector<std::int8_t>* row : {&columns.low, &columns.middle, &columns.high}) row->resize(width + 2);
  // The row above and the present one are copied before they are overwritten.
  std::vector<std::int8_t> above(data.begin(), data.begin() + width_px);
  std::vector<std::int8_t> here = above;
  for (std::int64_t y = 0; y < height_px; ++y) {
    std::int8_t* row = data.data() + y * width_px;
    const std::int8_t* below = y + 1 < height_px ? row + width_px : row;
    std::copy(row, row + width_px, here.begin());
    sort_columns(above.data(), here.data(), y + 1 < height_px ? below : here.data(), width, columns);
    median_row(columns, width, row);
    std::swap(above, here);
  }
}

Plane dilate(const Plane& plane, int radius_px) {
  return window(plane, radius_px, [](std::uint8_t a, std::uint8_t b) { return std::max(a, b); });
}

Plane erode(const Plane& plane, int radius_px) {
  return window(plane, radius_px, [](std::uint8_t a, std::uint8_t b) { return std::min(a, b); });
}

}  // namespace microtome::tissue
