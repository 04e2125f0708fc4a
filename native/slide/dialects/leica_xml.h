// The XML of Leica's SCN: images of a scan, each with a place on the glass slide and with pages of several resolutions,
// focal planes and channels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace microtome::slide {

// What one page of the chain shows.
struct LeicaPage {
  std::size_t image = 0;
  std::uint64_t width_px = 0;
  std::uint64_t height_px = 0;
  std::uint64_t z = 0;
  std::uint64_t channel = 0;
};

// A rectangle of the glass slide, in nanometres.
struct LeicaView {
  std::uint64_t width_nm = 0;
  std::uint64_t height_nm = 0;
  std::optional<std::uint64_t> left_nm;
  std::optional<std::uint64_t> top_nm;
};

struct LeicaImage {
  LeicaView view;
  std::vector<std::pair<std::string, std::string>> texts;  // by the names of the properties
  std::string illumination;
  std::string objective;
};

struct LeicaScan {
  std::uint64_t width_nm = 0;  // of the glass slide
  std::uint64_t height_nm = 0;
  std::string barcode;
  std::vector<LeicaImage> images;
  std::map<std::uint64_t, LeicaPage> pages;           // by their numbers
  std::map<std::uint64_t, std::string> supplemental;  // "label": pages that are no images of the scan
};

// Throws LIMIT_EXCEEDED for a text that lists far more than a scan has. What it does not say is 0 or empty.
[[nodiscard]] LeicaScan read_leica_xml(std::string_view xml);

}  // namespace microtome::slide
