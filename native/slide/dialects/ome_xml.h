// The pixel size in the OME-XML of an OME-TIFF's ImageDescription: the first Pixels element is found and its attributes
// are read; whatever is malformed counts as absent. Linear in the length of the text. Which image a page belongs to is
// in ome_images.
#pragma once

#include <optional>
#include <string_view>

namespace microtome::slide {

struct PixelSize {
  double x_um = 0;
  double y_um = 0;
};

[[nodiscard]] bool is_ome_xml(std::string_view description) noexcept;
// Nothing unless both PhysicalSizeX and PhysicalSizeY are there, above zero, in a unit of length (micrometres when
// the unit is not given).
[[nodiscard]] std::optional<PixelSize> ome_pixel_size(std::string_view description);

}  // namespace microtome::slide
