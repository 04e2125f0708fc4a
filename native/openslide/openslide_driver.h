// OpenSlide in the table of drivers (slide/driver.h).
#pragma once

#include <memory>

#include "slide/driver.h"

namespace microtome::openslide {

// detect() knows a file by its marks alone and opens no library; open() throws DRIVER_MISSING where there is none.
[[nodiscard]] std::shared_ptr<const slide::Driver> openslide_driver();

}  // namespace microtome::openslide
