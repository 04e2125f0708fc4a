#include "slide/ome_xml.h"

#include <cmath>

#include "slide/numeric_text.h"
#include "slide/xml_scan.h"

namespace microtome::slide {
namespace {

constexpr auto kNone = std::string_view::npos;

// The attributes of the first start tag of that local name ("Pixels" for <Pixels> and <ome:Pixels>).
std::string_view find_element(std::string_view xml, std::string_view local_name) noexcept {
  XmlScan scan(xml);
  while (scan.next()) {
    if (scan.kind() != XmlScan::Kind::End && scan.name() == local_name) return scan.attributes();
  }
  return {};
}

// Micrometres per unit; 0 for what is no unit of length ("pixel", "reference frame").
double micrometres(std::optional<std::string_view> unit) noexcept {
  if (!unit) return 1;
  const std::string_view name = trim(*unit);
  // The micro sign, the Greek letter, and both as character references.
  for (const std::string_view micro :
       {"\xC2\xB5m", "\xCE\xBCm", "um", "&#181;m", "&#xB5;m", "&#xb5;m", "&#956;m", "&#x3BC;m", "&#x3bc;m"}) {
    if (name == micro) return 1;
  }
  for (const std::string_view angstrom : {"\xC3\x85", "\xE2\x84\xAB", "&#197;", "&#xC5;", "&#xc5;"}) {
    if (name == angstrom) return 1e-4;
  }
  if (name == "nm") return 1e-3;
  if (name == "mm") return 1e3;
  if (name == "cm") return 1e4;
  if (name == "m") return 1e6;
  return 0;
}

}  // namespace

bool is_ome_xml(std::string_view description) noexcept {
  return description.find("<OME") != kNone || description.find(":OME") != kNone;
}

std::optional<PixelSize> ome_pixel_size(std::string_view description) noexcept {
  const std::string_view pixels = find_element(description, "Pixels");
  const auto x = xml_attribute(pixels, "PhysicalSizeX");
  const auto y = xml_attribute(pixels, "PhysicalSizeY");
  if (!x || !y) return std::nullopt;
  const auto x_value = parse_positive(*x);
  const auto y_value = parse_positive(*y);
  const double x_unit = micrometres(xml_attribute(pixels, "PhysicalSizeXUnit"));
  const double y_unit = micrometres(xml_attribute(pixels, "PhysicalSizeYUnit"));
  if (!x_value || !y_value || x_unit == 0 || y_unit == 0) return std::nullopt;
  const PixelSize size{*x_value * x_unit, *y_value * y_unit};
  // A number at the end of its range may leave it with the unit.
  const auto usable = [](double um) { return std::isfinite(um) && um > 0; };
  return usable(size.x_um) && usable(size.y_um) ? std::optional(size) : std::nullopt;
}

}  // namespace microtome::slide
