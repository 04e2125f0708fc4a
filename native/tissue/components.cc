#include "tissue/components.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace microtome::tissue {
namespace {

std::int32_t root_of(std::vector<std::int32_t>& parent, std::int32_t run) {
  while (parent[static_cast<std::size_t>(run)] != run) {
    auto& up = parent[static_cast<std::size_t>(run)];
    up = parent[static_cast<std::size_t>(up)];
    run = up;
  }
  return run;
}

// First pixel at or after x that is zero (or, with `zero` false, not zero); looks at eight pixels at a time.
std::int32_t next_pixel(const std::uint8_t* row, std::int32_t x, std::int32_t width, bool zero) {
  constexpr std::uint64_t kOnes = 0x0101010101010101u;
  constexpr std::uint64_t kHighs = 0x8080808080808080u;
  while (x + 8 <= width) {
    std::uint64_t word = 0;
    std::memcpy(&word, row + x, sizeof word);
    const bool found = zero ? ((word - kOnes) & ~word & kHighs) != 0 : word != 0;
    if (found) break;
    x += 8;
  }
  while (x < width && (row[x] == 0) != zero) ++x;
  return x;
}

}  // namespace

Components::Components(const Plane& plane, bool inside) {
  find_runs(plane, inside);
  parent_.resize(by_row_.size());
  std::iota(parent_.begin(), parent_.end(), 0);
  join(inside ? 1 : 0);
  number();
}

void Components::find_runs(const Plane& plane, bool inside) {
  const auto width = static_cast<std::int32_t>(plane.width_px);
  row_start_.reserve(static_cast<std::size_t>(plane.height_px) + 1);
  for (std::int32_t y = 0; y < static_cast<std::int32_t>(plane.height_px); ++y) {
    row_start_.push_back(by_row_.size());
    const std::uint8_t* row = plane.row(y);
    std::int32_t x = 0;
    while (x < width) {
      const std::int32_t first = next_pixel(row, x, width, !inside);
      x = next_pixel(row, first, width, inside);
      if (x > first) by_row_.push_back({y, first, x, 0});
    }
  }
  row_start_.push_back(by_row_.size());
}

// Joins runs of neighbouring rows that overlap; with reach 1 also those that touch at a corner.
void Components::join(std::int32_t reach) {
  for (std::size_t row = 1; row + 1 < row_start_.size(); ++row) {
    std::size_t above = row_start_[row - 1];
    std::size_t here = row_start_[row];
    while (above < row_start_[row] && here < row_start_[row + 1]) {
      const Run& a = by_row_[above];
      const Run& b = by_row_[here];
      if (a.x0 < b.x1 + reach && b.x0 < a.x1 + reach) {
        const std::int32_t root_a = root_of(parent_, static_cast<std::int32_t>(above));
        const std::int32_t root_b = root_of(parent_, static_cast<std::int32_t>(here));
        parent_[static_cast<std::size_t>(std::max(root_a, root_b))] = std::min(root_a, root_b);
      }
      if (a.x1 < b.x1) {
        ++above;
      } else {
        ++here;
      }
    }
  }
}

void Components::number() {
  for (std::size_t i = 0; i < by_row_.size(); ++i) {
    const auto root = static_cast<std::size_t>(root_of(parent_, static_cast<std::int32_t>(i)));
    if (root == i) {
      by_row_[i].part = static_cast<std::int32_t>(areas_.size());
      areas_.push_back(0);
    } else {
      by_row_[i].part = by_row_[root].part;  // a root comes before its runs
    }
    areas_[static_cast<std::size_t>(by_row_[i].part)] += by_row_[i].x1 - by_row_[i].x0;
  }
  std::vector<std::size_t> next(areas_.size() + 1, 0);
  for (const Run& run : by_row_) ++next[static_cast<std::size_t>(run.part) + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  part_start_ = next;
  by_part_.resize(by_row_.size());
  for (const Run& run : by_row_) by_part_[next[static_cast<std::size_t>(run.part)]++] = run;
}

std::span<const Run> Components::runs(std::int32_t part) const noexcept {
  const std::size_t first = part_start_[static_cast<std::size_t>(part)];
  return {by_part_.data() + first, part_start_[static_cast<std::size_t>(part) + 1] - first};
}

std::int32_t Components::part_at(std::int64_t x, std::int64_t y) const noexcept {
  if (y < 0 || static_cast<std::size_t>(y) + 1 >= row_start_.size()) return -1;
  const auto first = by_row_.begin() + static_cast<std::ptrdiff_t>(row_start_[static_cast<std::size_t>(y)]);
  const auto end = by_row_.begin() + static_cast<std::ptrdiff_t>(row_start_[static_cast<std::size_t>(y) + 1]);
  const auto after = std::upper_bound(first, end, x, [](std::int64_t at, const Run& run) { return at < run.x0; });
  if (after == first) return -1;
  const Run& run = *(after - 1);
  return x < run.x1 ? run.part : -1;
}

void paint(Plane& plane, std::span<const Run> runs, std::uint8_t value) {
  for (const Run& run : runs) std::fill(plane.row(run.y) + run.x0, plane.row(run.y) + run.x1, value);
}

}  // namespace microtome::tissue
