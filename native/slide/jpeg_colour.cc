#include "slide/jpeg_colour.h"

#include <algorithm>
#include <string_view>

namespace microtome::slide {
namespace {

constexpr std::uint8_t kSoi = 0xD8, kSos = 0xDA, kApp0 = 0xE0, kApp14 = 0xEE;

bool is_frame(std::uint8_t marker) noexcept {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

bool begins_with(std::span<const std::uint8_t> body, std::string_view name) noexcept {
  return body.size() >= name.size() && std::equal(name.begin(), name.end(), body.begin());
}

}  // namespace

const char* says_ycbcr(std::span<const std::uint8_t> head) noexcept {
  using namespace std::string_view_literals;
  constexpr std::size_t kTransform = 11;  // in an Adobe segment: 1 is YCbCr
  if (head.size() < 2 || head[0] != 0xFF || head[1] != kSoi) return nullptr;
  const char* found = nullptr;
  for (std::size_t at = 2; at + 4 <= head.size() && head[at] == 0xFF;) {
    const std::uint8_t marker = head[at + 1];
    if (marker == 0xFF) {  // a fill byte
      ++at;
      continue;
    }
    if (marker < 0xC0 || marker == kSos || is_frame(marker)) break;
    const std::size_t bytes = static_cast<std::size_t>(head[at + 2]) << 8 | head[at + 3];
    if (bytes < 2) break;
    const auto rest = head.subspan(at + 4);
    const auto body = rest.first(std::min(rest.size(), bytes - 2));
    if (marker == kApp0 && begins_with(body, "JFIF\0"sv)) return "a JFIF marker";
    if (marker == kApp14 && begins_with(body, "Adobe"sv) && body.size() > kTransform && body[kTransform] == 1)
      found = "an Adobe marker";
    if (bytes > rest.size() + 2) break;
    at += 2 + bytes;
  }
  return found;
}

}  // namespace microtome::slide
