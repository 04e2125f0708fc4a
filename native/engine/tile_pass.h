// One pass over the tiles of a slide, of one or several inputs: scales of one level share each decoded stored tile,
// levels come one after another. A position counts through all of them. The tiles of a lane, one input, come in runs:
// those that are decoded together and go through a graph together. Which tiles share a run follows from the plans
// alone.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/slide_tiles.h"

namespace microtome::engine {

struct PassLane {
  std::size_t input = 0;  // of the request
  tiles::TilePlan plan;
  std::int64_t run_rows = 1;
};

class TilePass {
 public:
  // `cache_bytes` is for decoded stored tiles, of one level at a time. `rounds`: see SlideTiles; one lane only.
  TilePass(const std::shared_ptr<const slide::Slide>& slide, std::vector<PassLane> lanes,
           decode::BadTilePolicy on_bad_tile, std::int64_t cache_bytes, StageMetrics& metrics,
           std::span<const std::uint32_t> rounds = {});

  [[nodiscard]] std::int64_t size() const noexcept { return groups_.empty() ? 0 : groups_.back().end; }
  [[nodiscard]] std::size_t lanes() const noexcept { return lanes_.size(); }
  [[nodiscard]] std::size_t input_of(std::size_t lane) const noexcept { return lanes_[lane].input; }
  [[nodiscard]] const tiles::TilePlan& plan(std::size_t lane) const noexcept;
  [[nodiscard]] tiles::TilePlan take_plan(std::size_t lane) noexcept;
  // Of all levels.
  [[nodiscard]] StoredTileCache::Counts counts() const;

  [[nodiscard]] std::size_t lane_at(std::int64_t position) const noexcept;
  // The tile of the lane's plan.
  [[nodiscard]] std::uint32_t item_at(std::int64_t position) const noexcept;
  // Where the run that begins at `first` ends; not beyond `limit`.
  [[nodiscard]] std::int64_t run_end(std::int64_t first, std::int64_t limit) const noexcept;
  // Whole runs of one level from `first` on, where a run begins: `least` positions or more where there are so many. Not
  // beyond `limit`.
  [[nodiscard]] std::int64_t runs_end(std::int64_t first, std::int64_t least, std::int64_t limit) const noexcept;

  // As Source; a range is of one level, that of fill() of one run or a part of it.
  void fetch(TileReader& reader, Range range) const;
  void release(TileReader& reader) const noexcept;
  void fill(TileReader& reader, const CancelToken& cancel, Range range, const Destination& to);
  void found_bad(std::int64_t position, const std::string& why);

 private:
  struct Lane {
    std::size_t input = 0;
    std::int64_t run_rows = 1;
    std::size_t group = 0;
    std::size_t plan = 0;  // of the group
  };
  // The lanes of one level.
  struct Group {
    std::unique_ptr<SlideTiles> tiles;
    std::vector<std::size_t> lanes;  // by plan
    std::int64_t first = 0;
    std::int64_t end = 0;
  };

  [[nodiscard]] const Group& group_at(std::int64_t position) const noexcept;

  std::vector<Lane> lanes_;
  std::vector<Group> groups_;
};

}  // namespace microtome::engine
