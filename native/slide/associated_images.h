// The pages that are no part of the slide, and what they are called.
#pragma once

#include <vector>

#include "slide/page.h"
#include "slide/slide.h"

namespace microtome::slide {

class TiffRules;

// Of each page that is no level and no plane of another page. `is_level` has a place for each page; `directory` is the
// page's index.
[[nodiscard]] std::vector<Associated> associated_images(const std::vector<Page>& pages,
                                                        const std::vector<bool>& is_level, const TiffRules& rules);

}  // namespace microtome::slide
