// Hamamatsu's NDPI: a TIFF whose pages hold one JPEG each. A level's JPEG is divided by restart markers, and a table of
// the file says where each restart interval begins: intervals that lie one below the other become one stored tile.
#pragma once

#include <string>
#include <vector>

#include "slide/page.h"
#include "slide/slide.h"
#include "slide/tiff_reader.h"

namespace microtome::slide {

// What an NDPI says of one page.
struct NdpiPage {
  double lens = 0;  // the objective's magnification; -1: the photograph of the slide, -2: the map; 0: not said
  double z = 0;     // of the focal plane, from the slide's
};
[[nodiscard]] NdpiPage read_ndpi_page(const TiffDirectory& directory);

// Divides the pixels of a page into tiles of restart intervals. What has no restart markers, or no table that fits
// them, stays one strip: then a sentence says why, unless it is as small as such pages are. Throws NOT_A_SLIDE when the
// JPEG is of another size than the page, TRUNCATED and LIMIT_EXCEEDED for its table, and what reading the source
// throws.
[[nodiscard]] std::string divide_ndpi_page(const TiffDirectory& directory, const Limits& limits, Page& page);

// Marks the pages that are no part of the slide: the photograph, the map, and all focal planes but one, which is that
// of the slide or the nearest to it. Of the levels, all but the largest are marked as reduced.
void mark_ndpi_pages(const std::vector<NdpiPage>& said, std::vector<Page>& pages, std::vector<std::string>& warnings);

// Of the first page, by OpenSlide's names ("hamamatsu.SourceLens").
[[nodiscard]] Properties ndpi_properties(const TiffDirectory& directory, const Limits& limits);

}  // namespace microtome::slide
