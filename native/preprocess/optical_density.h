// Optical density as Macenko's method has it, and the concentrations of two stains. Internal to this folder.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

namespace microtome::preprocess {

// The intensity of the light that reaches the camera through glass.
inline constexpr double kTransmitted = 240;

// Of each sample.
[[nodiscard]] inline std::array<double, 256> optical_densities() {
  std::array<double, 256> density{};
  for (std::size_t value = 0; value < 256; ++value)
    density[value] = -std::log((static_cast<double>(value) + 1) / kTransmitted);
  return density;
}

// What turns a density into the concentrations that explain it best (least squares). The stains must differ in
// direction.
[[nodiscard]] inline std::array<std::array<double, 3>, 2> pseudo_inverse(
    const std::array<std::array<double, 3>, 2>& stains) {
  const auto product = [&](std::size_t i, std::size_t j) {
    return stains[i][0] * stains[j][0] + stains[i][1] * stains[j][1] + stains[i][2] * stains[j][2];
  };
  const double aa = product(0, 0), ab = product(0, 1), bb = product(1, 1);
  const double determinant = aa * bb - ab * ab;
  std::array<std::array<double, 3>, 2> inverse{};
  for (std::size_t c = 0; c < 3; ++c) {
    inverse[0][c] = (bb * stains[0][c] - ab * stains[1][c]) / determinant;
    inverse[1][c] = (aa * stains[1][c] - ab * stains[0][c]) / determinant;
  }
  return inverse;
}

}  // namespace microtome::preprocess
