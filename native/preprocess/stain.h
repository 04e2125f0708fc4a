// Stain normalisation: the colours of a slide are brought to those of a reference. Two steps: fit_stain() describes the
// slide by a few numbers, from a sample of its pixels (stain_sample.h); a StainMap is made of these and the reference's
// and changes tiles in place. Both methods give what the numpy classes of torchstain 1.4 give for the same pixels
// (test/peers/colour.test.ts).
//
// Macenko: "A method for normalizing histology slides for quantitative analysis", ISBI 2009. Optical density is
// -ln((sample + 1) / 240). Pixels with a density below 0.15 in any channel have no part in finding the stains. The
// stains are the directions of the 1st and the 99th percentile of angles in the plane of the two largest eigenvectors;
// the one that absorbs more red is haematoxylin. A concentration is scaled by its 99th percentile over all pixels.
//
// Reinhard: "Color transfer between images", IEEE CG&A 2001, in CIELAB (sRGB, D65), as the published programs for
// histology have it: each channel gets the mean and the standard deviation of the reference.
//
// Pure functions; any thread. Arithmetic has one order, so a tile has the same bits on every thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <variant>

#include "core/image.h"

namespace microtome::preprocess {

struct MacenkoFit {
  // Haematoxylin and eosin: optical densities of red, green and blue; unit length.
  std::array<std::array<double, 3>, 2> stains{};
  std::array<double, 2> concentrations{};  // 99th percentile of each
};

struct ReinhardFit {
  std::array<double, 3> mean{};  // L* (0 to 100), a*, b*
  std::array<double, 3> std{};   // of the population
};

// A bundle and a slide have the same kind.
using StainFit = std::variant<MacenkoFit, ReinhardFit>;
enum class StainMethod : std::uint8_t { Macenko, Reinhard };

// Fewer pixels of a slide say nothing about its stains.
inline constexpr std::size_t kFewestStainPixels = 1000;

// `rgb` has three samples for each pixel. Throws NO_TISSUE: fewer than kFewestStainPixels pixels (of Macenko, as dense
// as it asks for), or colours without the differences that the method divides by, such as those of a grey image.
[[nodiscard]] StainFit fit_stain(StainMethod method, std::span<const std::uint8_t> rgb);

namespace detail {
class MacenkoMap;
class ReinhardMap;
}  // namespace detail

// Immutable. Holds tables of about 50 KiB; make one for each slide, not for each tile.
class StainMap {
 public:
  // Throws MODEL_INVALID where the reference has numbers that cannot be, or is of another method than the slide's fit.
  StainMap(const StainFit& slide, const StainFit& reference);
  StainMap(StainMap&&) noexcept;
  StainMap& operator=(StainMap&&) noexcept;
  ~StainMap();

  // Changes the pixels in place. Samples are truncated, as in the published programs.
  void apply(const RgbView& tile) const;

 private:
  std::unique_ptr<const detail::MacenkoMap> macenko_;
  std::unique_ptr<const detail::ReinhardMap> reinhard_;
};

}  // namespace microtome::preprocess
