// What Philips' scanners write into ImageDescription: an XML with the pixel spacing of every level. Their levels are
// padded to whole tiles, so the sizes alone do not say by how much a level is reduced.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

namespace microtome::slide {

[[nodiscard]] bool is_philips(std::string_view description) noexcept;

// For each level the XML describes, by its number: how many level-0 pixels lie under one of its pixels, each way. Only
// levels whose spacing is a whole multiple of level 0's, to within 5 %. Linear in the length of the text.
[[nodiscard]] std::map<std::uint64_t, std::int64_t> philips_factors(std::string_view description);

// The level that a page's own description names, "level=2 mag=10 quality=80"; nothing otherwise.
[[nodiscard]] std::optional<std::uint64_t> philips_level(std::string_view page_description) noexcept;

}  // namespace microtome::slide
