// A slide that OpenSlide reads. Levels, sizes, properties, associated images and the profile are as OpenSlide says;
// tiles are regions of it, on white.
#pragma once

#include <memory>
#include <string>

#include "slide/slide.h"

namespace microtome::openslide {

// `path` is the file of `source`. Throws DRIVER_MISSING, NOT_A_SLIDE, SLIDE_INCOMPLETE, SLIDE_CHANGED, LIMIT_EXCEEDED,
// FILE_NOT_FOUND, INVALID_OPTION.
[[nodiscard]] std::shared_ptr<const slide::Slide> open_openslide(std::shared_ptr<const slide::ByteSource> source,
                                                                 const std::string& path,
                                                                 const slide::OpenOptions& options,
                                                                 const std::string& why);

}  // namespace microtome::openslide
