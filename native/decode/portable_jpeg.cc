#include "decode/portable_jpeg.h"

#include <algorithm>
#include <cstring>

namespace microtome::decode {
namespace {

constexpr std::uint8_t kEndOfImage = 0xD9;

// Where the image ends: behind the first marker of the entropy-coded bytes. Nothing where that is another marker, or
// where there is none.
std::optional<std::size_t> end_of_scan(std::span<const std::uint8_t> stream, std::size_t begin) {
  for (std::size_t at = begin; at < stream.size();) {
    const auto* const found =
        static_cast<const std::uint8_t*>(std::memchr(stream.data() + at, 0xFF, stream.size() - at));
    if (found == nullptr) return std::nullopt;
    at = static_cast<std::size_t>(found - stream.data()) + 1;
    if (at == stream.size()) return std::nullopt;
    if (stream[at] == kEndOfImage) return at + 1;
    if (stream[at] != 0) return std::nullopt;
    ++at;
  }
  return std::nullopt;
}

}  // namespace

bool PortableJpegReader::read_header(std::span<const std::uint8_t> stream) {
  if (!header_bytes_.empty() && stream.size() >= header_bytes_.size() &&
      std::equal(header_bytes_.begin(), header_bytes_.end(), stream.begin()))
    return true;
  header_bytes_.clear();
  if (!header_.read(stream) || header_.extended) return false;
  header_bytes_.assign(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(header_.scan_begin));
  return true;
}

std::optional<PortableJpeg> PortableJpegReader::read(std::span<const std::uint8_t> stream) {
  if (!read_header(stream)) return std::nullopt;
  const auto end = end_of_scan(stream, header_.scan_begin);
  if (!end) return std::nullopt;
  return PortableJpeg{.width_px = header_.width_px,
                      .height_px = header_.height_px,
                      .components = static_cast<int>(header_.component_count),
                      .chroma = header_.chroma,
                      .ycbcr = header_.ycbcr,
                      .bytes = *end};
}

}  // namespace microtome::decode
