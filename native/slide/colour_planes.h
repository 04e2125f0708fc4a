// Colours that a file keeps as grey pages, one for each of red, green and blue.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "slide/page.h"

namespace microtome::slide {

using Planes = std::array<std::size_t, 3>;  // red, green, blue: indices of pages

// True: its pixels have one number each, and may be one channel of a picture.
[[nodiscard]] bool is_single_channel(const Page& page) noexcept;

// 0 for "red" or "r" in any case, 1 for green, 2 for blue.
[[nodiscard]] std::optional<std::size_t> colour_of(std::string_view name);

// Throws UNSUPPORTED_PIXELS: `found` are the channels of one picture, and the first of them is not the picture.
[[noreturn]] void refuse_channels(const std::string& found);

// Joins red, green and blue into `pages[slide]`, which is one of them, as separate planes, and their SubIFDs likewise.
// `found` says in errors what they are. Throws the error of a plane that is refused; UNSUPPORTED_PIXELS for pages that
// differ, and for a compression that stores the samples of a pixel together.
void join_planes(std::vector<Page>& pages, std::size_t slide, const Planes& planes, const std::string& found);

}  // namespace microtome::slide
