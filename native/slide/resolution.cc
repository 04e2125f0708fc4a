#include "slide/resolution.h"

#include <cmath>
#include <cstdio>
#include <string>

#include "core/error.h"
#include "slide/dialects/dialect.h"

namespace microtome::slide {
namespace {

// Outside this range no microscope works; a value there is a screen or print resolution.
constexpr double kSmallestPlausibleUm = 0.01;
constexpr double kLargestPlausibleUm = 25;
// libvips writes 10 pixels per centimetre when it knows nothing.
constexpr double kUnknownUm = 1000;

bool plausible(double um) noexcept { return um >= kSmallestPlausibleUm && um <= kLargestPlausibleUm; }

bool is_unknown(double um) noexcept { return std::abs(um - kUnknownUm) < 0.01; }

// Pixels per unit, where the tag holds a number that can be that.
std::optional<double> pixels_per_unit(const TiffDirectory& page, Tag tag, std::vector<std::string>& warnings) {
  const auto value = page.real(tag);
  if (!value || (std::isfinite(*value) && *value > 0)) return value;
  char text[32];
  std::snprintf(text, sizeof text, "%g", *value);
  warnings.push_back(std::string(tag_name(tag)) + " is " + text +
                     ", expected a finite number above zero; the resolution that the tags state is not used");
  return std::nullopt;
}

// The numbers of a damaged tag count as absent: a resolution is never worth refusing a slide.
std::optional<Mpp> tiff_mpp(const TiffDirectory& page, std::vector<std::string>& warnings) {
  try {
    const auto x = pixels_per_unit(page, Tag::XResolution, warnings);
    const auto y = pixels_per_unit(page, Tag::YResolution, warnings);
    const std::uint64_t unit = page.number(Tag::ResolutionUnit).value_or(2);  // inches, says TIFF
    if (!x || !y || (unit != 2 && unit != 3)) return std::nullopt;
    const double um_per_unit = unit == 2 ? 25400 : 10000;
    const double x_um = um_per_unit / *x;
    const double y_um = um_per_unit / *y;
    // A number at the end of its range may leave it here.
    if (!std::isfinite(x_um) || !std::isfinite(y_um) || x_um <= 0 || y_um <= 0) return std::nullopt;
    if (is_unknown(x_um) && is_unknown(y_um)) return std::nullopt;
    return stated_mpp(x_um, y_um, "tiff");
  } catch (const Error& error) {
    warnings.push_back("the resolution tags are not read: " + error.found());
    return std::nullopt;
  }
}

}  // namespace

Mpp chosen_mpp(double option) {
  if (!std::isfinite(option) || option <= 0)
    throw Error(Code::INVALID_OPTION, Stage::Options,
                "[[slideMpp]] is " + std::to_string(option) + ", expected a finite number of microns above zero");
  return {option, option, "option", true};
}

Mpp stated_mpp(double x_um, double y_um, const char* source) {
  return {x_um, y_um, source, plausible(x_um) && plausible(y_um)};
}

std::optional<Mpp> resolve_mpp(const SlidePage& slide, const TiffRules& rules, std::optional<double> option,
                               std::vector<std::string>& warnings) {
  if (option) return chosen_mpp(*option);
  if (const auto said = rules.resolution(slide, warnings)) return said;
  return tiff_mpp(slide.directory, warnings);
}

}  // namespace microtome::slide
