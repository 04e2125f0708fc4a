// Which page is the slide, which are its levels, and what the others are called.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "slide/level_fit.h"
#include "slide/page.h"
#include "slide/slide.h"

namespace microtome::slide {

class TiffRules;

// The index of the largest page that is not marked as something else; of equal ones the first. Strips that are not the
// first page count only where nothing is tiled, or where the first page is a reduction of them: a photograph in strips
// may be larger than a small slide.
[[nodiscard]] std::size_t choose_slide(const std::vector<Page>& pages);

struct Pyramid {
  std::vector<Level> levels;
  std::vector<Associated> associated;
  std::vector<std::string> warnings;
};

// Level 0 is `pages[slide]`. A level's and an associated image's `directory` is its index in `pages`. The storage of
// padded levels is cut to what lies over level 0.
[[nodiscard]] Pyramid build_pyramid(std::vector<Page>& pages, std::size_t slide, const TiffRules& rules);

}  // namespace microtome::slide
