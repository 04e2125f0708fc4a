#include "decode/read_ahead.h"

#include <algorithm>

#include "core/error.h"

namespace microtome::decode {

void ReadAhead::clear() noexcept {
  slide_ = nullptr;
  runs_.clear();
}

void ReadAhead::fetch(const slide::Slide& slide, std::span<slide::StoredTile> tiles) {
  clear();
  slide_ = &slide;
  const std::uint64_t most = std::min<std::uint64_t>(kBytes, slide.limits().stored_tile_bytes);
  const std::uint64_t end = slide.source().size();
  std::sort(tiles.begin(), tiles.end(),
            [](const slide::StoredTile& a, const slide::StoredTile& b) { return a.offset < b.offset; });
  Run run;
  std::uint64_t total = 0;
  for (const slide::StoredTile& tile : tiles) {
    if (tile.bytes == 0 || tile.bytes > most || tile.offset > end || tile.bytes > end - tile.offset) continue;
    const std::uint64_t run_end = run.offset + run.bytes;
    const std::uint64_t tile_end = tile.offset + tile.bytes;
    const bool joins = run.bytes > 0 && tile.offset <= run_end + kGapBytes;
    const std::uint64_t more = joins ? std::max(tile_end, run_end) - run_end : tile.bytes;
    if (total + more > kBytes) break;
    if (!joins) {
      read(slide, run);
      run = {tile.offset, 0, 0};
    }
    run.bytes += more;
    total += more;
  }
  read(slide, run);
}

void ReadAhead::read(const slide::Slide& slide, Run run) {
  if (run.bytes == 0) return;
  run.at = runs_.empty() ? 0 : runs_.back().at + static_cast<std::size_t>(runs_.back().bytes);
  const auto bytes = static_cast<std::size_t>(run.bytes);
  if (buffer_.size() < run.at + bytes) buffer_.resize(run.at + bytes);
  try {
    slide.source().read(run.offset, std::span(buffer_).subspan(run.at, bytes));
  } catch (const Error&) {
    return;  // said again, with its name, for the tile that really needs these bytes
  }
  runs_.push_back(run);
}

std::span<const std::uint8_t> ReadAhead::find(const slide::Slide& slide, slide::StoredTile tile) const noexcept {
  if (slide_ != &slide || runs_.empty()) return {};
  auto after = std::upper_bound(runs_.begin(), runs_.end(), tile.offset,
                                [](std::uint64_t offset, const Run& run) { return offset < run.offset; });
  if (after == runs_.begin()) return {};
  const Run& run = *--after;
  if (tile.offset - run.offset > run.bytes || tile.bytes > run.bytes - (tile.offset - run.offset)) return {};
  return std::span(buffer_).subspan(run.at + static_cast<std::size_t>(tile.offset - run.offset),
                                    static_cast<std::size_t>(tile.bytes));
}

}  // namespace microtome::decode
