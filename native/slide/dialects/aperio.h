// Aperio's SVS: what these scanners write into ImageDescription.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace microtome::slide {

[[nodiscard]] bool is_aperio(std::string_view description) noexcept;
// What stands behind "MPP =" among the fields between '|'; empty when there is no such field.
[[nodiscard]] std::string_view aperio_mpp_text(std::string_view description) noexcept;
// "MPP = 0.499" among the fields between '|'; nothing when absent or not a number above zero.
[[nodiscard]] std::optional<double> aperio_mpp(std::string_view description) noexcept;
// "label" or "macro" when a line of the page's description begins so; empty otherwise.
[[nodiscard]] std::string aperio_page_name(std::string_view description);

}  // namespace microtome::slide
