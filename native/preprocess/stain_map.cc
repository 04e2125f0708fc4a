// A slide's colours to a reference's: tables and one small matrix. Single precision, in one order.
#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"
#include "preprocess/cielab.h"
#include "preprocess/optical_density.h"
#include "preprocess/stain.h"
#include "preprocess/step_table.h"

namespace microtome::preprocess {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw Error(Code::MODEL_INVALID, Stage::Preprocess, "the reference of the stain normalisation " + what);
}

template <std::size_t n>
void require_numbers(const std::array<double, n>& numbers, const char* name, bool positive) {
  for (const double number : numbers)
    if (!std::isfinite(number) || (positive && !(number > 0)))
      refuse(std::string("has ") + name + " with " + std::to_string(number) + ", expected " +
             (positive ? "positive numbers" : "finite numbers"));
}

// Where truncated intensities of 240 * exp(x) step up; x is a density with its sign changed.
std::array<double, 256> intensity_steps() {
  std::array<double, 256> steps{};
  for (std::size_t k = 1; k < 256; ++k) steps[k] = std::log(static_cast<double>(k) / kTransmitted);
  return steps;
}

// Where truncated 8-bit sRGB steps up, by linear intensity.
std::array<double, 256> srgb_steps() {
  std::array<double, 256> steps{};
  for (std::size_t k = 1; k < 256; ++k) steps[k] = linear_of(static_cast<double>(k) / 255);
  return steps;
}

using Matrix = std::array<std::array<double, 3>, 3>;

Matrix inverse_of(const Matrix& m) {
  const auto minor = [&](std::size_t i, std::size_t j) {
    const std::size_t a = (i + 1) % 3, b = (i + 2) % 3, c = (j + 1) % 3, d = (j + 2) % 3;
    return m[a][c] * m[b][d] - m[a][d] * m[b][c];
  };
  const double determinant = m[0][0] * minor(0, 0) + m[0][1] * minor(0, 1) + m[0][2] * minor(0, 2);
  Matrix inverse{};
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 3; ++j) inverse[j][i] = minor(i, j) / determinant;
  return inverse;
}

}  // namespace

namespace detail {

class MacenkoMap {
 public:
  MacenkoMap(const MacenkoFit& slide, const MacenkoFit& reference) : intensities_(intensity_steps()) {
    for (const auto& stain : reference.stains) require_numbers(stain, "stains", false);
    require_numbers(reference.concentrations, "concentrations", true);
    // From the densities of a pixel to those with the reference's stains, by way of its concentrations.
    const std::array<std::array<double, 3>, 2> inverse = pseudo_inverse(slide.stains);
    const std::array<double, 256> density = optical_densities();
    for (std::size_t from = 0; from < 3; ++from)
      for (std::size_t to = 0; to < 3; ++to) {
        double factor = 0;
        for (std::size_t stain = 0; stain < 2; ++stain)
          factor += reference.stains[stain][to] * reference.concentrations[stain] / slide.concentrations[stain] *
                    inverse[stain][from];
        for (std::size_t value = 0; value < 256; ++value)
          share_[from][value][to] = static_cast<float>(-factor * density[value]);
      }
  }

  void apply(std::uint8_t* px) const noexcept {
    const std::array<float, 3>&r = share_[0][px[0]], &g = share_[1][px[1]], &b = share_[2][px[2]];
    for (std::size_t c = 0; c < 3; ++c) px[c] = intensities_.at(r[c] + g[c] + b[c]);
  }

 private:
  std::array<std::array<std::array<float, 3>, 256>, 3> share_{};  // of densities, sign changed, by channel and sample
  StepTable intensities_;
};

class ReinhardMap {
 public:
  ReinhardMap(const ReinhardFit& slide, const ReinhardFit& reference) : lab_(lab_tables()), samples_(srgb_steps()) {
    require_numbers(reference.mean, "mean", false);
    require_numbers(reference.std, "std", true);
    for (std::size_t c = 0; c < 3; ++c) {
      const double gain = reference.std[c] / slide.std[c];
      gain_[c] = static_cast<float>(gain);
      offset_[c] = static_cast<float>(reference.mean[c] - slide.mean[c] * gain);
    }
    const Matrix rgb_of_xyz = inverse_of(kXyzOfRgb);
    for (std::size_t to = 0; to < 3; ++to)
      for (std::size_t from = 0; from < 3; ++from)
        rgb_[to][from] = static_cast<float>(rgb_of_xyz[to][from] * kWhiteXyz[from]);
  }

  void apply(std::uint8_t* px) const noexcept {
    std::array<float, 3> lab = lab_.at(px);
    for (std::size_t c = 0; c < 3; ++c) lab[c] = lab[c] * gain_[c] + offset_[c];
    const float y = (lab[0] + 16.0f) / 116.0f;
    const float fx = lab_curve_inverse(lab[1] / 500.0f + y);
    const float fy = lab_curve_inverse(y);
    const float fz = lab_curve_inverse(y - lab[2] / 200.0f);
    for (std::size_t c = 0; c < 3; ++c) px[c] = samples_.at(rgb_[c][0] * fx + rgb_[c][1] * fy + rgb_[c][2] * fz);
  }

 private:
  const LabTables& lab_;
  std::array<float, 3> gain_{};
  std::array<float, 3> offset_{};
  std::array<std::array<float, 3>, 3> rgb_{};  // from X, Y, Z relative to white
  StepTable samples_;
};

}  // namespace detail

StainMap::StainMap(const StainFit& slide, const StainFit& reference) {
  if (slide.index() != reference.index()) refuse("is of another method than the slide's fit");
  if (const auto* macenko = std::get_if<MacenkoFit>(&slide))
    macenko_ = std::make_unique<const detail::MacenkoMap>(*macenko, std::get<MacenkoFit>(reference));
  else
    reinhard_ =
        std::make_unique<const detail::ReinhardMap>(std::get<ReinhardFit>(slide), std::get<ReinhardFit>(reference));
}
StainMap::StainMap(StainMap&&) noexcept = default;
StainMap& StainMap::operator=(StainMap&&) noexcept = default;
StainMap::~StainMap() = default;

void StainMap::apply(const RgbView& tile) const {
  const auto each = [&tile](const auto& map) {
    for (std::int64_t y = 0; y < tile.height_px; ++y) {
      std::uint8_t* const row = tile.row(y);
      for (std::int64_t x = 0; x < tile.width_px; ++x) map.apply(row + 3 * x);
    }
  };
  if (macenko_ != nullptr)
    each(*macenko_);
  else
    each(*reinhard_);
}

}  // namespace microtome::preprocess
