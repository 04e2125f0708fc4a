// The text that an attribute of XML stands for.
#pragma once

#include <string>
#include <string_view>

namespace microtome::slide {

// Replaces character references ("&#181;", "&#x00B5;") and the named ones of XML, and of HTML as far as units are
// written with them ("&micro;"), by UTF-8. What is no reference, or names no character, stays as it is. Linear in the
// length of the text.
[[nodiscard]] std::string xml_text(std::string_view raw);

}  // namespace microtome::slide
