// sRGB and CIELAB under D65, in the parts that stain normalisation needs. Internal to this folder.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace microtome::preprocess {

// ITU-R BT.709 primaries with the white of D65.
inline constexpr std::array<std::array<double, 3>, 3> kXyzOfRgb = {
    {{0.412453, 0.357580, 0.180423}, {0.212671, 0.715160, 0.072169}, {0.019334, 0.119193, 0.950227}}};
inline constexpr std::array<double, 3> kWhiteXyz = {0.95047, 1.0, 1.08883};

// The sRGB transfer function, both ways; 0 to 1.
[[nodiscard]] inline double linear_of(double encoded) {
  return encoded > 0.04045 ? std::pow((encoded + 0.055) / 1.055, 2.4) : encoded / 12.92;
}

// CIELAB's nonlinearity and its inverse.
[[nodiscard]] inline double lab_curve(double t) { return t > 0.008856 ? std::cbrt(t) : 7.787 * t + 16.0 / 116.0; }
[[nodiscard]] inline float lab_curve_inverse(float f) noexcept {
  return f > 0.2068966f ? f * f * f : (f - 16.0f / 116.0f) / 7.787f;
}

// L*, a*, b* of 8-bit sRGB, by tables: the curve is interpolated in steps of 1/8192, which is exact to 0.001 of a unit.
class LabTables {
 public:
  LabTables() : curve_(kSteps * 9 / 8 + 2) {
    for (std::size_t value = 0; value < 256; ++value) {
      const double linear = linear_of(static_cast<double>(value) / 255);
      for (std::size_t to = 0; to < 3; ++to)
        for (std::size_t from = 0; from < 3; ++from)
          share_[from][value][to] = static_cast<float>(linear * kXyzOfRgb[to][from] / kWhiteXyz[to] * kSteps);
    }
    for (std::size_t i = 0; i < curve_.size(); ++i)
      curve_[i] = static_cast<float>(lab_curve(static_cast<double>(i) / kSteps));
  }

  [[nodiscard]] std::array<float, 3> at(const std::uint8_t* rgb) const noexcept {
    std::array<float, 3> f{};
    for (std::size_t c = 0; c < 3; ++c) {
      const float t = share_[0][rgb[0]][c] + share_[1][rgb[1]][c] + share_[2][rgb[2]][c];
      const auto step = static_cast<std::size_t>(t);
      f[c] = curve_[step] + (curve_[step + 1] - curve_[step]) * (t - static_cast<float>(step));
    }
    return {116.0f * f[1] - 16.0f, 500.0f * (f[0] - f[1]), 200.0f * (f[1] - f[2])};
  }

 private:
  static constexpr std::size_t kSteps = 8192;
  std::array<std::array<std::array<float, 3>, 256>, 3> share_{};  // of X, Y and Z, by channel and sample
  std::vector<float> curve_;
};

[[nodiscard]] inline const LabTables& lab_tables() {
  static const LabTables tables;
  return tables;
}

}  // namespace microtome::preprocess
