// Several encoders in one pass over a slide, and selection between two passes.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <memory>
#include <tuple>
#include <vector>

#include "engine/engine.h"
#include "engine/program_stages.h"
#include "test/check.h"
#include "test/support/means_scene.h"

namespace {

using namespace microtome;
using namespace microtome::engine;

using test::Scene;

constexpr std::int64_t kSide = test::kSceneSide;
constexpr std::int64_t kTilePx = test::kScoredTilePx;

void add_input(ScoreRequest& request, std::int64_t size_px, std::size_t graph) {
  GridRequest grid = request.tiles.front();
  grid.grid.size_px = grid.grid.stride_px = size_px;
  EncoderRequest encoder = request.encoders.front();
  encoder.graph = graph;
  encoder.input = request.tiles.size();
  encoder.format.size_px = size_px;
  request.tiles.push_back(grid);
  request.encoders.push_back(encoder);
}

double red_of(std::int64_t tile) { return test::colour_of(7, tile % kSide, tile / kSide, 0); }

TEST(two_scales_of_a_level_decode_each_stored_tile_once) {
  for (const int threads : {1, 3}) {
    Scene scene(2, threads);
    ScoreRequest request = test::means_request();
    add_input(request, 3 * kTilePx / 2, 1);  // its tiles lie across the stored ones
    const ScoreResult result = scene.score(request);
    CHECK_EQ(result.stored.decoded, kSide * kSide);
    CHECK_EQ(result.stored.again, 0);
    CHECK_EQ(result.tables[0].tile_count, kSide * kSide);
    CHECK_EQ(result.tables[1].tile_count, 8 * 8);
    // Each input has the outputs that it has alone.
    Scene alone(1);
    ScoreRequest second = test::means_request();
    second.tiles[0].grid.size_px = second.tiles[0].grid.stride_px = second.encoders[0].format.size_px = 3 * kTilePx / 2;
    CHECK(result.tables[0].outputs[0].values == alone.score(test::means_request()).tables[0].outputs[0].values);
    CHECK(result.tables[1].outputs[0].values == alone.score(second).tables[0].outputs[0].values);
  }
}

TEST(encoders_of_one_input_share_its_tiles) {
  Scene scene(2);
  ScoreRequest request = test::means_request();
  EncoderRequest scaled = request.encoders.front();
  scaled.graph = 1;
  scaled.format.scale = 0.5;
  request.encoders.push_back(scaled);
  const ScoreResult result = scene.score(request);
  CHECK_EQ(result.stored.decoded, kSide * kSide);
  const auto& [first, second] = std::tie(result.tables[0].outputs[0], result.tables[0].outputs[1]);
  for (std::size_t i = 0; i < first.values.size(); ++i) CHECK_EQ(second.values[i], first.values[i] / 2);
}

TEST(a_costly_encoder_gets_what_a_rule_leaves) {
  Scene scene(2);
  ScoreRequest request = test::means_request();
  EncoderRequest costly = request.encoders.front();
  costly.graph = 1;
  request.encoders.push_back(costly);
  request.select = {{.kind = SelectRule::Kind::Filter, .input = 0, .by = {.encoder = 0}, .min = 100.0},
                    {.kind = SelectRule::Kind::Highest, .input = 0, .by = {.encoder = 0}, .count = 20}};
  request.heads = {{.name = "mean", .how = SimpleHead{.of = {.encoder = 1}, .head = {}}}};
  std::vector<double> reds;
  for (std::int64_t tile = 0; tile < kSide * kSide; ++tile)
    if (red_of(tile) >= 100) reds.push_back(red_of(tile));
  const auto bright = std::ssize(reds);
  std::sort(reds.begin(), reds.end(), std::greater<>());
  reds.resize(20);
  double expected = 0;
  for (const double red : reds) expected += red / 20;
  const ScoreResult result = scene.score(request);
  CHECK(result.tables[0].left_by_rule == (std::vector<std::int64_t>{bright, 20}));
  CHECK_EQ(result.tables[0].tile_count, 20);
  CHECK_EQ(std::ssize(result.tables[0].plan.tiles), 20);
  CHECK_EQ(scene.rows[1]->load(), 20);
  CHECK(std::abs(result.heads[0].value() - expected) < 1e-4);
  // The rows of the cheap encoder are those of the tiles that are left.
  for (std::size_t i = 0; i < 20; ++i)
    CHECK_EQ(result.tables[0].outputs[0].values[3 * i], result.tables[0].outputs[1].values[3 * i]);
}

TEST(a_threshold_falls_until_enough_tiles_reach_it) {
  Scene scene(1);
  ScoreRequest request = test::means_request();
  request.select = {{.kind = SelectRule::Kind::Threshold,
                     .input = 0,
                     .by = {.encoder = 0},
                     .thresholds = {.start = 300, .step = 10, .end = 0, .at_least = 5}}};
  const ScoreResult result = scene.score(request);
  double threshold = 300;
  std::int64_t kept = 0;
  while (kept < 5) {
    threshold -= 10;
    kept = 0;
    for (std::int64_t tile = 0; tile < kSide * kSide; ++tile) kept += red_of(tile) >= threshold;
  }
  CHECK_EQ(result.tables[0].tile_count, kept);
}

TEST(quality_is_measured_before_tiles_are_tensors) {
  Scene scene(1);
  ScoreRequest request = test::means_request();
  request.select = {
      {.kind = SelectRule::Kind::Quality, .input = 0, .measure = &preprocess::Quality::white, .max = 0.5}};
  const ScoreResult result = scene.score(request);
  std::int64_t kept = 0;
  for (std::int64_t tile = 0; tile < kSide * kSide; ++tile) {
    bool white = true;
    for (int channel = 0; channel < 3; ++channel)
      white = white && test::colour_of(7, tile % kSide, tile / kSide, channel) > preprocess::kWhiteAbove;
    kept += !white;
  }
  CHECK_EQ(result.tables[0].tile_count, kept);
}

TEST(no_tile_left_is_told_by_name) {
  Scene scene(1);
  ScoreRequest request = test::means_request();
  request.select = {{.kind = SelectRule::Kind::Filter, .input = 0, .by = {.encoder = 0}, .min = 1000.0}};
  CHECK_THROWS(NO_TISSUE, (void)scene.score(request));
}

TEST(what_is_no_program_is_refused) {
  Scene scene(1);
  ScoreRequest request = test::means_request();
  request.encoders[0].graph = 1;
  CHECK_THROWS(INVALID_OPTION, (void)scene.score(request));
  request = test::means_request();
  request.heads[0].how = SimpleHead{.of = {.encoder = 3}, .head = {}};
  CHECK_THROWS(INVALID_OPTION, (void)scene.score(request));
  request = test::means_request();
  request.stopping = StoppingRequest{};
  request.select = {{.kind = SelectRule::Kind::Filter, .input = 0, .by = {.encoder = 0}, .min = 0.0}};
  CHECK_THROWS(INVALID_OPTION, (void)scene.score(request));
}

}  // namespace

TEST_MAIN
