// An ONNX Runtime of before 1.16 cannot be given a stream by name: the older structures are used, and what they cannot
// say is said. Here the stand-in says that it is 1.15; with an older library behind it (MICROTOME_ORT_LIBRARY) 1.14.
#include "infer/device_graph.h"
#include "test/support/device_graphs.h"

using namespace microtome;
using namespace microtome::infer;
using test::calls_of;
using test::fake;
using test::lines;
using test::load_on_device;
using test::settings_of;

namespace {

const std::string& means() {
  static const test::TemporaryFolder folder;
  static const std::string path = folder.write("means.onnx", test::models::channel_means("n", 8));
  return path;
}

}  // namespace

TEST(an_old_runtime_gets_its_stream_in_the_old_structures) {
  auto settings = settings_of("tensorrt");
  const test::TemporaryFolder cache;
  settings.ordinal = 1;
  settings.fp16 = true;
  settings.reproducible = true;
  settings.memory_limit_bytes = 1000;
  settings.engine_cache = cache.path();
  std::shared_ptr<DeviceGraph> graph;
  const auto calls = lines(calls_of([&] { graph = load_on_device(means(), settings); }));
  CHECK_EQ(calls.substr(calls.find("AddSession")),
           std::string("AddSessionConfigEntry session.disable_cpu_ep_fallback=1\n"
                       "AppendTensorRT (old) device=1 fp16=1 cache=1 with a stream\n"
                       "AppendCUDA (old) device=1 search=1 limit=1000 with a stream\n"
                       "CreateSession\n"
                       "CreateMemoryInfo Cuda 1\n"));
  CHECK_EQ(lines(graph->report().providers), std::string("TensorRT\nCUDA\n"));
  const auto left_out = lines(graph->report().left_out);
  CHECK(left_out.find("TF32 cannot be switched off for TensorRT") != std::string::npos);
  CHECK(left_out.find("TF32 cannot be switched off: this ONNX Runtime") != std::string::npos);
  CHECK(left_out.find("may run parts of a graph on the CPU") != std::string::npos);
}

TEST(without_a_stream_the_newer_options_are_used) {
  auto settings = settings_of();
  settings.stream = nullptr;
  const auto calls = lines(calls_of([&] { static_cast<void>(load_on_device(means(), settings)); }));
  CHECK(calls.find("UpdateCUDAProviderOptions device_id=0") != std::string::npos);
  CHECK(calls.find("AppendCUDA\n") != std::string::npos);
}

TEST(cuda_graphs_need_a_newer_runtime) {
  auto settings = settings_of();
  settings.cuda_graph = true;
  settings.fp16 = true;
  const auto graph = load_on_device(means(), settings);
  const auto left_out = lines(graph->report().left_out);
  CHECK(left_out.find("CUDA graphs are not used: ONNX Runtime 1.1") != std::string::npos);
  CHECK(left_out.find("fp16 is for TensorRT") != std::string::npos);
}

TEST(failures_of_the_old_structures_are_told) {
  fake().append_fails = "no";
  CHECK_THROWS(DEVICE_UNAVAILABLE, static_cast<void>(load_on_device(means(), settings_of("tensorrt"))));
  CHECK_THROWS(DEVICE_UNAVAILABLE, static_cast<void>(load_on_device(means(), settings_of())));
  fake().append_fails.clear();
}

TEST(runs_are_the_same_as_of_a_new_runtime) {
  test::HostDevice device(fake());
  const auto graph = load_on_device(means(), settings_of());
  std::vector<float> input(192, 0.5f);
  const DevicePointer in = device.allocate(768);
  const DevicePointer out = device.allocate(12);
  device.write(in, input.data(), 768);
  preprocess::TensorFormat how;
  how.size_px = 8;
  CancelToken cancel;
  CHECK_EQ(graph->try_run(in, 1, how, {"means"}, cancel).size(), std::size_t{1});
  const auto binding = graph->bind(in, 1, how, {{"means", out, 12}});
  binding->enqueue(cancel);
  device.wait(test::kStream);
  float values[3] = {};
  device.read(out, values, 12);
  for (const float value : values) CHECK_EQ(value, 0.5f);
}

int main() {
  if (test::ort_library().empty()) {
    std::printf("skipped: an old runtime on a device (MICROTOME_ORT_LIBRARY is not set)\n");
    return 0;
  }
  fake().real_library = test::ort_library();
  infer::set_runtime_path(test::ort_library());
  if (runtime_report().api > 15) fake().table = 15;
  return test::run_tests();
}
