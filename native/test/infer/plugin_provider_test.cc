// A provider that is a library of its own: OpenVINO's on the CPU, whosever it is (test/fake/plugin), within a tolerance
// of the runtime's own provider. The part that needs it is skipped where MICROTOME_PLUGIN_PROVIDER is not set (npm run
// test:runtimes sets it).
#include <cmath>
#include <cstdlib>

#include "infer/model.h"
#include "test/check.h"
#include "test/support/models.h"

using namespace microtome;
using namespace microtome::infer;
namespace models = microtome::test::models;

namespace {

// Sums are taken in another order, and OpenVINO computes convolutions in bfloat16, of 8 bits, where the processor has
// it.
constexpr double kTolerance = 1e-2;  // of the largest value; 1e-6 was seen in float32, 2e-3 in bfloat16

SessionOptions plugin(const std::string& path, const std::string& name) {
  SessionOptions options;
  options.device = "plugin";
  options.plugin = {.path = path, .name = name, .hardware = "cpu", .options = {}};
  return options;
}

std::string plugin_path() {
  const char* path = std::getenv("MICROTOME_PLUGIN_PROVIDER");
  return path == nullptr || *path == '\0' ? "" : MICROTOME_ANY_CPU_PLUGIN;
}

std::vector<double> outputs(Model& model, std::int64_t side, std::int64_t tiles) {
  preprocess::TensorFormat how;
  how.size_px = side;
  std::vector<float> input(static_cast<std::size_t>(tiles * 3 * side * side));
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = std::sin(0.37f * static_cast<float>(i));
  std::vector<std::vector<double>> out;
  CancelToken cancel;
  model.run(*model.make_slot(), input.data(), tiles, how, {model.outputs().front().name}, out, cancel);
  return out.front();
}

// [N, 3, S, S] to the means of 16 maps, through two convolutions with weights of every size and sign.
std::string convolutions() {
  const auto weights = [](std::size_t count, float seed) {
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = std::sin(seed * static_cast<float>(i + 1));
    return values;
  };
  return test::onnx::Graph()
      .input("tiles", test::onnx::Type::Float, {"n", 3, 32, 32})
      .output("features", test::onnx::Type::Float, {"n", 16, 1, 1})
      .constant("first", test::onnx::Type::Float, {8, 3, 3, 3}, weights(216, 1.7f))
      .constant("second", test::onnx::Type::Float, {16, 8, 3, 3}, weights(1152, 2.3f))
      .node("Conv", {"tiles", "first"}, {"a"})
      .node("Relu", {"a"}, {"b"})
      .node("Conv", {"b", "second"}, {"c"})
      .node("Relu", {"c"}, {"d"})
      .node("GlobalAveragePool", {"d"}, {"features"})
      .model();
}

// On both providers: the same shape, values that are close, and not all the same.
void compare(const std::string& path, std::int64_t side, std::int64_t tiles) {
  const auto ours = Model::load(path, {});
  const auto theirs = Model::load(path, plugin(plugin_path(), "OpenVINO"));
  const auto expected = outputs(*ours, side, tiles);
  const auto found = outputs(*theirs, side, tiles);
  CHECK_EQ(found.size(), expected.size());
  double worst = 0;
  double largest = 0;
  for (std::size_t i = 0; i < found.size() && i < expected.size(); ++i) {
    worst = std::max(worst, std::abs(found[i] - expected[i]));
    largest = std::max(largest, std::abs(expected[i]));
  }
  std::printf("  largest value %.4g, largest difference %.3g\n", largest, worst);
  CHECK(largest > 0);
  CHECK(worst <= kTolerance * std::max(largest, 1.0));
  CHECK(outputs(*theirs, side, tiles) == found);
}

bool has_plugin(const char* test) {
  const bool has = !plugin_path().empty() && !test::ort_library().empty();
  if (!has) std::printf("skipped: %s (MICROTOME_PLUGIN_PROVIDER is not set)\n", test);
  return has;
}

}  // namespace

TEST(scores_of_a_plugin_are_close_to_those_of_the_cpus_provider) {
  if (!has_plugin("scores_of_a_plugin_are_close_to_those_of_the_cpus_provider")) return;
  const test::TemporaryFolder folder;
  compare(folder.write("means.onnx", models::channel_means("n", 32)), 32, 4);
  compare(folder.write("convolutions.onnx", convolutions()), 32, 4);
}

TEST(a_provider_that_the_library_does_not_have_is_refused_with_those_that_there_are) {
  if (!has_plugin("a_provider_that_the_library_does_not_have_is_refused")) return;
  const test::TemporaryFolder folder;
  const std::string model = folder.write("means.onnx", models::channel_means("n", 8));
  CHECK_THROWS(DEVICE_UNAVAILABLE, static_cast<void>(Model::load(model, plugin(plugin_path(), "Absent"))));
  try {
    static_cast<void>(Model::load(model, plugin(plugin_path(), "Absent")));
  } catch (const Error& error) {
    CHECK(error.message().find("OpenVINOExecutionProvider (cpu)") != std::string::npos);
  }
}

TEST(a_library_that_is_no_plugin_is_refused) {
  if (test::ort_library().empty()) return static_cast<void>(std::printf("skipped: a_library_that_is_no_plugin\n"));
  const test::TemporaryFolder folder;
  const std::string model = folder.write("means.onnx", models::channel_means("n", 8));
  CHECK_THROWS(DEVICE_UNAVAILABLE, static_cast<void>(Model::load(model, plugin("/nowhere/libplugin.so", "X"))));
  CHECK_THROWS(DEVICE_UNAVAILABLE, static_cast<void>(Model::load(model, plugin(test::ort_library(), "X"))));
  SessionOptions options;
  options.device = "cuda";
  CHECK_THROWS(DEVICE_UNAVAILABLE, static_cast<void>(Model::load(model, options)));
}

int main() {
  set_runtime_path(test::ort_library());
  return test::run_tests();
}
