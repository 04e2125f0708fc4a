// What the file says of its pages: which are labels, macro photographs, thumbnails or masks. What a page's shape
// suggests is not asked here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "slide/page.h"

namespace microtome::slide {

class TiffRules;

// Fills `mark`, `reduced` and `image` of every page. `warnings` gets what contradicts itself.
void find_marks(std::vector<Page>& pages, const TiffRules& rules, std::vector<std::string>& warnings);

// "label", "macro", "thumbnail" or "overview" when the text is that word alone, in any case, "image" behind it allowed.
[[nodiscard]] std::string plain_page_name(std::string_view text);

// The word, in lower case, where it is one of these four; else empty.
[[nodiscard]] std::string known_page_name(std::string_view word);

[[nodiscard]] std::string lower_case(std::string_view text);

}  // namespace microtome::slide
