// PerkinElmer's (Akoya's) QPTIFF: every page has an XML that says what it is.
#pragma once

#include <string_view>

namespace microtome::slide {

// "FullResolution", "Overview", ... of a PerkinElmer QPTIFF's page; empty for any other description.
[[nodiscard]] std::string_view qptiff_image_type(std::string_view description) noexcept;

}  // namespace microtome::slide
