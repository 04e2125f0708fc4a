// A graph over a bag: inputs of every rank and type, outputs by name, and what is refused.
#include "infer/head_graph.h"

#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <thread>

#include "core/large_memory.h"
#include "test/check.h"
#include "test/support/models.h"

using namespace microtome;
using namespace microtome::infer;
using test::onnx::attribute;
using test::onnx::Graph;
using test::onnx::Side;
using test::onnx::Type;

namespace {

using Ints = std::vector<std::int64_t>;

const test::TemporaryFolder& folder() {
  static const test::TemporaryFolder one;
  return one;
}

bool skipped(const char* name) {
  if (!test::ort_library().empty()) return false;
  std::printf("skipped: %s\n", name);
  return true;
}

std::shared_ptr<HeadGraph> load(const Graph& graph) {
  return HeadGraph::load({.graph = {.path = folder().write("head.onnx", graph.model()), .sha256 = ""}, .weights = {}},
                         {});
}

// Gives its input back as it is.
std::shared_ptr<HeadGraph> echo(Type type, const std::vector<Side>& shape) {
  return load(Graph().input("in", type, shape).node("Identity", {"in"}, {"out"}).output("out", type, shape));
}

HeadInput floats(const std::string& tensor, std::span<const float> values, std::int64_t rows) {
  return {tensor, values, rows, static_cast<std::int64_t>(values.size()) / rows};
}
HeadInput doubles(const std::string& tensor, std::span<const double> values, std::int64_t rows) {
  return {tensor, values, rows, static_cast<std::int64_t>(values.size()) / rows};
}

std::vector<HeadValues> run(const HeadGraph& graph, const std::vector<HeadInput>& inputs,
                            const std::vector<HeadOutput>& outputs, std::int64_t tiles) {
  CancelToken cancel;
  return graph.run(inputs, outputs, tiles, cancel);
}

std::string message_of(const HeadGraph& graph, const HeadInput& input, const HeadOutput& output, std::int64_t tiles) {
  try {
    (void)run(graph, {input}, {output}, tiles);
  } catch (const Error& error) {
    return std::string(code_name(error.code())) + ": " + error.message();
  }
  return "nothing was thrown";
}

bool has(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return true;
  std::printf("%s\n", text.c_str());
  return false;
}

}  // namespace

// Attention: scores = features w, weights = softmax over the tiles, pooled = weights^T features, then two extra
// columns.
TEST(attention_over_features_with_clinical_values_and_a_value_per_tile) {
  if (skipped("attention")) return;
  const auto head = load(Graph()
                             .input("features", Type::Float, {1, "n", 3})
                             .input("clinical", Type::Float, {1, 2})
                             .constant("w", Type::Float, {3, 1}, std::vector<float>{1, 0, 0})
                             .node("MatMul", {"features", "w"}, {"scores"})
                             .node("Softmax", {"scores"}, {"attention"}, {attribute("axis", 1)})
                             .node("Mul", {"features", "attention"}, {"weighted"})
                             .constant("axis", Type::Int64, {1}, std::vector<std::int64_t>{1})
                             .node("ReduceSum", {"weighted", "axis"}, {"pooled"}, {attribute("keepdims", 0)})
                             .node("Concat", {"pooled", "clinical"}, {"slide"}, {attribute("axis", 1)})
                             .output("slide", Type::Float, {1, 5})
                             .output("attention", Type::Float, {1, "n", 1}));
  const std::vector<float> features{0, 1, 10, 0, 2, 20, 0, 3, 30, 0, 6, 60};
  const std::vector<double> clinical{61, 1};
  const auto out = run(*head, {doubles("clinical", clinical, 1), floats("features", features, 4)},
                       {{.tensor = "attention", .per_tile = true}, {.tensor = "slide", .columns = 5}}, 4);
  CHECK((out[0].shape == Ints{1, 4, 1}));
  CHECK((out[0].values == std::vector<double>{0.25, 0.25, 0.25, 0.25}));
  CHECK((out[1].shape == Ints{1, 5}));
  CHECK((out[1].values == std::vector<double>{0, 3, 30, 61, 1}));
}

