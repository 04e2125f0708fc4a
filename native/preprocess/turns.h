// Flips and quarter turns of tensors: the same model input seen from another side. Pure functions; any thread.
#pragma once

#include <cstdint>

#include "preprocess/preprocess.h"

namespace microtome::preprocess {

// Of a picture with x to the right and y down, W x H pixels. Where pixel (x, y) goes:
enum class Turn : std::uint8_t {
  Identity,      // (x, y)
  FlipX,         // (W - 1 - x, y): left and right change places
  FlipY,         // (x, H - 1 - y): top and bottom change places
  Rotate90,      // (H - 1 - y, x): clockwise, what was on top is on the right
  Rotate180,     // (W - 1 - x, H - 1 - y)
  Rotate270,     // (y, W - 1 - x): clockwise, what was on top is on the left
  Transpose,     // (y, x): mirrored at the diagonal from the upper left
  Antitranspose  // (H - 1 - y, W - 1 - x): mirrored at the diagonal from the upper right
};

// A picture of W x H pixels becomes one of H x W.
[[nodiscard]] constexpr bool swaps_sides(Turn turn) noexcept {
  return turn == Turn::Rotate90 || turn == Turn::Rotate270 || turn == Turn::Transpose || turn == Turn::Antitranspose;
}

// `in` and `out` are one row of a tensor each: one picture, in the layout and element type of `how`; `width_px` and
// `height_px` are those of `in`. size_px is not looked at. They must not overlap.
void turn_row(const void* in, void* out, std::int64_t width_px, std::int64_t height_px, const TensorFormat& how,
              Turn turn);

// The same, in place. Throws INTERNAL when the turn swaps sides that differ.
void turn_row_in_place(void* row, std::int64_t width_px, std::int64_t height_px, const TensorFormat& how, Turn turn);

}  // namespace microtome::preprocess
