// The whole way of a slide over a GPU, but for the GPU: the driver and ONNX Runtime's provider are stand-ins, all else
// is what ships. Slides get the scores of the CPU. Needs ONNX Runtime (MICROTOME_ORT_LIBRARY); the real slide needs
// MICROTOME_TEST_DATA and the JPEG library.
#include "engine/device_loading.h"
#include "slide/slide.h"
#include "test/decode/codec_support.h"
#include "test/fake/onnxruntime/fake_onnxruntime.h"
#include "test/support/gpu_scoring.h"

MICROTOME_FAKE_ONNXRUNTIME

using namespace microtome;
using namespace microtome::engine;
using namespace microtome::test;

namespace {

bool skipped(const char* name) {
  if (!ort_library().empty()) return false;
  std::printf("skipped: %s\n", name);
  return true;
}

FakeOnnxRuntime& runtime() { return *microtome_fake_onnxruntime(); }

// The provider's memory and streams are the driver's.
void join_stand_ins() {
  runtime().real_library = ort_library();
  runtime().host_view = [](std::uint64_t address, std::size_t) { return FakeDriver::view(address); };
  runtime().enqueue = [](void* stream, std::function<void()> work) {
    auto kept = std::make_unique<std::function<void()>>(std::move(work));
    (void)FakeDriver::enqueue(
        stream,
        [](void* of) {
          const std::unique_ptr<std::function<void()>> own(static_cast<std::function<void()>*>(of));
          (*own)();
        },
        kept.release(), 0);
  };
  runtime().wait = [](void* stream) { (void)FakeDriver::call<int(void*)>("fake_cuda_wait")(stream); };
}

DeviceRequest device_of(DeviceKind kind, std::vector<int> ordinals) {
  DeviceRequest request;
  request.kind = kind;
  request.ordinals = std::move(ordinals);
  request.driver = MICROTOME_FAKE_CUDA;
  request.runtime = MICROTOME_FAKE_ORT;
  return request;
}

infer::ModelFiles means_model() {
  static const TemporaryFolder folder;
  static const std::string path = folder.write("means.onnx", models::channel_means("n", "side"));
  return {.graph = {.path = path, .sha256 = ""}, .weights = {}};
}

ScoreRequest request_of(std::int64_t side_px) {
  ScoreRequest request = means_request();
  request.tiles[0].grid.size_px = request.tiles[0].grid.stride_px = side_px;
  preprocess::TensorFormat& format = request.encoders[0].format;
  format.size_px = side_px;
  format.scale = 1.0 / 255;
  format.mean = {0.485, 0.456, 0.406};
  format.std = {0.229, 0.224, 0.225};
  return request;
}

ScoreResult score(const DeviceRequest& device, const std::shared_ptr<const slide::Slide>& slide,
                  const ScoreRequest& request) {
  CancelToken never;
  const DeviceLoading loading(device);
  PlacedGraph placed = loading.load(means_model(), never);
  Engine engine(WorkerPool::create(1), only(std::move(placed.runner)), {.threads = 2});
  auto scoring = start_scoring(engine, slide, request);
  return result_of(scoring);
}

void check_alike(const ScoreResult& found, const ScoreResult& expected) {
  CHECK_EQ(found.tables[0].tile_count, expected.tables[0].tile_count);
  CHECK(found.tables[0].tile_count > 0);
  const auto& values = found.tables[0].outputs[0].values;
  const auto& wanted = expected.tables[0].outputs[0].values;
  CHECK_EQ(values.size(), wanted.size());
  double most = 0;
  for (std::size_t i = 0; i < std::min(values.size(), wanted.size()); ++i)
    most = std::max(most, std::abs(values[i] - wanted[i]));
  // The tensors have the same bits. Sums over a tile may be taken in another order where it lies in another row.
  CHECK(most < 1e-5);
  CHECK(std::abs(found.slide_outputs[0].value - expected.slide_outputs[0].value) < 1e-5);
}

}  // namespace

TEST(devices_say_who_decodes_when_a_graph_is_loaded) {
  if (skipped(__func__)) return;
  const FakeDriver fake;
  fake.set({.device_count = 2});
  fake.set_kernels(run_twin);
  join_stand_ins();
  CancelToken never;
  const auto notes = [&](const DeviceRequest& device) {
    return DeviceLoading(device).load(means_model(), never).notes;
  };
  const auto found = notes(device_of(DeviceKind::Cuda, {0, 1}));
  CHECK_EQ(found.size(), 1u);
  CHECK(found.size() == 1 && found[0].find("JPEG tiles are decoded by the CPU, for ") == 0);
  infer::set_runtime_path(ort_library());
  CHECK(notes({}).empty());
}

TEST(slides_get_the_scores_of_the_cpu) {
  if (skipped(__func__)) return;
  infer::set_runtime_path(ort_library());
  const auto slide = coloured_slide(3, 9);
  const auto expected = score({}, slide, request_of(kScoredTilePx));
  for (const DeviceKind kind : {DeviceKind::Cuda, DeviceKind::TensorRt})
    for (const auto& ordinals : {std::vector{0}, std::vector{1}, std::vector{0, 1}}) {
      const FakeDriver fake;
      fake.set({.device_count = 2});
      fake.set_kernels(run_twin);
      join_stand_ins();
      check_alike(score(device_of(kind, ordinals), slide, request_of(kScoredTilePx)), expected);
      CHECK(runtime().errors.empty());
    }
}

TEST(a_real_slide_gets_the_score_of_the_cpu) {
  if (skipped(__func__) || !have_jpeg(__func__)) return;
  if (data_dir().empty()) {
    std::printf("skipped: %s\n", __func__);
    return;
  }
  infer::set_runtime_path(ort_library());
  const auto slide = slide::Slide::open(slide::open_file(data_dir() + "/slides/CMU-1-Small-Region.svs"));
  const auto expected = score({}, slide, request_of(224));
  const FakeDriver fake;
  fake.set_kernels(run_twin);
  join_stand_ins();
  check_alike(score(device_of(DeviceKind::Cuda, {0}), slide, request_of(224)), expected);
}

TEST(a_gpu_that_is_not_there_is_refused) {
  const FakeDriver fake;
  CHECK_THROWS(DEVICE_UNAVAILABLE, (void)DeviceLoading(device_of(DeviceKind::Cuda, {1})));
  CHECK_THROWS(DEVICE_UNAVAILABLE, (void)DeviceLoading(device_of(DeviceKind::Cuda, {})));
  DeviceRequest nowhere = device_of(DeviceKind::Cuda, {0});
  nowhere.driver = "/nowhere/libcuda.so.1";
  CHECK_THROWS(DEVICE_UNAVAILABLE, (void)DeviceLoading(nowhere));
}

// Named alone it is refused; among others it is left out, and slides are told.
TEST(a_bad_gpu_among_others_is_left_out) {
  if (skipped(__func__)) return;
  infer::set_runtime_path(ort_library());
  const auto slide = coloured_slide(3, 5);
  const auto expected = score({}, slide, request_of(kScoredTilePx));
  const FakeDriver fake;
  fake.set_kernels(run_twin);
  join_stand_ins();
  const auto found = score(device_of(DeviceKind::Cuda, {0, 1}), slide, request_of(kScoredTilePx));
  check_alike(found, expected);
  CHECK_EQ(std::ranges::count_if(found.warnings,
                                 [](const std::string& one) { return one.rfind("GPU 1 was left out: ", 0) == 0; }),
           1);
}

TEST_MAIN
