// Where providers cannot be opened, the runtime's own reason reaches the user, with the paths that the user knows, and
// no folder is left behind.
#include <dlfcn.h>

#include <filesystem>

#include "infer/device_graph.h"
#include "test/support/device_graphs.h"

using namespace microtome;
using namespace microtome::infer;
using test::fake;
using test::load_on_device;
using test::message_of;
using test::settings_of;

namespace {

const std::string& means() {
  static const test::TemporaryFolder folder;
  static const std::string path = folder.write("means.onnx", test::models::channel_means("n", 8));
  return path;
}

// Where the stand-in was opened from: the folder in which a real runtime looks for its providers.
std::string folder_of_the_runtime() {
  const auto& calls = fake().calls;
  for (const auto& call : calls)
    if (call.rfind("opened as ", 0) == 0) return call.substr(10, call.rfind('/') - 10);
  return "";
}

}  // namespace

TEST(a_core_that_is_not_there_is_said) {
  auto settings = settings_of();
  settings.runtime.core = "/nowhere/libonnxruntime.so.1";
  CHECK_THROWS(RUNTIME_MISSING, static_cast<void>(load_on_device(means(), settings)));
  settings.runtime.core = "";
  CHECK_THROWS(RUNTIME_MISSING, static_cast<void>(load_on_device(means(), settings)));
}

TEST(the_reason_of_a_provider_names_the_users_files) {
  auto settings = settings_of();
  settings.runtime.preload = {"/nowhere/libcudart.so.12"};
  fake().cuda_not_opened =
      "/src/provider_bridge.cc:1988 Get() [ONNXRuntimeError] : 1 : FAIL : Failed to load library "
      "FOLDER/libonnxruntime_providers_cuda.so with error: libcublasLt.so.13: cannot open "
      "shared "
      "object file";
  fake().no_tensorrt = "TensorRT execution provider is not enabled in this build.";
  const auto message = message_of([&] { static_cast<void>(load_on_device(means(), settings)); });
  CHECK(message.find("cannot use CUDA: Failed to load library /nowhere/libonnxruntime_providers_cuda.so with error: "
                     "libcublasLt.so.13: cannot open shared object file") != std::string::npos);
  CHECK(message.find("/nowhere/libcudart.so.12") != std::string::npos);
  CHECK(message.find("/proc/self") == std::string::npos);
  CHECK_THROWS(DEVICE_UNAVAILABLE, static_cast<void>(load_on_device(means(), settings)));
}

TEST(tensorrt_without_its_library_says_so_where_it_is_asked_for) {
  auto settings = settings_of("tensorrt");
  settings.runtime.preload = {"/nowhere/libcudart.so.12"};
  CHECK_THROWS(DEVICE_UNAVAILABLE, static_cast<void>(load_on_device(means(), settings)));
}

TEST(the_runtimes_folder_is_gone_and_cannot_be_filled_again) {
  const std::string folder = folder_of_the_runtime();
  CHECK(folder.rfind("/proc/self/fd/", 0) == 0);
  std::error_code error;
  // So the kernel calls a folder that has no name any more. Folders of other processes are none of this test's
  // business.
  CHECK(std::filesystem::read_symlink(folder, error).string().ends_with(" (deleted)"));
  CHECK(std::filesystem::exists(folder, error));  // the descriptor is still that folder's
  std::filesystem::create_symlink("/nowhere/any.so", folder + "/libonnxruntime_providers_cuda.so", error);
  CHECK(static_cast<bool>(error));
}

int main() {
  if (test::ort_library().empty()) {
    std::printf("skipped: providers that are missing (MICROTOME_ORT_LIBRARY is not set)\n");
    return 0;
  }
  fake().real_library = test::ort_library();
  set_runtime_path(test::ort_library());
  return test::run_tests();
}
