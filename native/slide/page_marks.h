// What the file says of its pages: which are labels, macro photographs, thumbnails or masks, and which image of an
// OME-XML each belongs to. What a page's shape suggests is not asked here.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "slide/ome_images.h"
#include "slide/page.h"

namespace microtome::slide {

// What the descriptions say of the file as a whole.
struct FileFacts {
  std::string description;  // of page 0, whole
  bool aperio = false;
  bool philips = false;
  std::map<std::uint64_t, std::int64_t> philips_factors;  // by level
  std::vector<OmeImage> ome;                              // parts of `description`: the facts must not be moved
};

// `description`: that of page 0. `pages`: read, not yet marked.
void read_facts(std::string description, const std::vector<Page>& pages, FileFacts& facts);

// Fills `mark`, `reduced`, `full_resolution` and `image` of every page. `warnings` gets what contradicts itself.
void find_marks(std::vector<Page>& pages, const FileFacts& facts, std::vector<std::string>& warnings);

// "FullResolution", "Overview", ... of a PerkinElmer QPTIFF's page; empty for any other description.
[[nodiscard]] std::string_view qptiff_image_type(std::string_view description) noexcept;

// "label", "macro", "thumbnail" or "overview" when the text is that word alone, in any case, "image" behind it allowed.
[[nodiscard]] std::string plain_page_name(std::string_view text);

}  // namespace microtome::slide
