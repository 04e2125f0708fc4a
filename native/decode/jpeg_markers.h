// The markers of ITU-T T.81 that are told apart here: the byte behind 0xFF.
#pragma once

#include <cstdint>

namespace microtome::decode::jpeg_marker {

inline constexpr std::uint8_t kSof0 = 0xC0, kSof1 = 0xC1, kSof2 = 0xC2, kDht = 0xC4, kDac = 0xCC, kSofLast = 0xCF,
                              kRst0 = 0xD0, kRst7 = 0xD7, kSoi = 0xD8, kEoi = 0xD9, kSos = 0xDA, kDqt = 0xDB,
                              kDri = 0xDD, kDhp = 0xDE, kApp0 = 0xE0, kApp1 = 0xE1, kApp14 = 0xEE, kApp15 = 0xEF,
                              kJpegLs = 0xF7, kCom = 0xFE;

}  // namespace microtome::decode::jpeg_marker
