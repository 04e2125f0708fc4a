// Where another package of the process has opened an ONNX Runtime with providers, ours would find its core: a device is
// refused, and the CPU's runtime works.
#include "infer/device_graph.h"
#include "test/support/device_graphs.h"

using namespace microtome;
using namespace microtome::infer;
using test::load_on_device;
using test::message_of;
using test::settings_of;

// The symbol of the other package.
extern "C" __attribute__((visibility("default"))) void* Provider_GetHost() { return nullptr; }

TEST(a_second_runtime_with_providers_is_refused_and_the_cpu_goes_on) {
  const test::TemporaryFolder folder;
  const std::string model = folder.write("means.onnx", test::models::channel_means("n", 8));
  CHECK_THROWS(DEVICE_UNAVAILABLE, static_cast<void>(load_on_device(model, settings_of())));
  const auto message = message_of([&] { static_cast<void>(load_on_device(model, settings_of())); });
  CHECK(message.find("another ONNX Runtime with providers") != std::string::npos);
  CHECK(message.find("use one set of libraries in one process") != std::string::npos);
  if (test::ort_library().empty()) return static_cast<void>(std::printf("skipped: the_cpu_goes_on\n"));
  CHECK_EQ(Model::load(model, {})->inputs().size(), std::size_t{1});
}

int main() {
  test::fake().real_library = test::ort_library();
  set_runtime_path(test::ort_library());
  return test::run_tests();
}
