// Grows one part of an image outwards, pixel ring by pixel ring, and reports what is met.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "tissue/components.h"
#include "tissue/plane.h"

namespace microtome::tissue {

// Work space for growing many parts one after the other over the same image; memory of one int per pixel, made once.
class Surroundings {
 public:
  Surroundings(std::int64_t width_px, std::int64_t height_px)
      : width_px_(width_px), height_px_(height_px), seen_(static_cast<std::size_t>(width_px * height_px)) {}

  // Starts a new part: its own pixels count as visited.
  void start(std::span<const Run> runs);

  // One step outwards from the present front. The new front is the unvisited neighbours (8) for which `joins(index,
  // from)` is true; the others may be asked about again. Returns false when the front is empty.
  template <typename Joins>
  bool step(Joins joins) {
    next_.clear();
    for (const std::int32_t index : front_) {
      const std::int64_t x = index % width_px_;
      const std::int64_t y = index / width_px_;
      for (std::int64_t ny = y > 0 ? y - 1 : 0; ny <= y + 1 && ny < height_px_; ++ny)
        for (std::int64_t nx = x > 0 ? x - 1 : 0; nx <= x + 1 && nx < width_px_; ++nx) {
          const auto neighbour = static_cast<std::int32_t>(ny * width_px_ + nx);
          auto& stamp = seen_[static_cast<std::size_t>(neighbour)];
          if (stamp == stamp_) continue;
          if (!joins(neighbour, index)) continue;
          stamp = stamp_;
          next_.push_back(neighbour);
        }
    }
    front_.swap(next_);
    return !front_.empty();
  }

  [[nodiscard]] const std::vector<std::int32_t>& front() const noexcept { return front_; }

  // Goes on from the given pixels, which must be visited ones; what was visited stays so.
  void set_front(std::vector<std::int32_t> pixels) { front_ = std::move(pixels); }

 private:
  std::int64_t width_px_;
  std::int64_t height_px_;
  std::int32_t stamp_ = 0;
  std::vector<std::int32_t, LargeAllocator<std::int32_t>> seen_;
  std::vector<std::int32_t> front_;
  std::vector<std::int32_t> next_;
};

}  // namespace microtome::tissue
