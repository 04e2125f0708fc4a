#include "decode/stored_reader.h"

#include <algorithm>
#include <string>

#include "core/error.h"

namespace microtome::decode {
namespace {

void require_limit(const slide::Slide& slide, slide::StoredTile tile) {
  if (tile.bytes <= slide.limits().stored_tile_bytes) return;
  throw Error(Code::LIMIT_EXCEEDED, Stage::Decode,
              "it has " + std::to_string(tile.bytes) + " stored bytes, [[limits.storedTileBytes]] is " +
                  std::to_string(slide.limits().stored_tile_bytes));
}

}  // namespace

std::span<const std::uint8_t> StoredReader::append(const slide::Slide& slide, slide::StoredTile tile) {
  const std::size_t before = stored_.size();
  stored_.resize(before + static_cast<std::size_t>(tile.bytes));
  const auto fetched = ahead_.find(slide, tile);
  if (fetched.empty())
    slide.source().read(tile.offset, std::span(stored_).subspan(before));
  else
    std::copy(fetched.begin(), fetched.end(), stored_.begin() + static_cast<std::ptrdiff_t>(before));
  return stored_;
}

std::span<const std::uint8_t> StoredReader::read(const slide::Slide& slide, slide::StoredTile tile) {
  stored_.clear();
  require_limit(slide, tile);
  const auto fetched = ahead_.find(slide, tile);
  return fetched.empty() ? append(slide, tile) : fetched;
}

std::span<const std::uint8_t> StoredReader::read_as_tiff(const slide::Slide& slide, const slide::Storage& from,
                                                         const StripShape& shape, slide::StoredTile tile) {
  stored_.clear();
  require_limit(slide, tile);
  stored_ = one_strip_header(shape, from, static_cast<std::size_t>(tile.bytes));
  return append(slide, tile);
}

void StoredReader::trim(std::size_t kept_bytes) noexcept {
  if (stored_.capacity() > kept_bytes) std::vector<std::uint8_t>().swap(stored_);
}

}  // namespace microtome::decode
