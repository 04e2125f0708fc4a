// Numbers in the texts of a file.
#pragma once

#include <optional>
#include <string_view>

namespace microtome::slide {

[[nodiscard]] std::string_view trim(std::string_view text) noexcept;
// A finite number above zero that fills the whole text, spaces around it aside; nothing otherwise. The decimal mark is
// a point or a comma, as scanners write it under some locales; a text with both, or with two commas, is no number.
// Independent of the locale of this process.
[[nodiscard]] std::optional<double> parse_positive(std::string_view text) noexcept;

}  // namespace microtome::slide
