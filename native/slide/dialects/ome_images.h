// The images that an OME-XML describes, and which pages of the file each of them takes (TiffData). What is malformed
// counts as absent. Linear in the length of the text; all texts are parts of the one that was read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace microtome::slide {

struct OmeTiffData {
  std::optional<std::uint64_t> ifd;  // a page: SubIFDs do not count
  std::optional<std::uint64_t> planes;
  std::uint64_t first_c = 0;
  std::uint64_t first_z = 0;
  std::uint64_t first_t = 0;
  bool elsewhere = false;  // in another file of the set
};

struct OmeImage {
  std::string_view name;
  std::string_view xml;  // the whole element
  std::string_view order = "XYCZT";
  std::uint64_t width_px = 0;
  std::uint64_t height_px = 0;
  std::uint64_t channel_count = 1;
  std::uint64_t focal_planes = 1;
  std::uint64_t time_points = 1;
  std::vector<std::string_view> channels;  // the names of those that are described, "" where there is none
  std::vector<OmeTiffData> data;

  // "image 1 (label)": how messages call it.
  [[nodiscard]] std::string title(std::size_t index) const;
};

// Views of `xml`. Throws LIMIT_EXCEEDED for more images, channels or TiffData than any slide has.
[[nodiscard]] std::vector<OmeImage> read_ome_images(std::string_view xml);

// What the images are matched with: one entry for each page of the chain, in order.
struct OmePage {
  std::uint64_t width_px = 0;
  std::uint64_t height_px = 0;
  std::uint64_t samples = 1;
};

// For each page the image that it belongs to; nothing for pages that no TiffData names. An image without TiffData takes
// the first free page of its size and, for further planes, those behind it.
[[nodiscard]] std::vector<std::optional<std::size_t>> ome_owners(const std::vector<OmeImage>& images,
                                                                 const std::vector<OmePage>& pages);

// The page that holds channel `c` of the first focal plane and time point, when each channel has pages of its own.
// `first_page`: the first page of the image, for one without TiffData.
[[nodiscard]] std::optional<std::uint64_t> ome_channel_page(const OmeImage& image, std::uint64_t first_page,
                                                            std::uint64_t c) noexcept;

}  // namespace microtome::slide
