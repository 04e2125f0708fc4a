#include "slide/resolution.h"

#include <cmath>
#include <string>

#include "core/error.h"
#include "slide/aperio.h"
#include "slide/ome_xml.h"

namespace microtome::slide {
namespace {

// Outside this range no microscope works; a value there is a screen or print resolution.
constexpr double kSmallestPlausibleUm = 0.01;
constexpr double kLargestPlausibleUm = 25;
// libvips writes 10 pixels per centimetre when it knows nothing.
constexpr double kUnknownUm = 1000;

bool plausible(double um) noexcept { return um >= kSmallestPlausibleUm && um <= kLargestPlausibleUm; }

bool is_unknown(double um) noexcept { return std::abs(um - kUnknownUm) < 0.01; }

Mpp from_file(double x, double y, const char* source) { return {x, y, source, plausible(x) && plausible(y)}; }

// The numbers of a damaged tag count as absent: a resolution is never worth refusing a slide.
std::optional<Mpp> tiff_mpp(const TiffDirectory& page) {
  try {
    const auto x = page.rational(Tag::XResolution);
    const auto y = page.rational(Tag::YResolution);
    const std::uint64_t unit = page.number(Tag::ResolutionUnit).value_or(2);  // inches, says TIFF
    if (!x || !y || *x <= 0 || *y <= 0 || (unit != 2 && unit != 3)) return std::nullopt;
    const double um_per_unit = unit == 2 ? 25400 : 10000;
    const double x_um = um_per_unit / *x;
    const double y_um = um_per_unit / *y;
    if (is_unknown(x_um) && is_unknown(y_um)) return std::nullopt;
    return from_file(x_um, y_um, "tiff");
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<Mpp> resolve_mpp(const TiffDirectory& page, std::string_view description, std::optional<double> option) {
  if (option) {
    if (!std::isfinite(*option) || *option <= 0)
      throw Error(Code::INVALID_OPTION, Stage::Options,
                  "[[slideMpp]] is " + std::to_string(*option) + ", expected a finite number of microns above zero");
    return Mpp{*option, *option, "option", true};
  }
  if (is_aperio(description)) {
    if (const auto um = aperio_mpp(description)) return from_file(*um, *um, "aperio");
  }
  if (is_ome_xml(description)) {
    if (const auto size = ome_pixel_size(description)) return from_file(size->x_um, size->y_um, "ome");
  }
  return tiff_mpp(page);
}

}  // namespace microtome::slide
