#include "slide/dialects/ome_xml.h"

#include <cmath>

#include "slide/length_unit.h"
#include "slide/numeric_text.h"
#include "slide/xml_scan.h"
#include "slide/xml_text.h"

namespace microtome::slide {
namespace {

// The attributes of the first start tag of that local name ("Pixels" for <Pixels> and <ome:Pixels>).
std::string_view find_element(std::string_view xml, std::string_view local_name) noexcept {
  XmlScan scan(xml);
  while (scan.next()) {
    if (scan.kind() != XmlScan::Kind::End && scan.name() == local_name) return scan.attributes();
  }
  return {};
}

// Micrometres per unit, where no unit means one of them; 0 for what is no unit of length.
double micrometres(std::optional<std::string_view> unit) { return unit ? micrometres_per_unit(*unit).value_or(0) : 1; }

}  // namespace

bool is_ome_xml(std::string_view description) noexcept {
  return description.find("<OME") != std::string_view::npos || description.find(":OME") != std::string_view::npos;
}

std::optional<PixelSize> ome_pixel_size(std::string_view description) {
  const std::string_view pixels = find_element(description, "Pixels");
  const auto x = xml_attribute(pixels, "PhysicalSizeX");
  const auto y = xml_attribute(pixels, "PhysicalSizeY");
  if (!x || !y) return std::nullopt;
  const auto x_value = parse_positive(xml_text(*x));
  const auto y_value = parse_positive(xml_text(*y));
  const double x_unit = micrometres(xml_attribute(pixels, "PhysicalSizeXUnit"));
  const double y_unit = micrometres(xml_attribute(pixels, "PhysicalSizeYUnit"));
  if (!x_value || !y_value || x_unit == 0 || y_unit == 0) return std::nullopt;
  const PixelSize size{*x_value * x_unit, *y_value * y_unit};
  // A number at the end of its range may leave it with the unit.
  const auto usable = [](double um) { return std::isfinite(um) && um > 0; };
  return usable(size.x_um) && usable(size.y_um) ? std::optional(size) : std::nullopt;
}

}  // namespace microtome::slide
