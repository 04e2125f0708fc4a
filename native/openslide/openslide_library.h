// The one OpenSlide of the process: where it is, whether it can be used. Opened when a slide first needs it.
#pragma once

#include <string>

#include "openslide/openslide_api.h"

namespace microtome::openslide {

// Names the library's file; an empty path names none. Throws INVALID_OPTION where another one was named before, unless
// that one could not be used.
void set_library_path(const std::string& path);

// Opens the library on the first call. Throws DRIVER_MISSING when none is named or it cannot be used. The reference
// stays valid: the library is never closed.
[[nodiscard]] const Api& library();

// What `microtome doctor` reports.
struct LibraryReport {
  bool loaded = false;
  std::string path;
  std::string version;
  std::string error;
  bool is_private = false;
};
[[nodiscard]] LibraryReport library_report();

}  // namespace microtome::openslide
