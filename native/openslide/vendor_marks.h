// What a file that is no TIFF looks like, by its first bytes and its name: whether OpenSlide could read it. Says so
// also where OpenSlide is not installed, and keeps every other file from it.
#pragma once

#include <optional>
#include <string>

#include "slide/byte_source.h"

namespace microtome::openslide {

struct VendorMark {
  std::string kind;  // "a DICOM file"
  std::string why;   // "the file has DICM at byte 128"
};

// Nothing: no file that OpenSlide 4 could read. Throws what reading the source throws.
[[nodiscard]] std::optional<VendorMark> vendor_mark(const slide::ByteSource& source);

}  // namespace microtome::openslide
