// Some neighbouring positions of a source.
#pragma once

#include <cstdint>

namespace microtome::engine {

struct Range {
  std::int64_t first = 0;
  std::int64_t end = 0;

  [[nodiscard]] std::int64_t size() const noexcept { return end - first; }
};

}  // namespace microtome::engine
