// Graphs on a device, against a stand-in that records what it is asked: the options and their order, runs on a stream,
// faults. Nothing here ran on a GPU.
#include "infer/device_graph.h"

#include <filesystem>

#include "infer/model.h"
#include "infer/typed_values.h"
#include "test/support/device_graphs.h"

using namespace microtome;
using namespace microtome::infer;
namespace models = microtome::test::models;
using test::calls_of;
using test::fake;
using test::kStream;
using test::lines;
using test::load_on_device;
using test::message_of;
using test::settings_of;

namespace {

constexpr const char* kCuda =
    "UpdateCUDAProviderOptions device_id=0 arena_extend_strategy=kSameAsRequested cudnn_conv_algo_search=EXHAUSTIVE "
    "cudnn_conv_use_max_workspace=1 do_copy_in_default_stream=1 enable_cuda_graph=0 use_tf32=0\n";

const std::string& means() {
  static const test::TemporaryFolder folder;
  static const std::string path = folder.write("means.onnx", models::channel_means("n", 8));
  return path;
}

preprocess::TensorFormat format() {
  preprocess::TensorFormat how;
  how.size_px = 8;
  return how;
}

std::vector<float> tiles(std::int64_t rows, float from) {
  std::vector<float> values(static_cast<std::size_t>(rows) * 192);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = from + 0.001f * static_cast<float>(i % 611);
  return values;
}

// What the CPU gives for the same tiles.
std::vector<double> by_the_cpu(const std::vector<float>& input, std::int64_t rows) {
  const auto model = Model::load(means(), {});
  std::vector<std::vector<double>> out;
  CancelToken cancel;
  model->run(*model->make_slot(), input.data(), rows, format(), {"means"}, out, cancel);
  return out.front();
}

// Every test leaves nothing behind.
void check_nothing_is_left() {
  CHECK_EQ(fake().options_alive, 0);
  CHECK_EQ(fake().values_alive, 0);
  CHECK_EQ(fake().bindings_alive, 0);
  CHECK_EQ(fake().sessions_alive, 0);
  CHECK_EQ(lines(fake().errors), std::string());
}

}  // namespace

// The first load of the process.
TEST(the_runtime_is_opened_once_and_its_providers_with_it) {
  const auto calls = lines(calls_of([] { static_cast<void>(load_on_device(means(), settings_of())); }));
  const std::string version = std::to_string(runtime_report().api);
  const auto begin = calls.find("GetApi");
  CHECK_EQ(calls.substr(begin, calls.find("AddSession") - begin), "GetApi " + version +
                                                                      "\n"
                                                                      "CreateCUDAProviderOptions\n"
                                                                      "UpdateCUDAProviderOptions\n"
                                                                      "CreateTensorRTProviderOptions\n"
                                                                      "UpdateTensorRTProviderOptions\n");
}

TEST(a_cuda_session_gets_all_options_in_one_call_and_then_the_stream) {
  const auto calls = calls_of([] { static_cast<void>(load_on_device(means(), settings_of())); });
  CHECK_EQ(lines(calls), std::string("AddSessionConfigEntry session.disable_cpu_ep_fallback=1\n"
                                     "CreateCUDAProviderOptions\n") +
                             kCuda +
                             "UpdateCUDAProviderOptionsWithValue user_compute_stream\n"
                             "AppendCUDA with a stream\n"
                             "CreateSession\n"
                             "CreateMemoryInfo Cuda 0\n");
  check_nothing_is_left();
}

TEST(what_was_asked_for_is_in_the_options) {
  auto settings = settings_of();
  settings.ordinal = 3;
  settings.memory_limit_bytes = 123456789;
  settings.tf32 = true;
  settings.reproducible = true;
  settings.rows = 16;
  settings.may_use_cpu = true;
  settings.cuda_graph = true;
  std::shared_ptr<DeviceGraph> graph;
  const auto calls = lines(calls_of([&] { graph = load_on_device(means(), settings); }));
  CHECK(calls.find("disable_cpu_ep_fallback") == std::string::npos);
  CHECK(calls.find("AddFreeDimensionOverrideByName n=16\n") == 0);
  CHECK(calls.find("device_id=3 arena_extend_strategy=kSameAsRequested cudnn_conv_algo_search=HEURISTIC "
                   "cudnn_conv_use_max_workspace=1 do_copy_in_default_stream=1 enable_cuda_graph=1 "
                   "gpu_mem_limit=123456789 use_tf32=1\n") != std::string::npos);
  CHECK(calls.find("CreateMemoryInfo Cuda 3\n") != std::string::npos);
  CHECK_EQ(lines(graph->report().providers), std::string("CUDA\nCPU\n"));
  CHECK_EQ(lines(graph->report().left_out), std::string());
}

