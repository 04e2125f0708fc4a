// A slide whose pages are read from a TIFF.
#pragma once

#include <memory>
#include <vector>

#include "slide/driver.h"
#include "slide/slide.h"

namespace microtome::slide {

// False: the file is no TIFF, and further drivers may know it. Throws what reading the source throws.
[[nodiscard]] bool begins_as_tiff(const ByteSource& source);

// By the first of `dialects` that knows the file, or by the one that the options name. Throws as Slide::open, with no
// path.
[[nodiscard]] std::shared_ptr<const Slide> open_tiff(std::shared_ptr<const ByteSource> source,
                                                     const OpenOptions& options,
                                                     const std::vector<const TiffDialect*>& dialects);

}  // namespace microtome::slide
