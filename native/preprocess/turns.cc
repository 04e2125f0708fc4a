#include "preprocess/turns.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

#include "core/error.h"

namespace microtome::preprocess {
namespace {

// A plane of cells: of a channel, or with all channels of a pixel together. Cells are moved, never looked at.
template <std::size_t kBytes>
using Cell = std::array<std::uint8_t, kBytes>;

struct Sides {
  std::int64_t width = 0;
  std::int64_t height = 0;
};

// Where the turn puts (x, y), as an index into the plane that comes out.
std::int64_t place_of(std::int64_t x, std::int64_t y, Sides in, Turn turn) noexcept {
  const std::int64_t right = in.width - 1 - x, below = in.height - 1 - y;
  switch (turn) {
    case Turn::Identity:
      return y * in.width + x;
    case Turn::FlipX:
      return y * in.width + right;
    case Turn::FlipY:
      return below * in.width + x;
    case Turn::Rotate180:
      return below * in.width + right;
    case Turn::Rotate90:
      return x * in.height + below;
    case Turn::Rotate270:
      return right * in.height + y;
    case Turn::Transpose:
      return x * in.height + y;
    case Turn::Antitranspose:
      return right * in.height + below;
  }
  return 0;
}

// A row goes along a line of the plane that comes out, with the same distance from cell to cell. Pieces of a few
// columns, so that the lines that a piece is written to stay in the caches.
template <typename Cells>
void turn_plane(const Cells* in, Cells* out, Sides sides, Turn turn) {
  constexpr std::int64_t kColumns = 32;
  const std::int64_t step = sides.width > 1 ? place_of(1, 0, sides, turn) - place_of(0, 0, sides, turn) : 0;
  for (std::int64_t left = 0; left < sides.width; left += kColumns) {
    const std::int64_t end = std::min(left + kColumns, sides.width);
    for (std::int64_t y = 0; y < sides.height; ++y) {
      std::int64_t to = place_of(left, y, sides, turn);
      for (std::int64_t x = left; x < end; ++x, to += step) out[to] = in[y * sides.width + x];
    }
  }
}

template <typename Cells>
void flip_columns(Cells* plane, Sides sides) {
  for (std::int64_t y = 0; y < sides.height; ++y) std::reverse(plane + y * sides.width, plane + (y + 1) * sides.width);
}

template <typename Cells>
void flip_rows(Cells* plane, Sides sides) {
  for (std::int64_t y = 0; y < sides.height / 2; ++y)
    std::swap_ranges(plane + y * sides.width, plane + (y + 1) * sides.width,
                     plane + (sides.height - 1 - y) * sides.width);
}

template <typename Cells>
void transpose(Cells* plane, std::int64_t side) {
  for (std::int64_t y = 0; y < side; ++y)
    for (std::int64_t x = y + 1; x < side; ++x) std::swap(plane[y * side + x], plane[x * side + y]);
}

// A turn that swaps sides is a transposition, then flips.
template <typename Cells>
void turn_plane_in_place(Cells* plane, Sides sides, Turn turn) {
  if (swaps_sides(turn)) transpose(plane, sides.width);
  if (turn == Turn::FlipX || turn == Turn::Rotate90 || turn == Turn::Rotate180 || turn == Turn::Antitranspose)
    flip_columns(plane, sides);
  if (turn == Turn::FlipY || turn == Turn::Rotate270 || turn == Turn::Rotate180 || turn == Turn::Antitranspose)
    flip_rows(plane, sides);
}

// Calls `each` for every plane with a pointer to its kind of cell and the number of the plane's first cell.
template <typename Each>
void for_planes(const TensorFormat& how, Sides sides, Each each) {
  const bool planar = how.layout == Layout::Nchw;
  for (std::int64_t plane = 0; plane < (planar ? 3 : 1); ++plane) {
    const std::int64_t first = plane * sides.width * sides.height;
    switch (how.type) {
      case ElementType::Float32:
        planar ? each(static_cast<Cell<4>*>(nullptr), first) : each(static_cast<Cell<12>*>(nullptr), first);
        break;
      case ElementType::Float16:
        planar ? each(static_cast<Cell<2>*>(nullptr), first) : each(static_cast<Cell<6>*>(nullptr), first);
        break;
      case ElementType::Uint8:
        planar ? each(static_cast<Cell<1>*>(nullptr), first) : each(static_cast<Cell<3>*>(nullptr), first);
        break;
    }
  }
}

void require_sides(Sides sides) {
  if (sides.width < 1 || sides.height < 1)
    throw Error(Code::INTERNAL, Stage::Preprocess,
                "a picture of " + std::to_string(sides.width) + " x " + std::to_string(sides.height) +
                    " pixels cannot be turned");
}

}  // namespace

void turn_row(const void* in, void* out, std::int64_t width_px, std::int64_t height_px, const TensorFormat& how,
              Turn turn) {
  const Sides sides{width_px, height_px};
  require_sides(sides);
  if (turn == Turn::Identity) {
    std::memcpy(out, in, tensor_bytes(width_px, height_px, how.type));
    return;
  }
  for_planes(how, sides, [&]<typename Cells>(Cells*, std::int64_t first) {
    turn_plane(static_cast<const Cells*>(in) + first, static_cast<Cells*>(out) + first, sides, turn);
  });
}

void turn_row_in_place(void* row, std::int64_t width_px, std::int64_t height_px, const TensorFormat& how, Turn turn) {
  const Sides sides{width_px, height_px};
  require_sides(sides);
  if (swaps_sides(turn) && width_px != height_px)
    throw Error(Code::INTERNAL, Stage::Preprocess,
                "a picture of " + std::to_string(width_px) + " x " + std::to_string(height_px) +
                    " pixels cannot swap its sides in place");
  for_planes(how, sides, [&]<typename Cells>(Cells*, std::int64_t first) {
    turn_plane_in_place(static_cast<Cells*>(row) + first, sides, turn);
  });
}

}  // namespace microtome::preprocess
