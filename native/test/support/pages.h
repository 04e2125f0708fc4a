// Files of pages for tests of what becomes a level, and short texts of what was found.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "slide/slide.h"
#include "test/support/tiff_writer.h"

namespace microtome::test {

inline std::string levels_of(const slide::Slide& slide) {
  std::string text;
  for (const auto& level : slide.levels())
    text += (text.empty() ? "" : " ") + std::to_string(level.storage.width_px) + "x" +
            std::to_string(level.storage.height_px);
  return text;
}

inline std::string names_of(const slide::Slide& slide) {
  std::string text;
  for (const auto& image : slide.associated()) text += (text.empty() ? "" : " ") + image.name;
  return text;
}

// True when some warning has all these parts.
inline bool warns(const slide::Slide& slide, const std::vector<std::string>& parts) {
  for (const auto& warning : slide.warnings()) {
    bool all = true;
    for (const auto& part : parts) all = all && warning.find(part) != std::string::npos;
    if (all) return true;
  }
  return false;
}

inline std::shared_ptr<const slide::Slide> open_pages(std::vector<TiffDirectory> pages) {
  TiffWriter file;
  for (auto& page : pages) file.add(std::move(page));
  return slide::Slide::open(file.source());
}

inline TiffDirectory strip_page(std::uint64_t width, std::uint64_t height) { return tiff_image(width, height, 0); }
inline TiffDirectory tile_page(std::uint64_t width, std::uint64_t height) { return tiff_image(width, height, 16); }
inline TiffDirectory grey_page(std::uint64_t width, std::uint64_t height) { return tiff_image(width, height, 16, 1); }
inline TiffDirectory marked(TiffDirectory directory, std::uint64_t subfile) {
  return directory.set(tag::kNewSubfileType, {subfile});
}
inline TiffDirectory described(TiffDirectory directory, const std::string& text) {
  return directory.text(tag::kDescription, text);
}
inline TiffDirectory aperio_page(TiffDirectory directory, const std::string& rest) {
  return described(std::move(directory), "Aperio Image Library v11\r\n" + rest);
}

}  // namespace microtome::test
