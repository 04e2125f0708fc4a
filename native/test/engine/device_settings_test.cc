// What the runtime of a GPU is told of a request. The driver and ONNX Runtime's provider are stand-ins. Needs ONNX
// Runtime (MICROTOME_ORT_LIBRARY).
#include "engine/device_loading.h"
#include "test/fake/onnxruntime/fake_onnxruntime.h"
#include "test/support/gpu_scoring.h"

MICROTOME_FAKE_ONNXRUNTIME

using namespace microtome;
using namespace microtome::engine;
using namespace microtome::test;

namespace {

// The options of the provider for CUDA that loading a graph sends.
std::string options_sent(bool reproducible) {
  const FakeDriver fake;
  fake.set_kernels(run_twin);
  FakeOnnxRuntime& runtime = *microtome_fake_onnxruntime();
  runtime.real_library = ort_library();
  runtime.host_view = [](std::uint64_t address, std::size_t) { return FakeDriver::view(address); };
  runtime.enqueue = [](void*, const std::function<void()>& work) { work(); };
  runtime.wait = [](void*) {};
  runtime.calls.clear();

  const TemporaryFolder folder;
  const std::string path = folder.write("means.onnx", models::channel_means("n", "side"));
  DeviceRequest request;
  request.kind = DeviceKind::Cuda;
  request.ordinals = {0};
  request.reproducible = reproducible;
  request.driver = MICROTOME_FAKE_CUDA;
  request.runtime = MICROTOME_FAKE_ORT;
  CancelToken never;
  const DeviceLoading loading(request);
  const PlacedGraph placed = loading.load({.graph = {.path = path, .sha256 = ""}, .weights = {}}, never);
  std::string all;
  for (const std::string& call : runtime.calls) all += call + "\n";
  return all;
}

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST(convolutions_are_chosen_by_rule_where_scores_are_to_be_the_same_again) {
  if (ort_library().empty()) {
    std::printf("skipped: %s\n", __func__);
    return;
  }
  infer::set_runtime_path(ort_library());
  CHECK(has(options_sent(true), "cudnn_conv_algo_search=HEURISTIC"));
  const std::string fast = options_sent(false);
  CHECK(has(fast, "cudnn_conv_algo_search=EXHAUSTIVE"));
  CHECK(!has(fast, "HEURISTIC"));
}

TEST_MAIN
