// Small models, each for one thing that a run can meet, and a temporary folder to keep them in.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "test/support/onnx_writer.h"

namespace microtome::test {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "microtome-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data()) == nullptr ? "" : pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  std::string write(const std::string& name, std::string_view content) const {
    onnx::write_file(path_ + "/" + name, content);
    return path_ + "/" + name;
  }

 private:
  std::string path_;
};

// The address sanitizer ends the process where an allocation should have failed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kAllocationFailureAborts = true;
#else
inline constexpr bool kAllocationFailureAborts = false;
#endif

// The library that the tests run with; empty: they say "skipped".
inline std::string ort_library() {
  const char* path = std::getenv("MICROTOME_ORT_LIBRARY");
  return path == nullptr ? "" : path;
}

namespace models {

using onnx::attribute;
using onnx::Graph;
using onnx::Side;
using onnx::Type;

// [N, 3, S, S] to the mean of each channel.
inline std::string channel_means(const Side& batch, const Side& side) {
  return Graph()
      .input("tiles", Type::Float, {batch, 3, side, side})
      .node("GlobalAveragePool", {"tiles"}, {"pooled"})
      .node("Flatten", {"pooled"}, {"means"})
      .output("means", Type::Float, {batch, 3})
      .model();
}

inline std::string identity(Type type) {
  return Graph()
      .input("tiles", type, {"n", "c", "h", "w"})
      .node("Identity", {"tiles"}, {"same"})
      .output("same", type, {"n", "c", "h", "w"})
      .model();
}

// Half precision in and out, single inside.
inline std::string half_means() {
  return Graph()
      .input("tiles", Type::Float16, {"n", 3, "h", "w"})
      .node("Cast", {"tiles"}, {"wide"}, {attribute("to", 1)})
      .node("GlobalAveragePool", {"wide"}, {"pooled"})
      .node("Flatten", {"pooled"}, {"flat"})
      .node("Cast", {"flat"}, {"means"}, {attribute("to", 10)})
      .output("means", Type::Float16, {"n", 3})
      .model();
}

// Bytes in NHWC order to the sum of each channel, as single, double and 64-bit integer, and a comparison.
inline std::string byte_sums() {
  return Graph()
      .input("tiles", Type::Uint8, {"n", "h", "w", 3})
      .node("Cast", {"tiles"}, {"wide"}, {attribute("to", 1)})
      .node("ReduceMean", {"wide"}, {"sums"},
            {attribute("axes", std::vector<std::int64_t>{1, 2}), attribute("keepdims", 0)})
      .node("Cast", {"sums"}, {"doubles"}, {attribute("to", 11)})
      .node("ArgMax", {"sums"}, {"largest"}, {attribute("axis", 1), attribute("keepdims", 0)})
      .constant("limit", Type::Float, {1}, std::vector<float>{100})
      .node("Greater", {"sums", "limit"}, {"above"})
      .output("sums", Type::Float, {"n", 3})
      .output("doubles", Type::Double, {"n", 3})
      .output("largest", Type::Int64, {"n"})
      .output("above", Type::Bool, {"n", 3})
      .model();
}

// Means over all of the pixels by a reduction whose vector boundaries depend on the address of its input.
inline std::string tile_means() {
  return Graph()
      .input("tiles", Type::Float, {"n", 3, "h", "w"})
      .node("ReduceMean", {"tiles"}, {"means"},
            {attribute("axes", std::vector<std::int64_t>{1, 2, 3}), attribute("keepdims", 0)})
      .output("means", Type::Float, {"n"})
      .model();
}

// 0 / 0 in every value.
inline std::string not_a_number() {
  return Graph()
      .input("tiles", Type::Float, {"n", 3, "h", "w"})
      .node("GlobalAveragePool", {"tiles"}, {"pooled"})
      .node("Flatten", {"pooled"}, {"flat"})
      .node("Sub", {"flat", "flat"}, {"zero"})
      .node("Div", {"zero", "zero"}, {"nan"})
      .output("nan", Type::Float, {"n", 3})
      .model();
}

// One output that has the wrong shape in each way: no rows, columns first, tiles joined, no values.
inline std::string wrong_shapes() {
  return Graph()
      .input("tiles", Type::Float, {"n", 3, 8, 8})
      .node("ReduceMean", {"tiles"}, {"scalar"}, {attribute("keepdims", 0)})
      .node("GlobalAveragePool", {"tiles"}, {"pooled"})
      .node("Flatten", {"pooled"}, {"flat"})
      .node("Transpose", {"flat"}, {"columns"})
      .node("Concat", {"flat", "flat"}, {"twice"}, {attribute("axis", 0)})
      .constant("zero", Type::Int64, {1}, std::vector<std::int64_t>{0})
      .constant("one", Type::Int64, {1}, std::vector<std::int64_t>{1})
      .node("Slice", {"flat", "zero", "zero", "one"}, {"nothing"})
      .output("scalar", Type::Float, {})
      .output("columns", Type::Float, {3, "n"})
      .output("twice", Type::Float, {"m", 3})
      .output("nothing", Type::Float, {"n", 0})
      .model();
}

// Each tile becomes `values` values, all the tile's mean.
inline Graph expansion(std::int64_t values) {
  return Graph()
      .input("tiles", Type::Float, {"n", 3, 8, 8})
      .node("ReduceMean", {"tiles"}, {"tile_mean"},
            {attribute("axes", std::vector<std::int64_t>{1, 2, 3}), attribute("keepdims", 0)})
      .constant("one", Type::Int64, {1}, std::vector<std::int64_t>{1})
      .node("Unsqueeze", {"tile_mean", "one"}, {"column"})
      .constant("shape", Type::Int64, {2}, std::vector<std::int64_t>{1, values})
      .node("Expand", {"column", "shape"}, {"wide"});
}
inline std::string expanded(std::int64_t values) {
  return expansion(values).output("wide", Type::Float, {"n", "values"}).model();
}

// 64 TiB in between.
inline std::string much_memory() {
  return expansion(std::int64_t{1} << 44)
      .node("ReduceMax", {"wide"}, {"mean"}, {attribute("axes", std::vector<std::int64_t>{1})})
      .output("mean", Type::Float, {"n", 1})
      .model();
}

// Counts to 2^40 in a loop: hours. Adds to rows of three.
inline Graph endless_from(Graph graph, const std::string& rows) {
  const auto body = Graph()
                        .input("iteration", Type::Int64, {})
                        .input("go_on", Type::Bool, {})
                        .input("state", Type::Float, {"n", 3})
                        .node("Identity", {"go_on"}, {"go_on_out"})
                        .node("Add", {"state", "state"}, {"state_out"})
                        .output("go_on_out", Type::Bool, {})
                        .output("state_out", Type::Float, {"n", 3});
  return graph.constant("count", Type::Int64, {}, std::vector<std::int64_t>{std::int64_t{1} << 40})
      .constant("yes", Type::Bool, {}, std::vector<std::uint8_t>{1})
      .node("Loop", {"count", "yes", rows}, {"result"}, {attribute("body", 5, 6, body.message())})
      .output("result", Type::Float, {"n", 3});
}
inline std::string endless() {
  return endless_from(Graph()
                          .input("tiles", Type::Float, {"n", 3, "h", "w"})
                          .node("GlobalAveragePool", {"tiles"}, {"pooled"})
                          .node("Flatten", {"pooled"}, {"flat"}),
                      "flat")
      .model();
}
// The same over a bag.
inline std::string endless_over(const std::string& input) {
  return endless_from(Graph().input(input, Type::Float, {"n", 3}), input).model();
}

inline std::string two_inputs() {
  return Graph()
      .input("tiles", Type::Float, {"n", 3, "h", "w"})
      .input("age", Type::Float, {"n", 1})
      .node("Identity", {"age"}, {"out"})
      .output("out", Type::Float, {"n", 1})
      .model();
}

// The runtime warns of the tensor that no node uses.
inline std::string with_unused(const std::string& name) {
  return Graph()
      .input("tiles", Type::Float, {"n", 3, 8, 8})
      .node("Identity", {"tiles"}, {"same"})
      .constant(name, Type::Float, {1}, std::vector<float>{1})
      .output("same", Type::Float, {"n", 3, 8, 8})
      .model();
}

// Adds three floats of the file "weights.bin" to the mean of each channel. The runtime warns of a tensor.
inline std::string with_weights() {
  return Graph()
      .input("tiles", Type::Float, {"n", 3, 8, 8})
      .node("GlobalAveragePool", {"tiles"}, {"pooled"})
      .node("Flatten", {"pooled"}, {"flat"})
      .external("shift", {3}, "weights.bin")
      .constant("leftover", Type::Float, {1}, std::vector<float>{1})
      .node("Add", {"flat", "shift"}, {"shifted"})
      .output("shifted", Type::Float, {"n", 3})
      .model();
}

// Many nodes, none of which can be left out, and a tensor that the runtime warns of.
inline std::string long_chain(int nodes) {
  Graph graph;
  graph.input("tiles", Type::Float, {"n", 3, 8, 8}).constant("leftover", Type::Float, {1}, std::vector<float>{1});
  std::string last = "tiles";
  for (int i = 0; i < nodes; ++i) {
    const std::string next = i + 1 == nodes ? "end" : "step" + std::to_string(i);
    graph.node(i % 2 == 0 ? "Sigmoid" : "Tanh", {last}, {next});
    last = next;
  }
  return graph.output("end", Type::Float, {"n", 3, 8, 8}).model();
}

}  // namespace models
}  // namespace microtome::test
