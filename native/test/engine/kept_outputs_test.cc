// What is kept of an encoder's rows, and which rows are refused.
#include "engine/kept_outputs.h"

#include <string>

#include "test/check.h"

namespace {

using namespace microtome;
using namespace microtome::engine;

constexpr std::int64_t kItems = 4;

struct Scene {
  MemoryBudget budget{1 << 20};
  EncoderRequest encoder;
  KeptOutputs kept;

  explicit Scene(OutputUse use) : encoder(named()), kept(encoder, {std::move(use)}, kItems, 0, budget) {}

  static EncoderRequest named() {
    EncoderRequest encoder;
    encoder.name = "net";
    encoder.outputs = {{.name = "row"}};
    return encoder;
  }
  void give(std::vector<std::uint32_t> items, std::vector<double> values) { kept.rows(0, items, values); }
};

OutputUse use_of(std::set<std::size_t> columns, bool rows, bool features) {
  OutputUse use;
  use.columns = std::move(columns);
  use.rows = rows;
  use.features = features;
  return use;
}

TEST(rows_lie_where_their_tiles_are) {
  Scene scene(use_of({1}, true, true));
  scene.give({2, 0}, {20, 21, 0, 1});
  scene.give({1, 3}, {10, 11, 30, 31});
  const auto column = scene.kept.column(0, 1, "a head");
  CHECK(std::vector<double>(column.begin(), column.end()) == (std::vector<double>{1, 11, 21, 31}));
  const auto features = scene.kept.features(0);
  CHECK(std::vector<float>(features.begin(), features.end()) == (std::vector<float>{0, 1, 10, 11, 20, 21, 30, 31}));
  const LargeDoubles rows = scene.kept.take_all(0);
  CHECK_EQ(rows[5], 21);
  CHECK_EQ(scene.budget.peak(), kItems * (8 + 2 * 8 + 2 * 4));
}

TEST(a_row_length_that_changes_is_refused_by_name) {
  Scene scene(use_of({}, false, true));
  scene.give({0}, {1, 2, 3});
  try {
    scene.give({1}, {1, 2});
    CHECK(false);
  } catch (const Error& error) {
    CHECK(error.code() == Code::OUTPUT_SHAPE);
    CHECK(error.found().find("\"row\"") != std::string::npos);
    CHECK(error.found().find("3 values, then 2") != std::string::npos);
  }
}

TEST(a_column_that_there_is_not_is_refused) {
  Scene scene(use_of({2}, false, false));
  scene.give({0, 1, 2, 3}, {1, 2, 3, 4});
  CHECK_THROWS(OUTPUT_SHAPE, (void)scene.kept.column(0, 2, "head \"top\""));
}

TEST(features_that_float32_does_not_hold_are_refused) {
  Scene scene(use_of({}, false, true));
  CHECK_THROWS(OUTPUT_NOT_FINITE, scene.give({0}, {1e39}));
}

TEST(rows_that_do_not_fit_are_refused) {
  Scene scene(use_of({}, true, false));
  CHECK_THROWS(LIMIT_EXCEEDED, scene.give({0}, std::vector<double>(100'000)));
}

}  // namespace

TEST_MAIN
