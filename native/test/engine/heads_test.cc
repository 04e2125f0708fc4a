// Heads that are graphs: what they get of a slide, in which order, and where their values go. Images, turns, colours.
#include <cmath>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "test/check.h"
#include "test/support/fake_head.h"
#include "test/support/means_scene.h"

namespace {

using namespace microtome;
using namespace microtome::engine;
using test::head;
using test::Inputs;
using test::Scene;

constexpr std::int64_t kSide = test::kSceneSide;
constexpr std::int64_t kTilePx = test::kScoredTilePx;

HeadRequest asked(std::string name, std::size_t graph, std::vector<HeadInputRequest> inputs,
                  std::vector<HeadOutputRequest> outputs) {
  return {std::move(name), GraphHead{.graph = graph,
                                     .inputs = std::move(inputs),
                                     .turns = {preprocess::Turn::Identity},
                                     .outputs = std::move(outputs)}};
}

double red_of(std::int64_t tile) { return test::colour_of(7, tile % kSide, tile / kSide, 0); }

TEST(a_graph_gets_features_places_clinical_values_and_earlier_heads) {
  for (const int threads : {1, 3}) {
    Inputs seen;
    Scene scene(1, threads, {head([&seen](const Inputs& inputs, std::int64_t tiles) {
                  seen = inputs;
                  std::vector<double> attention;
                  for (std::int64_t i = 0; i < tiles; ++i) attention.push_back(static_cast<double>(i));
                  return std::vector<std::vector<double>>{{0.25, 0.5}, attention};
                })});
    ScoreRequest request = test::means_request();
    request.heads.push_back(asked("bag", 0,
                                  {{"features", Features{0, 0}},
                                   {"places", Coordinates{0, Coordinates::Unit::Grid, false}},
                                   {"level0", Coordinates{0, Coordinates::Unit::Level0Px, true}},
                                   {"clinical", std::vector<double>{3, -1}},
                                   {"red", HeadRow{0, 0}}},
                                  {{.tensor = "row", .columns = 2}, {.tensor = "attention", .per_tile = true}}));
    request.slide_outputs = {{.name = "second", .of = {{.head = 1, .column = 1}}, .calibration = {}, .clip = {}},
                             {.name = "red", .of = {{.head = 0}}, .calibration = {}, .clip = {}}};
    const ScoreResult result = scene.score(request);
    CHECK_EQ(result.slide_outputs[0].value, 0.5);
    CHECK_EQ(result.heads[1].outputs[0][0], 0.25);
    CHECK(result.heads[1].outputs[1].empty());
    CHECK_EQ(seen["features"].rows, kSide * kSide);
    CHECK_EQ(seen["features"].columns, 3);
    CHECK(std::abs(seen["features"].values[3 * 17] - red_of(17)) < 1e-3);
    CHECK_EQ(seen["places"].values[2 * 17], 1);  // row, then column
    CHECK_EQ(seen["places"].values[2 * 17 + 1], 5);
    CHECK_EQ(seen["level0"].values[2 * 17], 5 * kTilePx);
    CHECK(seen["clinical"].values == (std::vector<double>{3, -1}));
    CHECK_EQ(seen["red"].values[0], result.slide_outputs[1].value);
    CHECK_EQ(result.tables[0].heads.size(), 1u);
    CHECK_EQ(result.tables[0].heads[0].head, 1u);
    CHECK_EQ(result.tables[0].heads[0].values[17], 17);
  }
}

TEST(a_graph_gets_the_tiles_that_selection_leaves) {
  Inputs seen;
  std::int64_t tiles_seen = 0;
  Scene scene(2, 2, {head([&](const Inputs& inputs, std::int64_t tiles) {
                seen = inputs;
                tiles_seen = tiles;
                return std::vector<std::vector<double>>{{1}};
              })});
  ScoreRequest request = test::means_request();
  EncoderRequest costly = request.encoders.front();
  costly.graph = 1;
  request.encoders.push_back(costly);
  request.select = {{.kind = SelectRule::Kind::Highest, .input = 0, .by = {.encoder = 0}, .count = 10}};
  request.heads = {asked("bag", 0,
                         {{"cheap", Features{0, 0}},
                          {"costly", Features{1, 0}},
                          {"places", Coordinates{0, Coordinates::Unit::Grid, true}}},
                         {{.tensor = "row"}})};
  (void)scene.score(request);
  CHECK_EQ(tiles_seen, 10);
  CHECK_EQ(seen["cheap"].rows, 10);
  CHECK(seen["cheap"].values == seen["costly"].values);
  for (std::size_t i = 0; i < 10; ++i) {
    const auto tile =
        static_cast<std::int64_t>(seen["places"].values[2 * i] + kSide * seen["places"].values[2 * i + 1]);
    CHECK(std::abs(seen["costly"].values[3 * i] - red_of(tile)) < 1e-3);
  }
}

preprocess::TensorFormat plain() {
  preprocess::TensorFormat format;
  format.scale = 1;
  return format;
}

TEST(a_model_may_see_nothing_but_an_image) {
  std::vector<Inputs> seen;
  Scene scene(0, 2, {head([&seen](const Inputs& inputs, std::int64_t tiles) {
                seen.push_back(inputs);
                CHECK_EQ(tiles, 1);
                return std::vector<std::vector<double>>{{inputs.at("pixels").values.front()}};
              })});
  ScoreRequest request;
  decode::SlideImageRequest image;
  image.fit = decode::SlideImageRequest::Fit::Stretch;
  image.width_px = 2 * kSide;
  image.height_px = kSide;
  request.images = {image};
  HeadRequest whole = asked("whole", 0, {{"pixels", WholeImage{0, plain()}}}, {{.tensor = "row"}});
  std::get<GraphHead>(whole.how).turns = {preprocess::Turn::Identity, preprocess::Turn::Rotate90};
  request.heads = {whole};
  request.slide_outputs = {{.name = "score", .of = {{}}, .calibration = {}, .clip = {}}};
  const ScoreResult result = scene.score(request);
  CHECK_EQ(seen.size(), 2u);
  CHECK(seen[0]["pixels"].shape == (std::vector<std::int64_t>{1, 3, kSide, 2 * kSide}));
  CHECK(seen[1]["pixels"].shape == (std::vector<std::int64_t>{1, 3, 2 * kSide, kSide}));
  CHECK_EQ(seen[0]["pixels"].values.front(), red_of(0));
  CHECK_EQ(seen[1]["pixels"].values.front(), red_of(kSide * (kSide - 1)));  // clockwise: the lower left comes first
  CHECK_EQ(result.slide_outputs[0].value, (red_of(0) + red_of(kSide * (kSide - 1))) / 2);
  CHECK(result.tables.empty());
}

TEST(a_model_may_see_nothing_but_clinical_values) {
  Scene scene(0, 2, {head([](const Inputs& inputs, std::int64_t) {
                return std::vector<std::vector<double>>{{inputs.at("clinical").values[1]}};
              })});
  ScoreRequest request = test::means_request();
  request.encoders.clear();
  request.heads = {asked("table", 0, {{"clinical", std::vector<double>{3, 0.25}}}, {{.tensor = "row"}})};
  const ScoreResult result = scene.score(request);
  CHECK_EQ(result.slide_outputs[0].value, 0.25);
  CHECK_EQ(result.stored.decoded, 0);
}

TEST(a_turned_tile_counts_once_for_each_turn) {
  Scene scene(1);
  ScoreRequest request = test::means_request();
  const ScoreResult once = scene.score(request);
  scene.rows[0]->store(0);
  request.encoders[0].turns = {preprocess::Turn::Identity, preprocess::Turn::FlipX, preprocess::Turn::Rotate90};
  const ScoreResult thrice = scene.score(request);
  CHECK_EQ(scene.rows[0]->load(), 3 * kSide * kSide);
  // A tile of one colour looks the same from every side.
  const auto& [a, b] = std::tie(once.tables[0].outputs[0].values, thrice.tables[0].outputs[0].values);
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(std::abs(a[i] - b[i]) < 1e-9);
}

// Two stains in changing amounts: without them there is nothing to fit.
std::shared_ptr<test::FakeSlide> stained_slide() {
  auto slide = std::make_shared<test::FakeSlide>();
  slide->add_level(4 * kTilePx, 4 * kTilePx, kTilePx);
  unsigned state = 1;
  const auto draw = [&state] { return static_cast<double>((state = state * 1664525u + 1013904223u) >> 16) / 65536; };
  for (std::int64_t row = 0; row < 4; ++row)
    for (std::int64_t column = 0; column < 4; ++column) {
      std::vector<std::uint8_t> bytes;
      for (std::int64_t i = 0; i < kTilePx * kTilePx; ++i) {
        const double h = 0.3 + draw();
        const double e = 0.3 + draw();
        for (const double density : {0.65 * h + 0.07 * e, 0.70 * h + 0.99 * e, 0.29 * h + 0.11 * e})
          bytes.push_back(static_cast<std::uint8_t>(240 * std::exp(-density)));
      }
      slide->set_tile(0, column, row, bytes);
    }
  return slide;
}

ScoreResult score_on(Scene& scene, const ScoreRequest& request) {
  auto outcome = test::start_scoring(*scene.engine, stained_slide(), request).outcome.get();
  if (const auto* failure = std::get_if<std::exception_ptr>(&outcome)) std::rethrow_exception(*failure);
  return std::get<ScoreResult>(std::move(outcome));
}

// A grid whose stride is no whole number of pixels of the level.
TEST(places_in_the_grid_are_whole_numbers) {
  std::vector<double> places;
  Scene scene(1, 2, {head([&places](const Inputs& inputs, std::int64_t) {
                places = inputs.at("places").values;
                return std::vector<std::vector<double>>{{0}};
              })});
  ScoreRequest request = test::means_request();
  request.tiles[0].level.reset();
  request.tiles[0].mpp = 0.61;
  request.tiles[0].slide_mpp = 0.5;
  request.heads = {asked("bag", 0, {{"places", Coordinates{0, Coordinates::Unit::Grid, true}}}, {{.tensor = "row"}})};
  (void)scene.score(request);
  CHECK(places.size() > 100);
  for (const double place : places) CHECK_EQ(place, std::nearbyint(place));
  CHECK_EQ(places[0], 0);
  CHECK_EQ(places[2], 1);
  CHECK_EQ(*std::max_element(places.begin(), places.end()), std::floor(kSide * kTilePx / (kTilePx * 1.22)));
}

TEST(the_background_of_an_image_keeps_its_colour) {
  std::vector<double> pixels;
  Scene scene(1, 2, {head([&pixels](const Inputs& inputs, std::int64_t) {
                pixels = inputs.at("pixels").values;
                return std::vector<std::vector<double>>{{0}};
              })});
  ScoreRequest request = test::means_request();
  decode::SlideImageRequest image;
  image.fit = decode::SlideImageRequest::Fit::Contain;
  image.width_px = 40;
  image.height_px = 20;
  image.background = {1, 2, 3};
  request.images = {image};
  request.colour.stain = preprocess::ReinhardFit{.mean = {90, 5, -5}, .std = {2, 1, 1}};
  request.heads = {asked("whole", 0, {{"pixels", WholeImage{0, plain()}}}, {{.tensor = "row"}})};
  (void)score_on(scene, request);
  CHECK_EQ(pixels.front(), 1);
  CHECK_EQ(pixels[800], 2);
  CHECK(pixels[10 * 40 + 20] > 100);
}

TEST(stains_become_those_of_the_reference) {
  Scene scene(1);
  ScoreRequest request = test::means_request();
  const double plain_red = score_on(scene, request).slide_outputs[0].value;
  preprocess::ReinhardFit reference{.mean = {90, 5, -5}, .std = {2, 1, 1}};
  request.colour.stain = reference;
  const double light_red = score_on(scene, request).slide_outputs[0].value;
  CHECK(light_red > plain_red + 20);
  CHECK_EQ(score_on(scene, request).slide_outputs[0].value, light_red);  // the same bits again
  CHECK(scene.score(test::means_request()).warnings.empty());
}

TEST(a_slide_without_a_profile_is_told_of) {
  Scene scene(1);
  ScoreRequest request = test::means_request();
  request.colour.icc = true;
  const ScoreResult result = scene.score(request);
  CHECK_EQ(result.warnings.size(), 1u);
  CHECK(result.warnings[0].find("no ICC profile") != std::string::npos);
  CHECK(result.tables[0].outputs[0].values == scene.score(test::means_request()).tables[0].outputs[0].values);
}

TEST(an_error_of_a_head_names_it) {
  Scene scene(1, 2, {head([](const Inputs&, std::int64_t) -> std::vector<std::vector<double>> {
                throw Error(Code::OUTPUT_SHAPE, Stage::Infer, "two rows");
              })});
  ScoreRequest request = test::means_request();
  request.heads = {asked("bag", 0, {{"features", Features{0, 0}}}, {{.tensor = "row"}})};
  try {
    (void)scene.score(request);
    CHECK(false);
  } catch (const Error& error) {
    CHECK(error.code() == Code::OUTPUT_SHAPE);
    CHECK(error.found().find("head \"bag\": two rows") != std::string::npos);
  }
}

TEST(what_is_no_program_of_heads_is_refused) {
  const auto nothing = [](const Inputs&, std::int64_t) { return std::vector<std::vector<double>>{{0}}; };
  Scene scene(1, 2, {head(nothing)});
  const auto refused = [&](HeadRequest head_request) {
    ScoreRequest request = test::means_request();
    request.heads.push_back(std::move(head_request));
    CHECK_THROWS(INVALID_OPTION, (void)scene.score(request));
  };
  refused(asked("h", 1, {{"features", Features{0, 0}}}, {{.tensor = "row"}}));
  refused(asked("h", 0, {{"features", Features{1, 0}}}, {{.tensor = "row"}}));
  refused(asked("h", 0, {{"places", Coordinates{1}}}, {{.tensor = "row"}}));
  refused(asked("h", 0, {{"pixels", WholeImage{0, plain()}}}, {{.tensor = "row"}}));
  refused(asked("h", 0, {{"row", HeadRow{1, 0}}}, {{.tensor = "row"}}));
  refused(asked("h", 0, {{"row", HeadRow{0, 1}}}, {{.tensor = "row"}}));
  refused(asked("h", 0, {{"row", HeadRow{0, 0}}}, {{.tensor = "row", .per_tile = true}}));
  refused(asked("h", 0, {}, {{.tensor = "row"}}));
  ScoreRequest request = test::means_request();
  request.slide_outputs[0].of[0].column = 1;
  CHECK_THROWS(INVALID_OPTION, (void)scene.score(request));
}

}  // namespace

TEST_MAIN
