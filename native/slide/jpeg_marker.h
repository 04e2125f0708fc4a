// The markers of ITU-T T.81 that are told apart here: the byte behind 0xFF.
#pragma once

#include <cstdint>

namespace microtome::slide::jpeg_marker {

inline constexpr std::uint8_t kSof0 = 0xC0, kSof1 = 0xC1, kDht = 0xC4, kJpg = 0xC8, kDac = 0xCC, kSofLast = 0xCF,
                              kRst0 = 0xD0, kSoi = 0xD8, kEoi = 0xD9, kSos = 0xDA, kDri = 0xDD, kApp0 = 0xE0,
                              kApp14 = 0xEE;

[[nodiscard]] constexpr bool is_frame(std::uint8_t marker) noexcept {
  return marker >= kSof0 && marker <= kSofLast && marker != kDht && marker != kJpg && marker != kDac;
}

}  // namespace microtome::slide::jpeg_marker
