// Colours that a file keeps as grey pages, one for each of red, green and blue.
#pragma once

#include <cstddef>
#include <vector>

#include "slide/page.h"
#include "slide/page_marks.h"

namespace microtome::slide {

// When the slide is one of several grey pages that are channels of one image, joins red, green and blue into
// `pages[slide]` as separate planes, and their SubIFDs likewise. Throws UNSUPPORTED_PIXELS for any other channels: the
// first of them is not the picture.
void join_colour_planes(std::vector<Page>& pages, std::size_t slide, const FileFacts& facts,
                        std::vector<std::string>& warnings);

}  // namespace microtome::slide
