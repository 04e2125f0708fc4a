// What describes the stain of some pixels. Double precision, sums in the order of the pixels.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/error.h"
#include "preprocess/cielab.h"
#include "preprocess/optical_density.h"
#include "preprocess/stain.h"

namespace microtome::preprocess {
namespace {

constexpr double kTransparent = 0.15;   // density below which a pixel shows no stain
constexpr double kAnglePercentile = 1;  // and 100 less it
constexpr double kConcentrationPercentile = 99;
// The sine of the angle between two stains that can be told apart. Of haematoxylin and eosin it is about 0.5; the
// rounding of samples to 8 bits makes some hundredths out of one stain.
constexpr double kSmallestSine = 0.1;
// The least deviation of a CIELAB channel; the rounding of samples to 8 bits alone makes about 0.2.
constexpr double kSmallestDeviation = 0.02;

using Vector = std::array<double, 3>;
using Matrix = std::array<Vector, 3>;

double dot(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

[[noreturn]] void cannot_fit(const std::string& why) {
  throw Error(Code::NO_TISSUE, Stage::Preprocess, "the stain of the slide cannot be measured: " + why);
}

void require_pixels(std::size_t found, const char* kind) {
  if (found < kFewestStainPixels)
    cannot_fit("its sample has " + std::to_string(found) + " " + kind + ", expected at least " +
               std::to_string(kFewestStainPixels));
}

// Linear between the two nearest values, as numpy.percentile. Reorders `values`.
double percentile(std::vector<double>& values, double percent) {
  const double place = percent / 100 * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(place);
  const auto at = values.begin() + below;
  std::nth_element(values.begin(), at, values.end());
  if (at + 1 == values.end()) return *at;
  const double next = *std::min_element(at + 1, values.end());
  return *at + (next - *at) * (place - static_cast<double>(below));
}

struct Eigen {
  Vector values{};
  Matrix vectors{};  // one in each row
};

// Jacobi's rotations: a symmetric matrix of three rows is diagonal to the last bit after a few of them.
Eigen eigen_of(Matrix a) {
  Matrix v = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  for (int sweep = 0; sweep < 50; ++sweep) {
    if (a[0][1] == 0 && a[0][2] == 0 && a[1][2] == 0) break;
    for (const auto& [p, q] : {std::pair<std::size_t, std::size_t>{0, 1}, {0, 2}, {1, 2}}) {
      if (a[p][q] == 0) continue;
      const double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
      const double t = (theta < 0 ? -1.0 : 1.0) / (std::abs(theta) + std::sqrt(theta * theta + 1));
      const double c = 1 / std::sqrt(t * t + 1);
      const double s = t * c;
      for (std::size_t k = 0; k < 3; ++k) {
        const double kp = a[k][p], kq = a[k][q];
        a[k][p] = c * kp - s * kq;
        a[k][q] = s * kp + c * kq;
      }
      for (std::size_t k = 0; k < 3; ++k) {
        const double pk = a[p][k], qk = a[q][k];
        a[p][k] = c * pk - s * qk;
        a[q][k] = s * pk + c * qk;
        const double vp = v[p][k], vq = v[q][k];
        v[p][k] = c * vp - s * vq;
        v[q][k] = s * vp + c * vq;
      }
    }
  }
  return {{a[0][0], a[1][1], a[2][2]}, v};
}

struct Plane {
  Vector first{};   // the direction of the largest variance, towards more density
  Vector second{};  // that of the second largest
};

Plane plane_of(const std::vector<Vector>& densities) {
  const auto count = static_cast<double>(densities.size());
  Vector mean{};
  for (const Vector& density : densities)
    for (std::size_t c = 0; c < 3; ++c) mean[c] += density[c] / count;
  Matrix covariance{};
  for (const Vector& density : densities)
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t j = 0; j < 3; ++j)
        covariance[i][j] += (density[i] - mean[i]) * (density[j] - mean[j]) / (count - 1);
  const Eigen eigen = eigen_of(covariance);
  std::array<std::size_t, 3> order = {0, 1, 2};
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return eigen.values[a] > eigen.values[b]; });
  Plane plane{eigen.vectors[order[0]], eigen.vectors[order[1]]};
  // Densities are positive: this way their angles are about a quarter turn, far from where angles begin anew.
  if (plane.first[0] + plane.first[1] + plane.first[2] < 0)
    for (double& part : plane.first) part = -part;
  return plane;
}

