#include "decode/jpeg_process.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "decode/bad_tile.h"
#include "decode/jpeg_stream.h"

namespace microtome::decode {
namespace {

constexpr std::int64_t kTilesTried = 64;
// Room for the tables of a tile and a colour profile before its frame header and first scan.
constexpr std::uint64_t kHeadBytes = 64 << 10;

// Nothing: the header does not say.
std::optional<bool> decodes(const slide::Slide& slide, slide::StoredTile tile) {
  std::vector<std::uint8_t> head(static_cast<std::size_t>(std::min(tile.bytes, kHeadBytes)));
  try {
    slide.source().read(tile.offset, head);
    (void)read_jpeg_frame(head);
    return true;
  } catch (const UnknownJpegProcess&) {
    return false;
  } catch (const BadTile&) {
    return std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

bool another_jpeg_decodes(const slide::Slide& slide, const slide::Storage& storage, std::size_t directory,
                          TileAddress tile) {
  if (!slide.source().is_local()) return false;
  const std::int64_t across = storage.tiles_across();
  const std::int64_t count = std::min(across * storage.tiles_down(), kTilesTried);
  for (std::int64_t i = 0; i < count; ++i) {
    if (i % across == tile.column && i / across == tile.row) continue;
    try {
      const slide::StoredTile other = slide.stored_tile(directory, i % across, i / across, 0);
      if (other.bytes == 0) continue;
      if (const auto answer = decodes(slide, other)) return *answer;
    } catch (const Error&) {
      continue;  // that tile is damaged in another way
    }
  }
  return false;
}

}  // namespace microtome::decode
