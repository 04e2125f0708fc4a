#include "decode/laid_decoder.h"

#include <algorithm>

namespace microtome::decode {
namespace {

// A stored tile that is not there hides nothing of a page below it.
bool is_missing(const slide::Slide& slide, const LaidPart& part) {
  const slide::Storage& storage = part.page.storage;
  if (storage.planar || storage.interval_height_px != 0) return false;
  return slide.stored_tile(part.page.directory, part.address.column, part.address.row, 0).bytes == 0;
}

// What a window of the laid tile takes of a stored tile, added to `inside`.
void add_inside(const TileWindow& window, const LaidPart& part, std::vector<TileWindow>& inside) {
  const std::int64_t left = std::max(window.x, part.x_px), top = std::max(window.y, part.y_px);
  const std::int64_t right = std::min(window.x + window.to.width_px, part.x_px + part.width_px);
  const std::int64_t bottom = std::min(window.y + window.to.height_px, part.y_px + part.height_px);
  if (left >= right || top >= bottom) return;
  const RgbView to{window.to.row(top - window.y) + 3 * (left - window.x), right - left, bottom - top,
                   window.to.stride_bytes};
  inside.push_back({left - part.x_px, top - part.y_px, to});
}

}  // namespace

TileState LaidDecoder::decode(const slide::Slide& slide, const slide::Storage& laid, std::size_t directory,
                              TileAddress address, std::span<const TileWindow> windows) {
  if (!stored_) stored_ = std::make_unique<TileDecoder>();
  TileState state = TileState::Missing;
  for (const TileWindow& one : windows) fill_white(one.to);
  for_each_laid_part(slide.laid_pages(directory), laid, address, [&](const LaidPart& part) {
    inside_.clear();
    for (const TileWindow& one : windows) add_inside(one, part, inside_);
    if (inside_.empty() || is_missing(slide, part)) return;
    if (decode_part(slide, part) == TileState::Decoded) state = TileState::Decoded;
  });
  return state;
}

// The caller knows the laid tile, so an error has that tile's address, and the stored one in its words.
TileState LaidDecoder::decode_part(const slide::Slide& slide, const LaidPart& part) {
  try {
    return stored_->decode(slide, part.page.storage, part.page.directory, part.address, inside_);
  } catch (const Error& error) {
    if (!error.tile()) throw;
    throw Error(error.code(), error.stage(), "of the tiles that its page stores, " + error.found(), error.advice());
  }
}

}  // namespace microtome::decode