Vector direction(const Plane& plane, double angle) {
  Vector found{};
  for (std::size_t c = 0; c < 3; ++c) found[c] = plane.second[c] * std::cos(angle) + plane.first[c] * std::sin(angle);
  return found;
}

MacenkoFit fit_macenko(std::span<const std::uint8_t> rgb) {
  const std::array<double, 256> density = optical_densities();
  std::vector<Vector> stained;
  for (std::size_t i = 0; i + 2 < rgb.size(); i += 3) {
    const Vector one = {density[rgb[i]], density[rgb[i + 1]], density[rgb[i + 2]]};
    if (std::min({one[0], one[1], one[2]}) >= kTransparent) stained.push_back(one);
  }
  require_pixels(stained.size(), "pixels of tissue");
  const Plane plane = plane_of(stained);
  std::vector<double> values;
  values.reserve(rgb.size() / 3);
  for (const Vector& one : stained) values.push_back(std::atan2(dot(one, plane.first), dot(one, plane.second)));
  const Vector lowest = direction(plane, percentile(values, kAnglePercentile));
  const Vector highest = direction(plane, percentile(values, 100 - kAnglePercentile));
  MacenkoFit fit;
  fit.stains = lowest[0] > highest[0] ? std::array{lowest, highest} : std::array{highest, lowest};
  const double cosine = dot(fit.stains[0], fit.stains[1]);
  if (!(1 - cosine * cosine > kSmallestSine * kSmallestSine))
    cannot_fit("its tissue has one colour, expected two stains");

  const std::array<Vector, 2> inverse = pseudo_inverse(fit.stains);
  for (std::size_t stain = 0; stain < 2; ++stain) {
    values.clear();
    for (std::size_t i = 0; i + 2 < rgb.size(); i += 3)
      values.push_back(dot(inverse[stain], {density[rgb[i]], density[rgb[i + 1]], density[rgb[i + 2]]}));
    fit.concentrations[stain] = percentile(values, kConcentrationPercentile);
    if (!(fit.concentrations[stain] > 0)) cannot_fit("one of its two stains is nowhere");
  }
  return fit;
}

ReinhardFit fit_reinhard(std::span<const std::uint8_t> rgb) {
  const std::size_t count = rgb.size() / 3;
  require_pixels(count, "pixels");
  const LabTables& lab = lab_tables();
  ReinhardFit fit;
  for (std::size_t i = 0; i < count; ++i) {
    const std::array<float, 3> one = lab.at(&rgb[3 * i]);
    for (std::size_t c = 0; c < 3; ++c) fit.mean[c] += double{one[c]} / static_cast<double>(count);
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::array<float, 3> one = lab.at(&rgb[3 * i]);
    for (std::size_t c = 0; c < 3; ++c) {
      const double off = double{one[c]} - fit.mean[c];
      fit.std[c] += off * off / static_cast<double>(count);
    }
  }
  for (std::size_t c = 0; c < 3; ++c) {
    fit.std[c] = std::sqrt(fit.std[c]);
    if (!(fit.std[c] > kSmallestDeviation))
      cannot_fit(std::string("its ") + (c == 0 ? "L*" : c == 1 ? "a*" : "b*") + " (CIELAB) is the same everywhere");
  }
  return fit;
}

}  // namespace

StainFit fit_stain(StainMethod method, std::span<const std::uint8_t> rgb) {
  if (method == StainMethod::Macenko) return fit_macenko(rgb);
  return fit_reinhard(rgb);
}

}  // namespace microtome::preprocess
