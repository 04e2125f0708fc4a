#include "slide/ome_xml.h"

#include <cmath>

#include "slide/length_unit.h"
#include "slide/numeric_text.h"
#include "slide/xml_text.h"

namespace microtome::slide {
namespace {

constexpr auto kNone = std::string_view::npos;

bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// The inside of the first start tag of that local name ("Pixels" for <Pixels> and <ome:Pixels>): its attributes.
std::string_view find_element(std::string_view xml, std::string_view local_name) noexcept {
  for (std::size_t at = xml.find('<'); at != kNone; at = xml.find('<', at)) {
    if (xml.substr(at, 4) == "<!--") {
      at = xml.find("-->", at + 4);
      if (at == kNone) return {};
      continue;
    }
    // The end of the tag is the first '>' outside quotes.
    std::size_t end = at + 1;
    char quote = 0;
    for (; end < xml.size(); ++end) {
      const char c = xml[end];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '>') {
        break;
      }
    }
    if (end >= xml.size()) return {};
    const std::string_view inside = xml.substr(at + 1, end - at - 1);
    std::size_t name_end = 0;
    while (name_end < inside.size() && !is_space(inside[name_end]) && inside[name_end] != '/') ++name_end;
    std::string_view name = inside.substr(0, name_end);
    if (const auto colon = name.find(':'); colon != kNone) name.remove_prefix(colon + 1);
    if (name == local_name) return inside.substr(name_end);
    at = end;
  }
  return {};
}

// The value of an attribute; nothing when it is absent. Quotes may be single or double, spaces may surround '='.
std::optional<std::string_view> attribute(std::string_view attributes, std::string_view wanted) noexcept {
  for (;;) {
    attributes = trim(attributes);
    const auto equals = attributes.find('=');
    if (equals == kNone) return std::nullopt;
    const std::string_view name = trim(attributes.substr(0, equals));
    attributes = trim(attributes.substr(equals + 1));
    if (attributes.empty() || (attributes[0] != '"' && attributes[0] != '\'')) return std::nullopt;
    const auto end = attributes.find(attributes[0], 1);
    if (end == kNone) return std::nullopt;
    if (name == wanted) return attributes.substr(1, end - 1);
    attributes.remove_prefix(end + 1);
  }
}

// Micrometres per unit, where no unit means one of them; 0 for what is no unit of length.
double micrometres(std::optional<std::string_view> unit) { return unit ? micrometres_per_unit(*unit).value_or(0) : 1; }

}  // namespace

bool is_ome_xml(std::string_view description) noexcept {
  return description.find("<OME") != kNone || description.find(":OME") != kNone;
}

std::optional<PixelSize> ome_pixel_size(std::string_view description) {
  const std::string_view pixels = find_element(description, "Pixels");
  const auto x = attribute(pixels, "PhysicalSizeX");
  const auto y = attribute(pixels, "PhysicalSizeY");
  if (!x || !y) return std::nullopt;
  const auto x_value = parse_positive(xml_text(*x));
  const auto y_value = parse_positive(xml_text(*y));
  const double x_unit = micrometres(attribute(pixels, "PhysicalSizeXUnit"));
  const double y_unit = micrometres(attribute(pixels, "PhysicalSizeYUnit"));
  if (!x_value || !y_value || x_unit == 0 || y_unit == 0) return std::nullopt;
  const PixelSize size{*x_value * x_unit, *y_value * y_unit};
  // A number at the end of its range may leave it with the unit.
  const auto usable = [](double um) { return std::isfinite(um) && um > 0; };
  return usable(size.x_um) && usable(size.y_um) ? std::optional(size) : std::nullopt;
}

}  // namespace microtome::slide
