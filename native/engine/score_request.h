// What a scoring job is asked for and what it gives back. Plain data.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "aggregate/aggregate.h"
#include "aggregate/slide_output.h"
#include "core/option_bounds.h"
#include "core/stage_metrics.h"
#include "engine/prepare.h"
#include "engine/stopping_rule.h"
#include "engine/stored_tile_cache.h"
#include "preprocess/preprocess.h"

namespace microtome::engine {

struct OutputRequest {
  std::string name;  // of the graph's output
  aggregate::Activation activation = aggregate::Activation::None;
};

struct HeadRequest {
  std::string name;
  std::size_t output = 0;  // index into ScoreRequest::outputs
  std::size_t column = 0;
  aggregate::Head head;
};

struct ScoreRequest {
  GridRequest grid;
  preprocess::TensorFormat format;
  std::vector<OutputRequest> outputs;
  std::vector<HeadRequest> heads;
  std::vector<aggregate::SlideOutput> slide_outputs;           // the first one is the score
  std::int64_t batch_size = option_bounds::kBatchSizeDefault;  // rows of a run where nothing else says how many
  // True: a graph with a dynamic batch axis always sees kReproducibleRows tiles per run, always the same ones
  // together, so that a tile's outputs do not depend on batch_size, threads or other slides.
  bool reproducible = true;
  bool keep_tiles = false;
  std::optional<StoppingRequest> stopping;  // all heads are means then; absent: every planned tile is scored
};

struct TileOutput {
  std::string name;
  std::int64_t columns = 0;
  LargeDoubles values;  // tiles * columns, after activation
};

struct NamedValue {
  std::string name;
  double value = 0;
};

// An output of a slide.
struct SlideValue {
  std::string name;
  double value = 0;      // held to the range of the output, where it has one
  double unclipped = 0;  // before that
};

// Of a slide scored with a stopping rule.
struct Stopping {
  std::int64_t planned_tiles = 0;
  double half_width = 0;  // of the score, over the planned tiles
};

struct ScoreResult {
  tiles::TilePlan plan;         // its tiles are empty unless keep_tiles; else those that were scored
  std::int64_t tile_count = 0;  // scored
  std::optional<Stopping> stopping;
  std::vector<TileOutput> outputs;  // empty unless keep_tiles
  std::vector<NamedValue> heads;
  std::vector<SlideValue> slide_outputs;
  StoredTileCache::Counts stored;
  std::optional<double> tissue_fraction;
  std::vector<StageTimes> times;
  std::vector<std::string> warnings;
  double elapsed_ms = 0;
};

struct Progress {
  Stage stage = Stage::Tissue;
  std::int64_t tiles_done = 0;
  std::int64_t tiles_total = 0;
  double elapsed_ms = 0;
};

using ScoreOutcome = std::variant<ScoreResult, std::exception_ptr>;

// Called on worker threads; must return quickly and must not throw.
struct ScoreCallbacks {
  std::function<void(const Progress&)> progress;  // at most every 100 ms
  std::function<void(ScoreOutcome)> done;         // exactly once
};

}  // namespace microtome::engine
