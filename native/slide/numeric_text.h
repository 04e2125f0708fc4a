// Numbers in the texts of a file.
#pragma once

#include <optional>
#include <string_view>

namespace microtome::slide {

[[nodiscard]] std::string_view trim(std::string_view text) noexcept;
// A finite number above zero that fills the whole text, spaces around it aside; nothing otherwise. Independent of the
// locale.
[[nodiscard]] std::optional<double> parse_positive(std::string_view text) noexcept;

}  // namespace microtome::slide
