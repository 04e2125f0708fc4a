// What scoring a slide would read and need, before any tile is decoded.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/cancel_token.h"
#include "core/stage_metrics.h"
#include "engine/needs.h"
#include "engine/prepare.h"
#include "engine/score_request.h"

namespace microtome::engine {

struct PlanRequest {
  ScoreRequest score;
  // By encoder: values in one row of an output of its graph, as far as it is known.
  std::vector<std::map<std::string, std::int64_t>> columns;
  std::vector<std::int64_t> fixed_rows;  // by encoder: of a batch, where the graph fixes them, else 0
  int threads = 0;                       // 0: cores this process may use
  std::int64_t memory_limit = 1ll << 30;
};

// Of one tile input.
struct PlannedInput {
  tiles::ReadPolicy policy;
  std::int64_t tiles = 0;
  std::int64_t kept_tiles = 0;
  std::int64_t grid_tiles = 0;
};

struct PlanReport {
  std::vector<PlannedInput> inputs;
  ReadCost cost;  // of all tile inputs, what several need of one level once, and of the images
  std::optional<double> tissue_fraction;
  std::int64_t memory_bytes = 0;  // what the job would reserve at most, with all workers at it
};

// Where the slide's bytes come later, run() throws BytesPending; called again when they are here it goes on where it
// stopped. One thread at a time. Slide and request outlive it.
class Planner {
 public:
  Planner(const slide::Slide& slide, const PlanRequest& request);
  [[nodiscard]] PlanReport run(decode::TileDecoder& decoder, const CancelToken& cancel);

 private:
  const slide::Slide& slide_;
  const PlanRequest& request_;
  const ProgramStages stages_;
  PlanningNeeds planning_;
  Preparation preparation_;
  std::optional<Prepared> prepared_;
};

}  // namespace microtome::engine