TEST(options_that_the_runtime_does_not_know_are_left_out_and_said) {
  for (const bool named : {true, false}) {
    fake().unknown_keys = {"use_tf32"};
    fake().names_unknown_keys = named;
    std::shared_ptr<DeviceGraph> graph;
    const auto calls = lines(calls_of([&] { graph = load_on_device(means(), settings_of()); }));
    fake().unknown_keys.clear();
    CHECK(calls.find("enable_cuda_graph=0 use_tf32=0\n") < calls.find("enable_cuda_graph=0\n"));
    CHECK(calls.find("enable_cuda_graph=0\nUpdateCUDAProviderOptionsWithValue") != std::string::npos);
    CHECK_EQ(graph->report().left_out.size(), std::size_t{1});
    CHECK(lines(graph->report().left_out).find("TF32 cannot be switched off") == 0);
  }
  fake().names_unknown_keys = true;
  // One that every runtime has is no option to leave out.
  fake().unknown_keys = {"device_id"};
  const auto message = message_of([] { static_cast<void>(load_on_device(means(), settings_of())); });
  fake().unknown_keys.clear();
  CHECK(message.find("cannot use CUDA: Parse Unknown provider option: \"device_id\"") != std::string::npos);
  check_nothing_is_left();
}

TEST(tensorrt_comes_before_cuda_and_keeps_its_engines_by_device_version_and_model) {
  const test::TemporaryFolder cache;
  auto settings = settings_of("tensorrt");
  settings.engine_cache = cache.path() + "/engines";
  settings.device_key = "NVIDIA H200, 9.0, driver 580";
  settings.fp16 = true;
  settings.tf32 = true;
  std::shared_ptr<DeviceGraph> graph;
  const auto calls = lines(calls_of([&] { graph = load_on_device(means(), settings); }));
  const std::string folder = graph->report().engine_cache;
  CHECK(folder.find(settings.engine_cache + "/tensorrt-10.3.0-") == 0);
  CHECK(std::filesystem::is_directory(folder));
  CHECK_EQ(calls,
           "AddSessionConfigEntry session.disable_cpu_ep_fallback=1\n"
           "CreateTensorRTProviderOptions\n"
           "UpdateTensorRTProviderOptions device_id=0 trt_fp16_enable=1 trt_engine_cache_enable=1 "
           "trt_engine_cache_path=" +
               folder + " trt_timing_cache_enable=1 trt_timing_cache_path=" + folder +
               "\n"
               "UpdateTensorRTProviderOptionsWithValue user_compute_stream\n"
               "AppendTensorRT with a stream\n"
               "CreateCUDAProviderOptions\n"
               "UpdateCUDAProviderOptions device_id=0 arena_extend_strategy=kSameAsRequested "
               "cudnn_conv_algo_search=EXHAUSTIVE cudnn_conv_use_max_workspace=1 do_copy_in_default_stream=1 "
               "enable_cuda_graph=0 use_tf32=1\n"
               "UpdateCUDAProviderOptionsWithValue user_compute_stream\n"
               "AppendCUDA with a stream\n"
               "CreateSession\n"
               "CreateMemoryInfo Cuda 0\n");
  CHECK_EQ(lines(graph->report().providers), std::string("TensorRT\nCUDA\n"));
  CHECK_EQ(lines(graph->report().left_out), std::string());

  CHECK_EQ(load_on_device(means(), settings)->report().engine_cache, folder);
  settings.cuda_graph = true;
  CHECK(lines(load_on_device(means(), settings)->report().left_out).find("CUDA graphs are not used with TensorRT") ==
        0);
  settings.device_key = "NVIDIA A100, 8.0, driver 580";
  CHECK(load_on_device(means(), settings)->report().engine_cache != folder);
}

TEST(without_a_cache_nothing_is_kept_and_a_cache_that_cannot_be_made_is_said) {
  auto settings = settings_of("tensorrt");
  settings.tf32 = true;
  const auto calls = lines(calls_of([&] { static_cast<void>(load_on_device(means(), settings)); }));
  CHECK(calls.find("trt_fp16_enable=0 trt_engine_cache_enable=0\n") != std::string::npos);
  settings.engine_cache = "/proc/no-such-place";
  const auto graph = load_on_device(means(), settings);
  CHECK_EQ(lines(graph->report().left_out),
           std::string("engines are not kept: no folder can be made in /proc/no-such-place\n"));
  settings = settings_of("tensorrt");
  CHECK(lines(load_on_device(means(), settings)->report().left_out).find("TF32 cannot be switched off for TensorRT") ==
        0);
}

