// The decoded stored tiles of one pass over one level. Each is decoded once, by the first worker that needs it, and
// copied into every model tile that overlaps it; its memory is used again after its last use, which is known from the
// plan. What nobody else needs is decoded straight to where it is used. Only when the budget is too small for the
// tiles in use at once is one dropped early and decoded again. Everything but the pixels is allocated by the
// constructor. Safe to use from all workers of a job.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "core/cancel_token.h"
#include "core/image.h"
#include "core/large_memory.h"
#include "core/stage_metrics.h"
#include "decode/region.h"
#include "decode/tile_decoder.h"
#include "decode/tile_window.h"
#include "slide/slide.h"
#include "tiles/stored_tiles.h"

namespace microtome::engine {

class StoredTileCache {
 public:
  struct Counts {
    std::int64_t decoded = 0;  // distinct stored tiles that were decoded
    std::int64_t missing = 0;  // distinct, zero-length, white
    std::int64_t bad = 0;      // distinct, could not be decoded, white (fill policy only)
    std::int64_t again = 0;    // decodes beyond the first, because the budget was too small

    Counts& operator+=(const Counts& more) noexcept {
      decoded += more.decoded;
      missing += more.missing;
      bad += more.bad;
      again += more.again;
      return *this;
    }
  };

  StoredTileCache(std::shared_ptr<const slide::Slide> slide, int level, tiles::StoredTileUses uses,
                  decode::BadTilePolicy on_bad_tile, std::int64_t budget_bytes, StageMetrics& metrics);

  [[nodiscard]] const tiles::StoredTileUses& tiles() const noexcept { return uses_; }

  // `count` uses of the stored tile at `index` at once: calls `copy` with its pixels, rows of 3 * tile width bytes, or
  // with null where it is white. They stay valid during the call.
  template <typename Copy>
  void use(decode::TileDecoder& decoder, const CancelToken& cancel, std::size_t index, std::uint32_t count,
           const Copy& copy) {
    copy(pin(decoder, cancel, index));
    unpin(index, count);
  }

  // `count` uses of a stored tile of which nobody else needs anything, and which has not been decoded: decodes it
  // straight into `windows`, and keeps nothing. No, and nothing done, when it is not such a tile (or is decoded at a
  // reduction and `windows` is not one of its size).
  enum class Straight : std::uint8_t { No, Pixels, White };
  Straight decode_straight(decode::TileDecoder& decoder, std::size_t index, std::uint32_t count,
                           std::span<const decode::TileWindow> windows);

  // The same for somebody who decodes it elsewhere: calls `take` with its address, which says whether he does. False,
  // and nothing done, when it is not such a tile or he does not.
  template <typename Take>
  bool hand_over(std::size_t index, std::uint32_t count, const Take& take) {
    if (grid_.reduction != 1 || !begin_alone(index, count)) return false;
    bool taken = false;
    try {
      taken = take(level_, TileAddress{level_.index, uses_.column(index), uses_.row(index)});
    } catch (...) {
      end_alone(index, count, false);
      throw;
    }
    end_alone(index, count, taken);
    return taken;
  }
  // What was handed over could not be decoded there, nor by ours: throws `why` with the tile's address, or counts it as
  // bad where bad tiles are white.
  void found_bad(std::size_t index, const std::string& why);

  // Whether nobody has decoded it yet: what a worker may read ahead.
  [[nodiscard]] bool untouched(std::size_t index) const;

  [[nodiscard]] Counts counts() const;

  // What every stored tile of a plan costs, decoded or not: its entry here and in the list of uses.
  static constexpr std::int64_t kBytesPerStoredTile = 48;

 private:
  static constexpr std::int32_t kNone = -1;
  // Gone: all uses are over. Dropped: decoded, then given up for want of room.
  enum class State : std::uint8_t { Untouched, Decoding, Pixels, White, Dropped, Gone };
  struct Entry {
    std::uint32_t uses_left = 0;
    std::int32_t buffer = kNone;
    std::int32_t older = kNone;  // neighbours in the list of entries with pixels, by age
    std::int32_t newer = kNone;
    std::uint16_t pins = 0;  // threads copying from it right now
    State state = State::Untouched;
  };

  const std::uint8_t* pin(decode::TileDecoder& decoder, const CancelToken& cancel, std::size_t index);
  void unpin(std::size_t index, std::uint32_t uses);
  Entry& acquire(std::unique_lock<std::mutex>& lock, decode::TileDecoder& decoder, const CancelToken& cancel,
                 std::size_t index);
  void decode_entry(std::unique_lock<std::mutex>& lock, decode::TileDecoder& decoder, std::size_t index);
  State decode_pixels(decode::TileDecoder& decoder, std::size_t index, std::span<const decode::TileWindow> windows);
  // Of a tile that only the caller needs and that is untouched.
  bool begin_alone(std::size_t index, std::uint32_t count);
  void end_alone(std::size_t index, std::uint32_t count, bool decoded);
  void count_uses(std::uint32_t uses) noexcept;
  void make_room();
  void give_up(Entry& entry, State state);
  std::int32_t take_buffer();
  void link_newest(std::size_t index);
  void unlink(Entry& entry);

  const std::shared_ptr<const slide::Slide> slide_;
  const slide::Level& level_;
  const tiles::StoredTileUses uses_;
  const tiles::StoredGrid grid_;
  const decode::BadTilePolicy on_bad_tile_;
  const std::size_t max_buffers_;
  StageMetrics& metrics_;

  mutable std::mutex mutex_;
  std::condition_variable decoded_;
  std::vector<Entry> entries_;  // by index in uses_
  std::int32_t oldest_ = kNone;
  std::int32_t newest_ = kNone;
  std::vector<LargeBytes> buffers_;
  std::vector<std::int32_t> free_buffers_;  // the last one given back is the warmest, and taken first
  std::uint64_t uses_left_;                 // of all stored tiles; when none is left, neither are pixels
  int waiting_ = 0;                         // threads that wait for a tile that another one decodes
  Counts counts_;
};

}  // namespace microtome::engine
