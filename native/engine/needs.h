// What scoring a slide reserves of the memory budget. The one place that knows, for the job that reserves it and for
// planSlide, which says it before.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/prepare.h"
#include "engine/program_stages.h"
#include "engine/row_stream.h"
#include "engine/score_request.h"
#include "slide/slide.h"

namespace microtome::engine {

// While a level is chosen, tissue looked for and the grid laid.
struct PlanningNeeds {
  std::int64_t mask_bytes = 0;  // or what the stain's sample takes when the mask is gone, where that is more
  std::int64_t plan_bytes = 0;
  std::int64_t image_bytes = 0;  // whole-slide images
  [[nodiscard]] std::int64_t sum() const noexcept { return mask_bytes + plan_bytes + image_bytes; }
};
// Throws what choosing the level throws. The plan gets no more than half of the limit.
[[nodiscard]] PlanningNeeds planning_needs(const slide::Slide& slide, std::span<const GridRequest> requests,
                                           std::int64_t memory_limit);
// Of all that a program looks at before its first tile is encoded. Throws also what choosing an image's level throws.
[[nodiscard]] PlanningNeeds planning_needs(const slide::Slide& slide, const ScoreRequest& request,
                                           std::int64_t memory_limit);

// While its tiles are worked on.
struct ScoringNeeds {
  std::int64_t plan_bytes = 0;        // the plan and the lists made of it
  std::int64_t kept_bytes = 0;        // rows of outputs
  std::int64_t row_window_bytes = 0;  // rows on their way to who asked for them
  std::int64_t cache_bytes = 0;       // decoded stored tiles: the least that will do
  std::int64_t batch_bytes = 0;       // of one worker
  std::int64_t image_bytes = 0;       // pixels of whole-slide images
  std::int64_t head_bytes = 0;        // what head graphs get that is not there already, of the largest
  std::int64_t ahead_bytes = 0;       // compressed bytes that were fetched before they are worked on
  std::int64_t more_cache_bytes = 0;  // what is taken beside cache_bytes where there is room
  [[nodiscard]] std::int64_t sum() const noexcept {
    return plan_bytes + kept_bytes + row_window_bytes + cache_bytes + batch_bytes + image_bytes + head_bytes +
           ahead_bytes;
  }
};
// The tiles of one input, and how a worker goes through them.
struct LaneShape {
  const tiles::TilePlan* plan = nullptr;
  std::int64_t rows = 1;          // of one run
  std::int64_t row_bytes = 0;     // of a row of the largest tensor
  bool as_pixels = false;         // tiles exist as pixels before they become tensors
  std::int64_t output_bytes = 0;  // of the outputs of a row that are given away
};
struct RunShape {
  std::vector<LaneShape> lanes;
  std::int64_t kept_bytes = 0;  // of all tiles and encoders
  std::int64_t image_bytes = 0;
  std::int64_t head_bytes = 0;
  std::int64_t other_plan_bytes = 0;  // of inputs that no encoder reads, but heads
  RowNeeds rows = {};
};
[[nodiscard]] ScoringNeeds scoring_needs(const slide::Slide& slide, const RunShape& run, std::int64_t memory_limit);

// What is known of the graphs: the rows of a run of an encoder, and the values in one row of an output, 0 where that is
// not known yet.
struct GraphFacts {
  std::function<std::int64_t(std::size_t encoder)> rows_of;
  std::function<std::int64_t(std::size_t encoder, const std::string& output)> columns_of;
  // Of an encoder; absent where rows are tensors.
  std::function<std::int64_t(std::size_t encoder)> row_bytes_of = {};
  // Values of one token of a row; absent where no rows are given away.
  std::function<std::int64_t(std::size_t encoder, const std::string& output)> token_columns_of = {};
};
// As if no rule left a tile out. The plans outlive it.
[[nodiscard]] RunShape run_shape(const slide::Slide& slide, const ScoreRequest& request, const ProgramStages& stages,
                                 std::span<const tiles::TilePlan> plans, const GraphFacts& facts);
// Of the rows that a request gives away.
[[nodiscard]] RowNeeds row_needs(const ScoreRequest& request, std::span<const tiles::TilePlan> plans,
                                 const GraphFacts& facts);
// Whether the tiles of an input are looked at, or changed, as pixels; else they are normalised from where they were
// decoded. Several encoders that take them differently need them as pixels too.
[[nodiscard]] bool needs_pixels(const ScoreRequest& request, std::size_t input, std::span<const std::size_t> encoders);

// Bytes that are kept of `items` items of an encoder. `columns_of` gives the values in one row of an output, 0 where
// that is not known yet.
[[nodiscard]] std::int64_t kept_bytes(const ScoreRequest& request, std::size_t encoder, std::int64_t items,
                                      const std::function<std::int64_t(const std::string&)>& columns_of);

}  // namespace microtome::engine
