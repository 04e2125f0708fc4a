// The decoded stored tiles of one pass over one level. Each is decoded once, by the first worker that needs it, handed
// to every model tile that overlaps it, and its memory is reused after its last use, which is known from the plan.
// Only when the budget is too small for the tiles in use at once is one dropped early and decoded again.
// Safe to use from all workers of a job.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/cancel_token.h"
#include "core/image.h"
#include "core/stage_metrics.h"
#include "decode/region.h"
#include "decode/tile_decoder.h"
#include "slide/slide.h"
#include "tiles/stored_tiles.h"

namespace microtome::pipeline {

class StoredTileCache {
 public:
  struct Counts {
    std::int64_t decoded = 0;  // distinct stored tiles that were decoded
    std::int64_t missing = 0;  // distinct, zero-length, white
    std::int64_t bad = 0;      // distinct, could not be decoded, white (fill policy only)
    std::int64_t again = 0;    // decodes beyond the first, because the budget was too small
  };

  StoredTileCache(std::shared_ptr<const slide::Slide> slide, int level, tiles::UseCounts uses,
                  decode::BadTilePolicy on_bad_tile, std::int64_t budget_bytes, StageMetrics& metrics);

  // Copies what the stored tile and the window have in common. The window's origin is in level pixels and may lie
  // partly outside the level; what no stored tile covers is left as it is.
  void copy(decode::TileDecoder& decoder, const CancelToken& cancel, std::int64_t column, std::int64_t row,
            const RgbView& window, std::int64_t window_x, std::int64_t window_y);

  [[nodiscard]] Counts counts() const;

 private:
  using Key = std::int64_t;  // row * tiles across + column
  enum class State : std::uint8_t { Decoding, Pixels, White };
  struct Entry {
    State state = State::Decoding;
    int pins = 0;  // threads copying from it right now
    std::vector<std::uint8_t> pixels;
    std::list<Key>::iterator age;
  };

  Entry& acquire(std::unique_lock<std::mutex>& lock, decode::TileDecoder& decoder, const CancelToken& cancel, Key key);
  void decode_into(std::unique_lock<std::mutex>& lock, decode::TileDecoder& decoder, Key key);
  State decode_pixels(decode::TileDecoder& decoder, TileAddress address, std::vector<std::uint8_t>& pixels);
  void release(std::int64_t column, std::int64_t row);
  void make_room();
  std::vector<std::uint8_t> take_buffer();

  const std::shared_ptr<const slide::Slide> slide_;
  const slide::Level& level_;
  const decode::BadTilePolicy on_bad_tile_;
  const std::size_t max_buffers_;
  StageMetrics& metrics_;

  mutable std::mutex mutex_;
  std::condition_variable decoded_;
  tiles::UseCounts uses_;
  std::unordered_map<Key, Entry> entries_;
  std::list<Key> by_age_;  // oldest first, entries that hold pixels
  std::vector<std::vector<std::uint8_t>> free_buffers_;
  std::size_t buffers_in_use_ = 0;
  std::unordered_set<Key> seen_;  // decoded before; to count "again"
  std::unordered_set<Key> bad_;
  std::unordered_set<Key> missing_;
  std::int64_t again_ = 0;
};

}  // namespace microtome::pipeline
