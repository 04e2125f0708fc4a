#include "slide/aperio.h"

#include "slide/numeric_text.h"

namespace microtome::slide {
namespace {

// Calls `visit` with each piece between separators until it returns true.
template <typename Visit>
void for_each_piece(std::string_view text, std::string_view separators, Visit&& visit) {
  for (;;) {
    const auto end = text.find_first_of(separators);
    if (visit(text.substr(0, end)) || end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

bool is_aperio(std::string_view description) noexcept { return description.substr(0, 6) == "Aperio"; }

std::string_view aperio_mpp_text(std::string_view description) noexcept {
  std::string_view text;
  for_each_piece(description, "|\r\n", [&](std::string_view field) {
    const auto equals = field.find('=');
    if (equals == std::string_view::npos || trim(field.substr(0, equals)) != "MPP") return false;
    text = trim(field.substr(equals + 1));
    return true;
  });
  return text;
}

std::optional<double> aperio_mpp(std::string_view description) noexcept {
  return parse_positive(aperio_mpp_text(description));
}

std::string aperio_page_name(std::string_view description) {
  std::string name;
  for_each_piece(description, "\r\n", [&](std::string_view line) {
    for (const std::string_view known : {"label", "macro"}) {
      if (line.substr(0, known.size()) == known) name = known;
    }
    return !name.empty();
  });
  return name;
}

}  // namespace microtome::slide
