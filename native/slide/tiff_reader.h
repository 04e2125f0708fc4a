// The header of a TIFF, and the walk along its directories.
#pragma once

#include <string>
#include <vector>

#include "core/error.h"
#include "slide/slide.h"
#include "slide/tiff_directory.h"

namespace microtome::slide {

// Throws NOT_A_SLIDE when the source does not begin like a TIFF, TRUNCATED when it ends inside the header. Whether a
// classic TIFF is an NDPI, its first directory says, which is read here too.
[[nodiscard]] TiffFile read_header(const ByteSource& source);

struct FoundDirectory {
  TiffDirectory directory;
  std::string name;        // "page-3", "subifd-0" (of page 0), "page-3-subifd-0": how messages call it
  bool sub = false;        // a SubIFD (or chained to one)
  std::size_t number = 0;  // the page, or the place among the SubIFDs of its page
  std::size_t parent = 0;  // of a SubIFD: the index of its page among the directories
};

struct DirectoryWalk {
  std::vector<FoundDirectory> directories;  // page 0, its SubIFDs, the other pages, their SubIFDs
  std::vector<std::string> warnings;
};

// A loop or a broken later directory ends the walk along that chain with a warning. Throws when page 0 cannot be read,
// TRUNCATED when a chain leads out of the file, LIMIT_EXCEEDED when there are more directories than the limit: what is
// not read could be the level that a mask is made from.
[[nodiscard]] DirectoryWalk walk_directories(const TiffFile& file, const Limits& limits);

}  // namespace microtome::slide
