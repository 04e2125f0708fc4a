// The rows of a stored tile for whoever uses them at once, while they are in the processor's nearest cache.
#pragma once

#include <cstdint>

#include "core/image.h"

namespace microtome::decode {

class RowSink {
 public:
  virtual ~RowSink() = default;

  // Rows [first, first + pixels.height_px) of the tile, all of its width; valid during the call. Each row comes, from
  // the top; but a tile may begin again at its first row, when it turns out half-way that another decoder must have it:
  // what comes last counts, and nothing counts of a tile that ends in an error.
  virtual void rows(std::int64_t first, const ConstRgbView& pixels) = 0;

 protected:
  RowSink() = default;
  RowSink(const RowSink&) = default;
  RowSink& operator=(const RowSink&) = default;
};

}  // namespace microtome::decode
