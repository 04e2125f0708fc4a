#include "tissue/surroundings.h"

namespace microtome::tissue {

void Surroundings::start(std::span<const Run> runs) {
  ++stamp_;
  front_.clear();
  for (const Run& run : runs)
    for (std::int64_t x = run.x0; x < run.x1; ++x) {
      const auto index = static_cast<std::int32_t>(run.y * width_px_ + x);
      seen_[static_cast<std::size_t>(index)] = stamp_;
      front_.push_back(index);
    }
}

}  // namespace microtome::tissue