TEST(a_run_is_put_on_the_stream_and_gives_what_the_cpu_gives) {
  test::HostDevice device(fake());
  const auto graph = load_on_device(means(), settings_of());
  const auto input = tiles(5, 0.25f);
  const DevicePointer in = device.allocate(input.size() * 4);
  device.write(in, input.data(), input.size() * 4);
  CancelToken cancel;
  auto calls = calls_of([&] {
    const auto infos = graph->try_run(in, 5, format(), {"means"}, cancel);
    CHECK_EQ(infos.size(), std::size_t{1});
    CHECK_EQ(infos.front().type, std::string("float32"));
    CHECK((infos.front().shape == std::vector<std::int64_t>{5, 3}));
  });
  CHECK_EQ(lines(calls), std::string("Run\n"));
  const auto other = tiles(5, -1.5f);
  const DevicePointer out = device.allocate(60);
  const auto binding = graph->bind(in, 5, format(), {{"means", out, 60}});
  calls = calls_of([&] { binding->enqueue(cancel); });
  CHECK_EQ(lines(calls), std::string("Run disable_synchronize_execution_providers=1\n"));
  CHECK_EQ(device.waiting(kStream), std::size_t{1});
  // The run reads what is there when its turn comes.
  device.write(in, other.data(), other.size() * 4);
  device.wait(kStream);
  std::vector<float> values(15);
  device.read(out, values.data(), 60);
  std::vector<double> got;
  append_as_double("float32", values.data(), values.size(), got);
  CHECK(got == by_the_cpu(other, 5));
  CHECK(got != by_the_cpu(input, 5));
}

TEST(each_binding_has_a_cuda_graph_of_its_own) {
  test::HostDevice device(fake());
  auto settings = settings_of();
  settings.cuda_graph = true;
  {
    const auto graph = load_on_device(means(), settings);
    const DevicePointer in = device.allocate(2 * 768);
    const DevicePointer out = device.allocate(48);
    CancelToken cancel;
    const auto calls = lines(calls_of([&] {
      static_cast<void>(graph->try_run(in, 2, format(), {"means"}, cancel));
      const auto first = graph->bind(in, 2, format(), {{"means", out, 24}});
      const auto second = graph->bind(in, 2, format(), {{"means", out + 24, 24}});
      first->enqueue(cancel);
      second->enqueue(cancel);
      first->enqueue(cancel);
      device.wait(kStream);
    }));
    CHECK_EQ(calls, std::string("Run gpu_graph_id=-1\n"
                                "Run disable_synchronize_execution_providers=1 gpu_graph_id=1\n"
                                "Run disable_synchronize_execution_providers=1 gpu_graph_id=2\n"
                                "Run disable_synchronize_execution_providers=1 gpu_graph_id=1\n"));
  }
  check_nothing_is_left();
}

TEST(faults_of_runs_have_codes_of_their_own_and_the_graph_can_go_on) {
  test::HostDevice device(fake());
  const auto graph = load_on_device(means(), settings_of());
  const DevicePointer in = device.allocate(2 * 768);
  const DevicePointer out = device.allocate(24);
  CancelToken cancel;
  static_cast<void>(graph->try_run(in, 2, format(), {"means"}, cancel));
  const auto binding = graph->bind(in, 2, format(), {{"means", out, 24}});
  const auto fail_next = [&](const std::string& text) { fake().failing_runs = {{fake().runs + 1, text}}; };

  fail_next("CUDA failure 2: out of memory ; GPU=0 ; hostname=box-7 ; file=a.cc ; expr=cudaMalloc");
  CHECK_THROWS(OUT_OF_MEMORY, binding->enqueue(cancel));
  fail_next("Available memory of 1 is smaller than requested bytes of 2");
  CHECK_THROWS(OUT_OF_MEMORY, static_cast<void>(graph->try_run(in, 2, format(), {"means"}, cancel)));
  fail_next("CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED");
  CHECK_THROWS(OUT_OF_MEMORY, binding->enqueue(cancel));
  fail_next(
      "/src/run.cc:7 Run() [ONNXRuntimeError] : 1 : FAIL : CUDA failure 700: an illegal memory access was encountered "
      "; GPU=0 ; hostname=box-7 ; file=a.cc");
  const auto message = message_of([&] { binding->enqueue(cancel); });
  CHECK(message.find("run failed: CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; file=a.cc") !=
        std::string::npos);
  CHECK(message.find("box-7") == std::string::npos);
  fail_next("CUDA failure 719: unspecified launch failure");
  CHECK_THROWS(DEVICE_LOST, binding->enqueue(cancel));
  fail_next("CUDNN failure 5003: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED");
  CHECK_THROWS(OUT_OF_MEMORY, binding->enqueue(cancel));
  // The device works on after these.
  fail_next("CUDA failure 701: too many resources requested for launch");
  CHECK_THROWS(MODEL_MISMATCH, binding->enqueue(cancel));
  fail_next("CUDA failure 900: operation not permitted when stream is capturing");
  CHECK_THROWS(MODEL_MISMATCH, binding->enqueue(cancel));
  fail_next("CUDA failure 209: no kernel image is available for execution on the device");
  CHECK_THROWS(DEVICE_UNAVAILABLE, binding->enqueue(cancel));
  fail_next("Non-zero status code returned while running Conv node");
  CHECK_THROWS(MODEL_MISMATCH, binding->enqueue(cancel));
  binding->enqueue(cancel);
  CHECK_EQ(device.waiting(kStream), std::size_t{1});
  device.wait(kStream);
  CancelToken cancelled;
  cancelled.cancel();
  CHECK_THROWS(CANCELLED, binding->enqueue(cancelled));
  CHECK_THROWS(CANCELLED, static_cast<void>(graph->try_run(in, 2, format(), {"means"}, cancelled)));
  device.wait(kStream);
}

