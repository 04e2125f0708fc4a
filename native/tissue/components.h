// Connected parts of a plane, as runs of pixels in a row.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tissue/plane.h"

namespace microtome::tissue {

struct Run {
  std::int32_t y = 0;
  std::int32_t x0 = 0;
  std::int32_t x1 = 0;  // one past the last
  std::int32_t part = 0;
};

class Components {
 public:
  // Parts of the pixels that are non-zero (`inside`) or zero. Diagonal neighbours touch only among non-zero pixels.
  Components(const Plane& plane, bool inside);

  [[nodiscard]] std::int32_t count() const noexcept { return static_cast<std::int32_t>(areas_.size()); }
  [[nodiscard]] std::int64_t area(std::int32_t part) const noexcept { return areas_[static_cast<std::size_t>(part)]; }
  // The runs of one part, top to bottom.
  [[nodiscard]] std::span<const Run> runs(std::int32_t part) const noexcept;
  // The part that covers a pixel; -1 where there is none.
  [[nodiscard]] std::int32_t part_at(std::int64_t x, std::int64_t y) const noexcept;

 private:
  void find_runs(const Plane& plane, bool inside);
  void join(std::int32_t reach);
  void number();

  std::vector<Run> by_row_;
  std::vector<std::size_t> row_start_;  // height + 1
  std::vector<std::int32_t> parent_;
  std::vector<Run> by_part_;
  std::vector<std::size_t> part_start_;  // count + 1
  std::vector<std::int64_t> areas_;
};

void paint(Plane& plane, std::span<const Run> runs, std::uint8_t value);

}  // namespace microtome::tissue
