// The tiles of one prepared slide as a source, in the order in which they are best decoded: each stored tile is visited
// once. Any number of threads may use it, each with its own TileReader. The order follows from the plans alone.
//
// There may be several plans over one level, such as tiles of two scales. Then the positions are made of runs,
// neighbours of one plan; the runs of all plans are mixed, so that what lies at one place is read at one time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/cancel_token.h"
#include "core/image.h"
#include "core/stage_metrics.h"
#include "engine/prepare.h"
#include "engine/source.h"
#include "engine/stored_tile_cache.h"
#include "engine/tile_reader.h"
#include "slide/slide.h"

namespace microtome::engine {

class SlideTiles final : public Source {
 public:
  // One plan. `cache_bytes` is for decoded stored tiles. `rounds`, where not empty, has one for each tile of the plan:
  // the tiles of an earlier round come first.
  SlideTiles(std::shared_ptr<const slide::Slide> slide, tiles::TilePlan plan, decode::BadTilePolicy on_bad_tile,
             std::int64_t cache_bytes, StageMetrics& metrics, std::span<const std::uint32_t> rounds = {});
  // Several plans of the same stored grid, 255 at most, with the rows of a run of each.
  SlideTiles(std::shared_ptr<const slide::Slide> slide, std::vector<tiles::TilePlan> plans,
             std::span<const std::int64_t> run_rows, decode::BadTilePolicy on_bad_tile, std::int64_t cache_bytes,
             StageMetrics& metrics);

  [[nodiscard]] const tiles::TilePlan& plan(std::size_t index = 0) const noexcept { return plans_[index]; }
  // The plan, not copied: nothing can be read any more.
  [[nodiscard]] tiles::TilePlan take_plan(std::size_t index = 0) noexcept { return std::move(plans_[index]); }
  [[nodiscard]] std::size_t plan_at(std::int64_t position) const noexcept {
    return plan_of_.empty() ? 0 : plan_of_[static_cast<std::size_t>(position)];
  }
  // With several plans: where each run begins, in order, and the end of the last. Else empty: any neighbours are a run.
  [[nodiscard]] std::span<const std::uint32_t> run_starts() const noexcept { return run_starts_; }
  [[nodiscard]] StoredTileCache::Counts counts() const { return cache_.counts(); }

  [[nodiscard]] std::int64_t size() const noexcept override { return std::ssize(order_); }
  [[nodiscard]] std::size_t index_of(std::int64_t position) const noexcept override {
    return order_[static_cast<std::size_t>(position)];
  }
  // The compressed bytes of a range, neighbours with one read. Of a file they are a hint: what could not be read is
  // read again when it is decoded. Where bytes come later, those of the next ranges are asked for with them.
  void fetch(TileReader& reader, Range range) const override;
  void release(TileReader& reader) const noexcept override;
  // The range, of one plan, is read as a group: each stored tile below it is visited once, and decoded into all of its
  // tiles where nobody else needs it, else copied into them while it is warm. Tiles that are not reduced never exist as
  // pixels on their way to a tensor: every part of a stored tile is normalised from where it was decoded to its place.
  void fill(TileReader& reader, const CancelToken& cancel, Range range, const Destination& to) override;

  // The tile at this position was handed to a device as a stream that neither it nor our decoders could decode: throws
  // CORRUPT_TILE with its address, or counts it as bad where bad tiles are white.
  void found_bad(std::int64_t position, const std::string& why);

  // What such a source needs beside its plan's tiles and the cache: lists of stored tiles and their order.
  [[nodiscard]] static std::int64_t list_bytes(const tiles::TilePlan& plan, std::int64_t stored_tiles) noexcept;

 private:
  // Where the pixels of a group go, tile after tile: packed RGB of the footprint's size, or tensors.
  struct Target {
    std::uint8_t* out;
    std::size_t tile_bytes;
    const preprocess::TensorFormat* tensor;  // null: RGB
    std::int64_t side_px;                    // of the footprint
  };

  [[nodiscard]] const tiles::TilePlan& plan_of(std::int64_t position) const noexcept {
    return plans_[plan_at(position)];
  }
  [[nodiscard]] const tiles::PlannedTile& tile_at(std::int64_t position) const noexcept {
    return plan_of(position).tiles[index_of(position)];
  }
  [[nodiscard]] tiles::StoredTileUses lay_out(std::span<const std::int64_t> run_rows);
  void find_uses(TileReader& reader, std::int64_t first, std::int64_t count) const;
  void find_stored(TileReader& reader, Range range) const;
  void fetch_later(TileReader& reader, Range range) const;
  [[nodiscard]] std::vector<slide::ByteRange> ranges_of(TileReader& reader, Range range) const;
  [[nodiscard]] std::vector<slide::ByteRange> with_what_follows(TileReader& reader, Range range,
                                                                std::vector<slide::ByteRange> own) const;
  void note_asked(std::int64_t end) const noexcept;
  [[nodiscard]] static std::uint64_t bytes_of(std::span<const slide::ByteRange> ranges) noexcept;
  [[nodiscard]] static std::int64_t end_with(Range range, std::uint64_t bytes, std::int64_t most) noexcept;
  void fill_coded(TileReader& reader, const CancelToken& cancel, Range range, const Destination& to);
  void fill_pixels(TileReader& reader, const CancelToken& cancel, Range range, std::uint8_t* out,
                   std::size_t row_bytes);
  [[nodiscard]] std::optional<std::size_t> alone_under(std::int64_t position) const;
  [[nodiscard]] bool take_stream(TileReader& reader, std::int64_t position, const CodedRows& layout, std::uint8_t* row);
  void fill_tensors(TileReader& reader, const CancelToken& cancel, Range range, const Destination& to);
  void read_reduced(TileReader& reader, const CancelToken& cancel, std::int64_t first, std::int64_t count,
                    std::uint8_t* out, std::size_t out_bytes);
  void assemble(TileReader& reader, const CancelToken& cancel, std::int64_t first, std::int64_t count,
                const Target& target);
  void visit(TileReader& reader, const CancelToken& cancel, std::int64_t first, const Target& target,
             std::span<const TileReader::Use> uses);
  void find_parts(TileReader& reader, std::int64_t first, std::span<const TileReader::Use> uses) const;
  bool decode_straight(TileReader& reader, const Target& target, std::span<const TileReader::Use> uses);
  void place(TileReader& reader, const Target& target, std::size_t tile, ConstRgbView part, std::int64_t x,
             std::int64_t y);

  const std::shared_ptr<const slide::Slide> slide_;
  std::vector<tiles::TilePlan> plans_;
  const tiles::StoredGrid stored_;  // of all plans, like the level
  const int level_;
  StageMetrics& metrics_;
  std::vector<std::uint32_t> order_;       // by position: the tile of its plan
  std::vector<std::uint8_t> plan_of_;      // by position; empty where there is one plan
  std::vector<std::uint32_t> run_starts_;  // and the end of the last; empty where there is one plan
  bool asks_ahead_ = true;                 // false: tiles that follow each other do not lie beside each other
  // Of a source whose bytes come later: positions up to here were asked for.
  mutable std::atomic<std::int64_t> asked_end_ = 0;
  StoredTileCache cache_;
};

}  // namespace microtome::engine
