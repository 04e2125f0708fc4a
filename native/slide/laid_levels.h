// Levels that are put together of pages, each at its place.
#pragma once

#include <vector>

#include "slide/dialects/dialect.h"
#include "slide/page.h"
#include "slide/pyramid.h"

namespace microtome::slide {

struct LaidPyramid {
  Pyramid pyramid;                           // the `directory` of level n is the number of pages + n
  std::vector<std::vector<LaidPage>> pages;  // of each level
};

// Of levels that a dialect describes, with rules.remarks() for `pages[slide]`. A level that does not lie over level 0,
// or whose pages are not all there, is left out with a warning. Throws the error of a page of level 0, and NOT_A_SLIDE
// where level 0 has no size.
[[nodiscard]] LaidPyramid build_laid_pyramid(const std::vector<Page>& pages, std::size_t slide,
                                             const std::vector<LaidLevel>& laid, const TiffRules& rules);

}  // namespace microtome::slide