TEST(what_cannot_be_run_or_bound_is_refused) {
  test::HostDevice device(fake());
  const auto graph = load_on_device(means(), settings_of());
  const DevicePointer in = device.allocate(2 * 768);
  CancelToken cancel;
  CHECK_THROWS(INTERNAL, static_cast<void>(graph->bind(in, 2, format(), {})));
  CHECK_THROWS(MODEL_MISMATCH, static_cast<void>(graph->try_run(in, 2, format(), {"absent"}, cancel)));
  preprocess::TensorFormat half = format();
  half.type = preprocess::ElementType::Float16;
  CHECK_THROWS(MODEL_MISMATCH, static_cast<void>(graph->try_run(in, 2, half, {"means"}, cancel)));
  static_cast<void>(graph->try_run(in, 2, format(), {"means"}, cancel));
  CHECK_THROWS(INTERNAL, static_cast<void>(graph->bind(in, 1, format(), {{"means", in, 12}})));
  CHECK_THROWS(INTERNAL, static_cast<void>(graph->bind(in, 2, format(), {{"means", in, 12}})));
  CHECK_THROWS(INTERNAL, static_cast<void>(graph->bind(in, 2, format(), {{"other", in, 24}})));

  const test::TemporaryFolder folder;
  const auto wrong = load_on_device(folder.write("wrong.onnx", models::wrong_shapes()), settings_of());
  for (const auto& output : wrong->outputs())
    CHECK_THROWS(OUTPUT_SHAPE, static_cast<void>(wrong->try_run(in, 2, format(), {output.name}, cancel)));
}

TEST(a_graph_that_needs_the_cpu_is_refused_unless_it_may_use_it) {
  fake().graph_needs_cpu = true;
  CHECK_THROWS(DEVICE_UNAVAILABLE, static_cast<void>(load_on_device(means(), settings_of())));
  auto settings = settings_of();
  settings.may_use_cpu = true;
  CHECK_EQ(load_on_device(means(), settings)->inputs().size(), std::size_t{1});
  fake().graph_needs_cpu = false;
}

TEST(faults_of_loads_have_codes_of_their_own) {
  const auto fails_with = [](const std::string& text) {
    fake().load_fails = text;
    Code code = Code::INTERNAL;
    try {
      static_cast<void>(load_on_device(means(), settings_of()));
    } catch (const Error& error) {
      code = error.code();
    }
    fake().load_fails.clear();
    return std::string(code_name(code));
  };
  CHECK_EQ(fails_with("CUDA failure 2: out of memory"), std::string("OUT_OF_MEMORY"));
  CHECK_EQ(fails_with("CUDA failure 100: no CUDA-capable device is detected"), std::string("DEVICE_UNAVAILABLE"));
  CHECK_EQ(fails_with("CUDA failure 46: all CUDA-capable devices are busy or unavailable"),
           std::string("DEVICE_UNAVAILABLE"));
  CHECK_EQ(fails_with("Could not find an implementation for Foo(1)"), std::string("MODEL_INVALID"));
  fake().append_fails = "CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version";
  CHECK_THROWS(DEVICE_UNAVAILABLE, static_cast<void>(load_on_device(means(), settings_of())));
  fake().append_fails = "CUDNN failure 8: CUDNN_STATUS_EXECUTION_FAILED";
  CHECK_THROWS(DEVICE_LOST, static_cast<void>(load_on_device(means(), settings_of())));
  fake().append_fails.clear();
  check_nothing_is_left();
}

TEST(another_runtime_in_the_same_process_is_refused_and_the_cpu_has_its_own) {
  auto settings = settings_of();
  settings.runtime.preload.clear();
  CHECK_THROWS(DEVICE_UNAVAILABLE, static_cast<void>(load_on_device(means(), settings)));
  CHECK_EQ(runtime_report().path, test::ort_library());
}

int main() {
  if (test::ort_library().empty()) {
    std::printf("skipped: graphs on a device (MICROTOME_ORT_LIBRARY is not set)\n");
    return 0;
  }
  fake().real_library = test::ort_library();
  set_runtime_path(test::ort_library());
  return test::run_tests();
}
