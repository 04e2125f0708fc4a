#include "decode/orient.h"

#include <cstring>

namespace microtome::decode {
namespace {

constexpr std::int64_t kBlockPx = 32;  // of columns: so that rows of both images stay in the caches

}  // namespace

// Orientations 5 to 8 are 1 to 4 with rows and columns exchanged: 5 transposes, 6 turns to the right, 7 transposes
// along the other diagonal, 8 turns to the left.
void orient(const ConstRgbView& in, int orientation, const RgbView& out) {
  const bool swaps = orientation >= 5;
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_below = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  for (std::int64_t first = 0; first < out.width_px; first += kBlockPx) {
    const std::int64_t end = first + kBlockPx < out.width_px ? first + kBlockPx : out.width_px;
    for (std::int64_t y = 0; y < out.height_px; ++y)
      for (std::int64_t x = first; x < end; ++x) {
        const std::int64_t column = swaps ? y : x;
        const std::int64_t row = swaps ? x : y;
        const std::int64_t from_x = from_right ? in.width_px - 1 - column : column;
        const std::int64_t from_y = from_below ? in.height_px - 1 - row : row;
        std::memcpy(out.row(y) + 3 * x, in.row(from_y) + 3 * from_x, 3);
      }
  }
}

}  // namespace microtome::decode
