#include "slide/jpeg_colour.h"

#include <algorithm>
#include <string_view>

#include "slide/jpeg_marker.h"

namespace microtome::slide {
namespace {

bool begins_with(std::span<const std::uint8_t> body, std::string_view name) noexcept {
  return body.size() >= name.size() && std::equal(name.begin(), name.end(), body.begin());
}

}  // namespace

const char* says_ycbcr(std::span<const std::uint8_t> head) noexcept {
  using namespace std::string_view_literals;
  constexpr std::size_t kTransform = 11;  // in an Adobe segment: 1 is YCbCr
  if (head.size() < 2 || head[0] != 0xFF || head[1] != jpeg_marker::kSoi) return nullptr;
  const char* found = nullptr;
  for (std::size_t at = 2; at + 4 <= head.size() && head[at] == 0xFF;) {
    const std::uint8_t marker = head[at + 1];
    if (marker == 0xFF) {  // a fill byte
      ++at;
      continue;
    }
    if (marker < jpeg_marker::kSof0 || marker == jpeg_marker::kSos || jpeg_marker::is_frame(marker)) break;
    const std::size_t bytes = static_cast<std::size_t>(head[at + 2]) << 8 | head[at + 3];
    if (bytes < 2) break;
    const auto rest = head.subspan(at + 4);
    const auto body = rest.first(std::min(rest.size(), bytes - 2));
    if (marker == jpeg_marker::kApp0 && begins_with(body, "JFIF\0"sv)) return "a JFIF marker";
    if (marker == jpeg_marker::kApp14 && begins_with(body, "Adobe"sv) && body.size() > kTransform &&
        body[kTransform] == 1)
      found = "an Adobe marker";
    if (bytes > rest.size() + 2) break;
    at += 2 + bytes;
  }
  return found;
}

}  // namespace microtome::slide