TEST(values_take_the_type_and_the_rank_of_the_graph) {
  if (skipped("values_take_the_type")) return;
  const std::vector<double> values{1, -2, 3};
  const std::vector<float> same{1, -2, 3};
  for (const Type type : {Type::Float, Type::Float16, Type::Double, Type::Int64, Type{6}})
    for (const std::vector<Side>& shape :
         {std::vector<Side>{"c"}, std::vector<Side>{3}, {1, "c"}, {"n", 3}, {"b", "n", "c"}, {1, 1, 3}}) {
      const auto graph = echo(type, shape);
      for (const HeadInput& input : {doubles("in", values, 1), floats("in", same, 1)}) {
        const auto out = run(*graph, {input}, {{.tensor = "out", .columns = 3}}, 7);
        CHECK((out[0].values == values));
        CHECK_EQ(out[0].shape.size(), shape.size());
      }
    }
  // One value for each tile, as [N] and as [N, 1] where it comes so.
  CHECK(
      (run(*echo(Type::Float, {"n"}), {doubles("in", values, 3)}, {{.tensor = "out", .per_tile = true}}, 3)[0].shape ==
       Ints{3}));
  CHECK((run(*echo(Type::Float, {"n", 1}), {doubles("in", values, 3)}, {{.tensor = "out", .per_tile = true}}, 3)[0]
             .shape == Ints{3, 1}));
}

TEST(a_picture_keeps_its_shape_and_type) {
  if (skipped("a_picture_keeps_its_shape_and_type")) return;
  const std::vector<Side> shape = {Side(1), Side(3), Side("h"), Side("w")};
  const auto graph = load(Graph()
                              .input("in", Type::Float, shape)
                              .node("ReduceMean", {"in"}, {"mean"}, {attribute("keepdims", 0)})
                              .output("mean", Type::Float, {}));
  LargeFloats pixels(3 * 4 * 5, 2.0f);
  pixels[7] = 62;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(pixels.data());
  const auto given = [&](const std::string& type, std::vector<std::int64_t> sides) {
    return HeadInput{"in", PictureTensor{{bytes, 4 * pixels.size()}, type, std::move(sides)}, 1, 1};
  };
  const auto values = run(*graph, {given("float32", {1, 3, 4, 5})}, {{"mean", false, 1}}, 1);
  CHECK_EQ(values[0].values[0], 3.0);
  CHECK_THROWS(MODEL_MISMATCH, (void)run(*graph, {given("float32", {1, 4, 5, 3})}, {{"mean", false, 1}}, 1));
  CHECK_THROWS(MODEL_MISMATCH, (void)run(*graph, {given("uint8", {1, 3, 4, 5})}, {{"mean", false, 1}}, 1));
}

TEST(only_what_has_another_type_or_address_is_copied) {
  if (skipped("only_what_has_another_type")) return;
  std::vector<float, LargeAllocator<float>> values(4097, 1);
  const std::vector<double> others(4096, 1);
  const auto graph = echo(Type::Float, {"n", "c"});
  const auto copied = [&](const HeadInput& input) { return graph->copied_bytes(std::vector<HeadInput>{input}); };
  CHECK_EQ(copied(floats("in", std::span(values).first(4096), 64)), 0);
  CHECK_EQ(copied(floats("in", std::span(values).last(4096), 64)), 4 * 4096);
  CHECK_EQ(copied(doubles("in", others, 64)), 4 * 4096);
}

