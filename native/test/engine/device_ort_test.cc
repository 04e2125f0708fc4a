// A graph of the runtime's stand-in in the memory and on the streams of the fake driver, as a runner for a GPU uses it:
// copies, the run and the events that order them give what the CPU gives.
#include <cstring>

#include "gpu/buffers.h"
#include "gpu/context.h"
#include "gpu/stream.h"
#include "infer/typed_values.h"
#include "test/support/device_graphs.h"
#include "test/support/ort_on_driver.h"

using namespace microtome;
using namespace microtome::infer;
using test::fake;
using test::FakeDriver;

namespace {

constexpr std::int64_t kRows = 6;

preprocess::TensorFormat format() {
  preprocess::TensorFormat how;
  how.size_px = 8;
  return how;
}

std::vector<float> tiles(float from) {
  std::vector<float> values(kRows * 192);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = from + 0.003f * static_cast<float>(i % 389);
  return values;
}

std::vector<double> by_the_cpu(const std::string& path, const std::vector<float>& input) {
  const auto model = Model::load(path, {});
  std::vector<std::vector<double>> out;
  CancelToken cancel;
  model->run(*model->make_slot(), input.data(), kRows, format(), {"means"}, out, cancel);
  return out.front();
}

}  // namespace

TEST(batches_that_overlap_on_two_streams_give_what_the_cpu_gives) {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("means.onnx", test::models::channel_means("n", 8));
  const FakeDriver driver;
  test::join_fakes(fake());
  {
    const auto context = gpu::Context::retain(driver.open(), 0);
    const auto scope = context->enter();
    const gpu::Stream copies(context), work(context);
    const gpu::Event arrived(context), done(context);
    auto settings = test::settings_of();
    settings.stream = work.handle();
    const auto graph = test::load_on_device(path, settings);
    const std::size_t bytes = kRows * 768;
    const gpu::DeviceBuffer in(context, bytes), out(context, kRows * 12);
    const gpu::PinnedBuffer from(context, bytes), to(context, kRows * 12);
    CancelToken cancel;
    static_cast<void>(graph->try_run(in.address(), kRows, format(), {"means"}, cancel));
    const auto binding = graph->bind(in.address(), kRows, format(), {{"means", out.address(), out.size()}});
    for (const float first : {0.5f, -2.0f}) {
      const auto input = tiles(first);
      std::memcpy(from.data(), input.data(), bytes);
      copies.copy_to_device(in.address(), from.data(), bytes);
      copies.record(arrived);
      work.wait_for(arrived);
      binding->enqueue(cancel);
      work.copy_to_host(to.data(), out.address(), out.size());
      work.record(done);
      done.wait();
      std::vector<double> got;
      append_as_double("float32", to.data(), kRows * 3, got);
      CHECK(got == by_the_cpu(path, input));
    }
  }
  CHECK_EQ(test::lines(fake().errors), std::string());
  CHECK_EQ(fake().values_alive, 0);
  CHECK_EQ(fake().sessions_alive, 0);
}

TEST(memory_of_the_host_is_refused) {
  const test::TemporaryFolder folder;
  const FakeDriver driver;
  test::join_fakes(fake());
  const auto context = gpu::Context::retain(driver.open(), 0);
  const auto scope = context->enter();
  const auto graph =
      test::load_on_device(folder.write("means.onnx", test::models::channel_means("n", 8)), test::settings_of());
  std::vector<float> host(kRows * 192);
  CancelToken cancel;
  CHECK_THROWS(INTERNAL, static_cast<void>(graph->try_run(reinterpret_cast<std::uintptr_t>(host.data()), kRows,
                                                          format(), {"means"}, cancel)));
}

int main() {
  if (test::ort_library().empty()) {
    std::printf("skipped: graphs on the fake driver (MICROTOME_ORT_LIBRARY is not set)\n");
    return 0;
  }
  fake().real_library = test::ort_library();
  set_runtime_path(test::ort_library());
  return test::run_tests();
}
