// The tiles of one prepared slide as pixels, in the order in which they are best decoded. Shared by scoring and by
// slide.tiles, so that both read the same pixels. Any number of threads may use one feed, each with its own TileReader.
//
// A position counts in that order; index_of() says which tile of the plan it is. The order follows from the plan alone.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "core/cancel_token.h"
#include "core/image.h"
#include "core/stage_metrics.h"
#include "decode/tile_decoder.h"
#include "decode/tile_window.h"
#include "engine/prepare.h"
#include "engine/stored_tile_cache.h"
#include "preprocess/preprocess.h"
#include "slide/slide.h"

namespace microtome::engine {

// What one thread needs to read tiles; nothing in it is shared, all of it is used again.
struct TileReader {
  // That a tile of a group needs a stored tile.
  struct Use {
    std::uint32_t stored = 0;  // index among the plan's stored tiles
    std::uint32_t tile = 0;    // in the group
  };

  // What a tile of a group has of a stored tile.
  struct Part {
    std::uint32_t tile = 0;   // in the group
    std::int64_t from_x = 0;  // in the stored tile
    std::int64_t from_y = 0;
    std::int64_t to_x = 0;  // in the tile
    std::int64_t to_y = 0;
    std::int64_t width_px = 0;
    std::int64_t height_px = 0;
  };

  decode::TileDecoder decoder;
  RgbImage footprints;  // pixels of the level, where they must be reduced: those of a group below each other
  preprocess::ResizeScratch resize;
  std::vector<std::uint8_t>
      pixels;  // between the decoder and a tensor: one stored tile, or the reduced tiles of a group
  std::vector<std::uint8_t> white;  // a row of a tile
  std::vector<TileAddress> ahead;
  std::vector<Use> uses;
  std::vector<Part> parts;  // of the stored tile that is visited
  std::vector<decode::TileWindow> windows;
};

class TileFeed {
 public:
  // Takes the plan out of `prepared`. `budget_bytes` is for decoded stored tiles. `rounds`, where not empty, has one
  // for each tile of the plan: the tiles of an earlier round come first.
  TileFeed(std::shared_ptr<const slide::Slide> slide, tiles::TilePlan plan, decode::BadTilePolicy on_bad_tile,
           std::int64_t budget_bytes, StageMetrics& metrics, std::span<const std::uint32_t> rounds = {});

  [[nodiscard]] const tiles::TilePlan& plan() const noexcept { return plan_; }
  // The plan, not copied: nothing can be read any more.
  [[nodiscard]] tiles::TilePlan take_plan() noexcept { return std::move(plan_); }
  [[nodiscard]] std::int64_t size() const noexcept { return std::ssize(plan_.tiles); }
  [[nodiscard]] std::size_t index_of(std::int64_t position) const noexcept {
    return order_[static_cast<std::size_t>(position)];
  }
  [[nodiscard]] StoredTileCache::Counts counts() const { return cache_.counts(); }

  // Fetches the compressed bytes of the tiles at [first, first + count), neighbours with one read. The reader keeps
  // them until the end of the guard.
  class ReadAheadGuard {
   public:
    explicit ReadAheadGuard(TileReader& reader) noexcept : reader_(reader) {}
    ~ReadAheadGuard() { reader_.decoder.forget_read_ahead(); }
    ReadAheadGuard(const ReadAheadGuard&) = delete;
    ReadAheadGuard& operator=(const ReadAheadGuard&) = delete;

   private:
    TileReader& reader_;
  };
  [[nodiscard]] ReadAheadGuard read_ahead(TileReader& reader, std::int64_t first, std::int64_t count) const;

  // Writes the tiles at [first, first + count) to `out`, one after another, each plan().size_px square and packed. They
  // are read as a group: each stored tile below them is visited once, and decoded into all of them where nobody else
  // needs it, else copied into them while it is warm.
  void read(TileReader& reader, const CancelToken& cancel, std::int64_t first, std::int64_t count, std::uint8_t* out);

  // The same as model input, how.bytes_per_tile() a tile; how.size_px is the plan's. Tiles that are not reduced never
  // exist as pixels: every part of a stored tile is normalised from where it was decoded to its place in the tensor.
  void read_tensors(TileReader& reader, const CancelToken& cancel, std::int64_t first, std::int64_t count,
                    const preprocess::TensorFormat& how, std::uint8_t* out);

 private:
  // Where the pixels of a group go, tile after tile: packed RGB of the footprint's size, or tensors.
  struct Target {
    std::uint8_t* out;
    std::size_t tile_bytes;
    const preprocess::TensorFormat* tensor;  // null: RGB
  };

  [[nodiscard]] const tiles::PlannedTile& tile_at(std::int64_t position) const noexcept {
    return plan_.tiles[index_of(position)];
  }
  void find_uses(TileReader& reader, std::int64_t first, std::int64_t count) const;
  void read_reduced(TileReader& reader, const CancelToken& cancel, std::int64_t first, std::int64_t count,
                    std::uint8_t* out);
  void assemble(TileReader& reader, const CancelToken& cancel, std::int64_t first, std::int64_t count,
                const Target& target);
  void visit(TileReader& reader, const CancelToken& cancel, std::int64_t first, const Target& target,
             std::span<const TileReader::Use> uses);
  void find_parts(TileReader& reader, std::int64_t first, std::span<const TileReader::Use> uses) const;
  bool decode_straight(TileReader& reader, const Target& target, std::span<const TileReader::Use> uses);
  void place(TileReader& reader, const Target& target, std::size_t tile, ConstRgbView part, std::int64_t x,
             std::int64_t y);

  const std::shared_ptr<const slide::Slide> slide_;
  tiles::TilePlan plan_;
  StageMetrics& metrics_;
  std::vector<std::uint32_t> order_;
  StoredTileCache cache_;
};

}  // namespace microtome::engine