TEST(a_value_that_the_type_cannot_hold_is_refused) {
  if (skipped("a_value_that_the_type_cannot_hold")) return;
  const HeadOutput out{.tensor = "out"};
  const auto refused = [&](Type type, double value, const char* name) {
    const auto text = message_of(*echo(type, {"n"}), doubles("in", std::span(&value, 1), 1), out, 1);
    CHECK(has(text, "MODEL_MISMATCH"));
    CHECK(has(text, std::string("in is ") + name + ", which cannot hold " + std::to_string(value)));
  };
  refused(Type::Int64, 0.5, "int64");
  refused(Type::Int64, std::nan(""), "int64");
  refused(Type::Int64, 0x1p63, "int64");
  refused(Type{6}, 0x1p31, "int32");
  refused(Type::Float16, 65536, "float16");
  refused(Type::Float, 1e300, "float32");
  const double lowest = -0x1p31;
  CHECK((run(*echo(Type{6}, {"n"}), {doubles("in", std::span(&lowest, 1), 1)}, {out}, 1)[0].values[0] == lowest));
}

TEST(inputs_that_do_not_fit_are_refused_and_both_sides_named) {
  if (skipped("inputs_that_do_not_fit")) return;
  const std::vector<float> values(6, 1);
  const HeadOutput out{.tensor = "out"};
  const auto refused = [&](const std::vector<Side>& shape, const HeadInput& input, const std::string& text) {
    const auto message = message_of(*echo(Type::Float, shape), input, out, 2);
    CHECK(has(message, "MODEL_MISMATCH"));
    CHECK(has(message, text));
  };
  refused({"n", 4}, floats("in", values, 2), "in is [?, 4], the model gives it [2, 3]");
  refused({1, "n", 2}, floats("in", values, 2), "in is [1, ?, 2], the model gives it [1, 2, 3]");
  refused({2, "n", 3}, floats("in", values, 2), "in is [2, ?, 3], the model gives it [1, 2, 3]");
  refused({"n"}, floats("in", values, 2), "in is [?], the model gives it 2 rows of 3 values");
  refused({"a", "b", "c", "d"}, floats("in", values, 2), "in is [?, ?, ?, ?]");
  refused({"n", "c"}, floats("no", values, 2), "has no input no, it has: in");
  refused({"n", "c"}, HeadInput{"in", std::span(values).first(0), 0, 3}, "is empty");
  const auto bytes = echo(Type::Uint8, {"n", "c"});
  CHECK(has(message_of(*bytes, floats("in", values, 2), out, 2), "in is uint8, a head gives float32"));

  const auto graph = echo(Type::Float, {"n", "c"});
  const HeadInput good = floats("in", values, 2);
  CHECK_THROWS(MODEL_MISMATCH, (void)run(*graph, {good, good}, {out}, 2));
  CHECK_THROWS(MODEL_MISMATCH, (void)run(*graph, {}, {out}, 2));
  CHECK_THROWS(MODEL_MISMATCH, (void)run(*graph, {good}, {{.tensor = "nothing"}}, 2));
  CHECK_THROWS(MODEL_MISMATCH, (void)run(*graph, {good}, {out, out}, 2));
  CHECK_THROWS(NO_TISSUE, (void)run(*graph, {good}, {out}, 0));
  CHECK_THROWS(INTERNAL, (void)run(*graph, {HeadInput{"in", std::span(values), 2, 4}}, {out}, 2));
}

TEST(outputs_of_another_length_are_refused_and_both_sides_named) {
  if (skipped("outputs_of_another_length")) return;
  const std::vector<float> values(6, 1);
  const auto graph = echo(Type::Float, {"n", "c"});
  const auto message = [&](std::int64_t rows, const HeadOutput& output, std::int64_t tiles) {
    return message_of(*graph, floats("in", values, rows), output, tiles);
  };
  CHECK(has(message(6, {.tensor = "out", .per_tile = true}, 5),
            "OUTPUT_SHAPE: the output out is [6, 1], one value for each of 5 tiles was expected"));
  CHECK(has(message(3, {.tensor = "out", .per_tile = true}, 3), "OUTPUT_SHAPE: the output out is [3, 2]"));
  CHECK(has(message(1, {.tensor = "out", .columns = 5}, 3),
            "OUTPUT_SHAPE: the output out is [1, 6], one row of 5 values was expected"));
  CHECK(has(message(6, {.tensor = "out", .columns = 6}, 3), "OUTPUT_SHAPE: the output out is [6, 1]"));
  CHECK(has(message(2, {.tensor = "out"}, 3), "OUTPUT_SHAPE: the output out is [2, 3], one row of 1 to a million"));
}

