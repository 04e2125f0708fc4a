// The runtime says nothing on stdout or stderr, writes no file, and lets the process end while a model is loaded.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "infer/model.h"
#include "test/check.h"
#include "test/support/models.h"

using namespace microtome;
using namespace microtome::infer;
namespace models = microtome::test::models;

namespace {

// Both standard streams go to a file while this lives.
class Captured {
 public:
  explicit Captured(std::string path) : path_(std::move(path)) {
    std::fflush(nullptr);
    const int file = ::open(path_.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_APPEND, 0600);
    for (int stream = 1; stream <= 2; ++stream) {
      saved_[stream - 1] = ::dup(stream);
      ::dup2(file, stream);
    }
    ::close(file);
  }
  std::string finish() {
    std::fflush(nullptr);
    for (int stream = 1; stream <= 2; ++stream) {
      ::dup2(saved_[stream - 1], stream);
      ::close(saved_[stream - 1]);
    }
    std::ifstream file(path_);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

 private:
  std::string path_;
  int saved_[2] = {-1, -1};
};

std::vector<std::string> files_under(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) files.push_back(entry.path());
  return files;
}

// One of everything: loads, runs, a graph that warns, a broken file, a failing run, a terminated one.
void work(const test::TemporaryFolder& folder) {
  SessionOptions options;
  options.intra_op_threads = 2;
  const auto good = Model::load(folder.write("a.onnx", models::channel_means("n", 8)), options);
  const auto warns = Model::load(folder.write("b.onnx", models::with_unused("leftover")), options);
  CHECK_THROWS(MODEL_INVALID, static_cast<void>(Model::load(folder.write("c.onnx", "\x08\x08\x3a\x01"), options)));
  preprocess::TensorFormat how;
  how.size_px = 8;
  const std::vector<float> input(192, 0.5f);
  std::vector<std::vector<double>> out;
  CancelToken cancel;
  good->run(*good->make_slot(), input.data(), 1, how, {"means"}, out, cancel);
  if (!test::kAllocationFailureAborts) {
    const auto fails = Model::load(folder.write("d.onnx", models::much_memory()), options);
    CHECK_THROWS(OUT_OF_MEMORY, fails->run(*fails->make_slot(), input.data(), 1, how, {"mean"}, out, cancel));
  }
  const auto loops = Model::load(folder.write("e.onnx", models::endless()), options);
  std::thread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    cancel.cancel();
  });
  CHECK_THROWS(CANCELLED, loops->run(*loops->make_slot(), input.data(), 1, how, {"result"}, out, cancel));
  canceller.join();
}

}  // namespace

TEST(nothing_is_printed_and_nothing_is_written) {
  if (test::ort_library().empty()) return static_cast<void>(std::printf("skipped: nothing_is_printed\n"));
  const test::TemporaryFolder home;
  const test::TemporaryFolder cache;
  const test::TemporaryFolder elsewhere;
  const test::TemporaryFolder models_folder;
  // In what looks like CI the runtime keeps its usage data to itself, and there would be nothing to see.
  for (const char* name : {"CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "JENKINS_URL", "ORT_DISABLE_TELEMETRY"})
    ::unsetenv(name);
  ::setenv("HOME", home.path().c_str(), 1);
  ::setenv("XDG_CACHE_HOME", cache.path().c_str(), 1);
  ::setenv("TMPDIR", elsewhere.path().c_str(), 1);
  const std::string log = models_folder.path() + "/streams";
  Captured captured(log);
  set_runtime_path(test::ort_library());
  work(models_folder);
  CHECK_EQ(captured.finish(), std::string());
  CHECK(std::getenv("ORT_DISABLE_TELEMETRY") == nullptr);  // no setting of the process was changed
  ::unsetenv("TMPDIR");
  for (const auto& folder : {home.path(), cache.path(), elsewhere.path()})
    for (const auto& file : files_under(folder)) test::fail(__FILE__, __LINE__, "written: " + file);
  CHECK_EQ(files_under(models_folder.path()).size(), std::size_t{test::kAllocationFailureAborts ? 5 : 6});
}

TEST(a_model_may_be_loaded_when_the_process_ends) {
  if (test::ort_library().empty()) return static_cast<void>(std::printf("skipped: a_model_may_be_loaded\n"));
  static std::shared_ptr<Model> kept;  // released among the static objects, or not at all
  const test::TemporaryFolder folder;
  kept = Model::load(folder.write("a.onnx", models::channel_means("n", 8)), {});
  CHECK_EQ(kept->inputs().size(), std::size_t{1});
}

TEST_MAIN
