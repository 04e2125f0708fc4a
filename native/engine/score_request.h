// What a scoring job is asked for and what it gives back. Plain data. Indices count in the lists of the request.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "aggregate/aggregate.h"
#include "aggregate/select.h"
#include "aggregate/slide_output.h"
#include "core/option_bounds.h"
#include "core/stage_metrics.h"
#include "decode/slide_image.h"
#include "engine/prepare.h"
#include "engine/row_request.h"
#include "engine/stopping_rule.h"
#include "engine/stored_tile_cache.h"
#include "preprocess/preprocess.h"
#include "preprocess/quality.h"
#include "preprocess/stain.h"
#include "preprocess/turns.h"

namespace microtome::engine {

// Done to every pixel of the tiles and images of a slide, in this order, before it becomes a tensor.
struct ColourRequest {
  bool icc = false;  // from the colours of the slide's profile to sRGB
  std::optional<preprocess::StainFit>
      stain;               // of the reference; the slide's own fit is made from a sample of its tiles
  std::uint64_t seed = 0;  // of that sample
  [[nodiscard]] bool is_nothing() const noexcept { return !icc && !stain; }
};

struct OutputRequest {
  std::string name;  // of the graph's output
  aggregate::Activation activation = aggregate::Activation::None;
};

struct EncoderRequest {
  std::string name;
  std::size_t graph = 0;  // of the engine
  std::size_t input = 0;  // of ScoreRequest::tiles
  preprocess::TensorFormat format{};
  // A tile is encoded once for each; its rows are averaged, after the activation.
  std::vector<preprocess::Turn> turns{preprocess::Turn::Identity};
  std::vector<OutputRequest> outputs;

  [[nodiscard]] bool is_turned() const noexcept { return turns != std::vector{preprocess::Turn::Identity}; }
};

// One column of the rows of an encoder.
struct TileValue {
  std::size_t encoder = 0;
  std::size_t output = 0;
  std::size_t column = 0;
  friend bool operator==(const TileValue&, const TileValue&) = default;
};

// Keeps some tiles of one input, of those that the rules before it left.
struct SelectRule {
  enum class Kind : std::uint8_t { Filter, Highest, Threshold, Quality };
  Kind kind = Kind::Filter;
  std::size_t input = 0;
  TileValue by;                                                             // but Quality
  double preprocess::Quality::* measure = &preprocess::Quality::sharpness;  // of Quality
  std::optional<double> min, max;                                           // of Filter and Quality; both included
  std::int64_t count = 0;                                                   // of Highest
  aggregate::Thresholds thresholds;                                         // of Threshold
};

// One number of one column, over the tiles that selection leaves.
struct SimpleHead {
  TileValue of;
  aggregate::Head head;
};

// What a head graph gets in one of its inputs.
struct Features {
  std::size_t encoder = 0;
  std::size_t output = 0;
};
struct Coordinates {
  // Of a tile's upper left corner: in pixels of level 0, of the level read, or in strides of the grid.
  enum class Unit : std::uint8_t { Level0Px, LevelPx, Grid };
  std::size_t input = 0;  // of ScoreRequest::tiles
  Unit unit = Unit::LevelPx;
  bool x_first = true;
};
struct WholeImage {
  std::size_t image = 0;  // of ScoreRequest::images
  preprocess::TensorFormat format{};
};
struct HeadRow {
  std::size_t head = 0;  // before this one
  std::size_t output = 0;
};
struct HeadInputRequest {
  std::string tensor;                                                                  // in the graph
  std::variant<Features, Coordinates, WholeImage, HeadRow, std::vector<double>> from;  // the last: clinical features
};

struct HeadOutputRequest {
  std::string tensor;  // in the graph
  std::int64_t columns = 1;
  aggregate::Activation activation = aggregate::Activation::None;
  bool per_tile = false;  // one value for each tile, such as attention
};

// A graph that runs once for the slide.
struct GraphHead {
  std::size_t graph = 0;  // of the engine's head graphs
  std::vector<HeadInputRequest> inputs;
  std::vector<preprocess::Turn> turns{preprocess::Turn::Identity};  // of its image
  std::vector<HeadOutputRequest> outputs;
};

struct HeadRequest {
  std::string name;
  std::variant<SimpleHead, GraphHead> how;

  [[nodiscard]] const SimpleHead* simple() const noexcept { return std::get_if<SimpleHead>(&how); }
  [[nodiscard]] const GraphHead* graph() const noexcept { return std::get_if<GraphHead>(&how); }
};

struct ScoreRequest {
  std::vector<GridRequest> tiles;  // may be empty where there are images
  std::vector<decode::SlideImageRequest> images;
  ColourRequest colour;
  std::vector<EncoderRequest> encoders;
  std::vector<SelectRule> select;
  std::vector<HeadRequest> heads;
  std::vector<aggregate::SlideOutput> slide_outputs;           // the first one is the score
  std::vector<RowRequest> rows;                                // given away, not kept
  std::int64_t batch_size = option_bounds::kBatchSizeDefault;  // rows of a run where nothing else says how many
  // True: a graph with a dynamic batch axis always sees kReproducibleRows tiles per run, always the same ones
  // together, so that a tile's outputs do not depend on batch_size, threads or other slides.
  bool reproducible = true;
  bool keep_tiles = false;
  std::optional<StoppingRequest> stopping;  // one tile input, one encoder, means only; absent: every tile is scored
};

struct TileOutput {
  std::size_t encoder = 0;
  std::string name;
  std::int64_t columns = 0;
  LargeDoubles values;  // tiles * columns, after activation
};

// What one head gave.
struct HeadResult {
  std::string name;
  std::vector<std::vector<double>> outputs;  // empty: one that has a value for each tile

  [[nodiscard]] double value() const { return outputs.at(0).at(0); }
};

// One value for each tile of an input that a head gave.
struct TileColumn {
  std::size_t head = 0;
  std::string name;  // of the graph's output
  LargeDoubles values;
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

// Left upper corners of the tiles of a table: in pixels of the level that was read, and in level 0, not rounded. Made
// on a worker thread: for 100,000 tiles it would take milliseconds of the JavaScript thread.
struct TilePlaces {
  LargeDoubles x;
  LargeDoubles y;
  LargeDoubles level0_x;
  LargeDoubles level0_y;

  [[nodiscard]] static TilePlaces of(const tiles::TilePlan& plan);
};

// The tiles of one input in the result: those that the heads saw.
struct TileTable {
  tiles::TilePlan plan;             // its tiles are empty unless keep_tiles; else those of the table
  TilePlaces places;                // of the tiles of the plan
  std::int64_t tile_count = 0;      // of the table
  std::vector<TileOutput> outputs;  // empty unless keep_tiles, like the two that follow
  std::vector<TileColumn> heads;
  std::vector<preprocess::Quality> quality;  // where a rule reads it
  std::vector<std::int64_t> left_by_rule;    // tiles that each rule of this input left, in order
};

struct ScoreResult {
  std::vector<TileTable> tables;  // one for each tile input
  std::optional<Stopping> stopping;
  std::vector<HeadResult> heads;
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
  RowCallbacks rows = {};                         // of ScoreRequest::rows
};

}  // namespace microtome::engine