TEST(an_output_that_is_not_finite_is_refused) {
  if (skipped("an_output_that_is_not_finite")) return;
  const std::vector<float> values{1, std::numeric_limits<float>::quiet_NaN()};
  const auto graph = echo(Type::Float, {"n"});
  CHECK(has(message_of(*graph, floats("in", values, 1), {.tensor = "out", .columns = 2}, 1),
            "OUTPUT_NOT_FINITE: the output out of a head is NaN at column 1"));
  CHECK(has(message_of(*graph, floats("in", values, 2), {.tensor = "out", .per_tile = true}, 2), "NaN at tile 1"));
}

TEST(any_thread_gives_the_same_bits_at_any_address) {
  if (skipped("any_thread_gives_the_same_bits")) return;
  const auto graph = load(Graph()
                              .input("in", Type::Float, {"n", "c"})
                              .node("ReduceMean", {"in"}, {"out"}, {attribute("keepdims", 0)})
                              .output("out", Type::Float, {}));
  std::vector<float> values(33 * 31);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 1.0f / static_cast<float>(i + 1);
  const auto expected = run(*graph, {floats("in", values, 33)}, {{.tensor = "out"}}, 33)[0].values;
  std::vector<int> wrong(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < wrong.size(); ++t)
    threads.emplace_back([&, t] {
      for (std::size_t shift = 0; shift < 16; ++shift) {
        std::vector<float> moved(shift, 0);
        moved.insert(moved.end(), values.begin(), values.end());
        const auto out = run(*graph, {floats("in", std::span(moved).subspan(shift), 33)}, {{.tensor = "out"}}, 33);
        if (out[0].values != expected) ++wrong[t];
      }
    });
  for (auto& thread : threads) thread.join();
  for (const int count : wrong) CHECK_EQ(count, 0);
}

TEST(a_running_head_is_terminated) {
  if (skipped("a_running_head_is_terminated")) return;
  const auto graph = HeadGraph::load(
      {.graph = {.path = folder().write("endless.onnx", test::models::endless_over("in")), .sha256 = ""},
       .weights = {}},
      {});
  const std::vector<float> values(3, 1);
  CancelToken cancel;
  std::thread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    cancel.cancel();
  });
  const std::vector<HeadInput> inputs{floats("in", values, 1)};
  const std::vector<HeadOutput> outputs{{.tensor = "result"}};
  CHECK_THROWS(CANCELLED, (void)graph->run(inputs, outputs, 1, cancel));
  canceller.join();
  CHECK_THROWS(CANCELLED, (void)graph->run(inputs, outputs, 1, cancel));  // before it starts
}

TEST(files_are_checked_as_those_of_a_model) {
  if (skipped("files_are_checked")) return;
  const std::string path = folder().write("checked.onnx", test::models::channel_means("n", 8));
  CHECK_THROWS(MODEL_INVALID,
               (void)HeadGraph::load({.graph = {.path = path, .sha256 = std::string(64, '0')}, .weights = {}}, {}));
  CHECK_THROWS(FILE_NOT_FOUND, (void)HeadGraph::load({.graph = {.path = path + "x", .sha256 = ""}, .weights = {}}, {}));
  SessionOptions options;
  options.device = "cuda";
  CHECK_THROWS(DEVICE_UNAVAILABLE,
               (void)HeadGraph::load({.graph = {.path = path, .sha256 = ""}, .weights = {}}, options));
}

int main() {
  set_runtime_path(test::ort_library());
  return test::run_tests();
}
