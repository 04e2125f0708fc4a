// What empty glass looks like on this slide. Glass is rarely 255: it is tinted by the mounting medium, and darker
// towards the corners. Its colour is estimated per slide from smooth, bright, nearly neutral blocks, as a low-order
// surface; everything later is optical density relative to it.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/image.h"

namespace microtome::tissue {

inline constexpr std::int64_t kBlockPx = 16;

struct WhiteModel {
  bool grey_image = false;  // no pixel has a colour: density is all there is
  bool found = false;       // false: no glass seen, a plain bright white is assumed
  std::int64_t blocks_across = 0;
  std::int64_t blocks_down = 0;
  std::vector<std::uint8_t> glass_block;  // 1: the block was recognised as glass

  // Optical density of white against 255 (natural logarithm), at the middle of a block.
  [[nodiscard]] std::array<float, 3> density_at(std::int64_t block_x, std::int64_t block_y) const noexcept;

  // Six coefficients per channel over u, v in [-1, 1]: 1, u, v, u*u, u*v, v*v; the value is kept within the range
  // seen on glass, for a polynomial means nothing where no glass was.
  std::array<std::array<double, 6>, 3> surface{};
  std::array<double, 3> lowest{};
  std::array<double, 3> highest{};
};

[[nodiscard]] WhiteModel estimate_white(const RgbImage& overview);

}  // namespace microtome::tissue
