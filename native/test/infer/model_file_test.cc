// Files that are no models are refused with a reason of their own; broken models with the runtime's.
#include "infer/model_file.h"

#include <sys/stat.h>

#include "infer/model.h"
#include "test/check.h"
#include "test/support/models.h"

using namespace microtome;
using namespace microtome::infer;

namespace {

std::string reason(const std::string& path, Code expected) {
  try {
    static_cast<void>(Model::load(path, {}));
  } catch (const Error& error) {
    CHECK_EQ(std::string(code_name(error.code())), std::string(code_name(expected)));
    CHECK_EQ(error.path(), path);
    return error.message();
  }
  test::fail(__FILE__, __LINE__, path + " was loaded");
  return "";
}

bool says(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST(files_that_are_no_models) {
  const test::TemporaryFolder folder;
  reason(folder.path() + "/absent.onnx", Code::FILE_NOT_FOUND);
  CHECK(says(reason(folder.path(), Code::MODEL_INVALID), "not a regular file"));
  CHECK(says(reason(folder.write("empty.onnx", ""), Code::MODEL_INVALID), "is empty"));
  CHECK(says(reason(folder.write("lfs.onnx", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"),
                    Code::MODEL_INVALID),
             "git lfs pull"));
  for (const char* content : {"hello, this is text", "{\"a\": 1}", "\x89PNG\r\n", "<html>", "PK\x03\x04", "\x08"})
    CHECK(says(reason(folder.write("other.onnx", content), Code::MODEL_INVALID), "not an ONNX file"));
  const std::string pipe = folder.path() + "/pipe.onnx";
  CHECK_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  CHECK(says(reason(pipe, Code::MODEL_INVALID), "not a regular file"));
}

TEST(fields_of_a_model_may_come_in_any_order) {
  const test::TemporaryFolder folder;
  for (const char* content :
       {"\x08\x08", "\x12\x01", "\x3a\x02\x12\x01", "\x42\x02\x10\x0d", "\x72\x01", "\xa2\x01\x02"})
    require_onnx_file(folder.write("model.onnx", content));
}

TEST(broken_models_are_refused_with_the_runtimes_reason) {
  if (test::ort_library().empty()) return static_cast<void>(std::printf("skipped: broken_models\n"));
  const test::TemporaryFolder folder;
  const std::string good = test::models::channel_means("n", 8);
  for (const std::size_t keep : {2u, 10u, 60u})
    reason(folder.write("cut.onnx", good.substr(0, keep)), Code::MODEL_INVALID);
  reason(folder.write("cut.onnx", good.substr(0, good.size() - 3)), Code::MODEL_INVALID);
  const auto unknown = test::onnx::Graph()
                           .input("tiles", test::onnx::Type::Float, {"n", 3, 8, 8})
                           .node("NoSuchOperator", {"tiles"}, {"out"})
                           .output("out", test::onnx::Type::Float, {"n", 3})
                           .model();
  CHECK(says(reason(folder.write("unknown.onnx", unknown), Code::MODEL_INVALID), "NoSuchOperator"));
}

TEST(collected_bad_models_are_refused) {
  if (test::ort_library().empty() || test::data_dir().empty())
    return static_cast<void>(std::printf("skipped: collected_bad_models\n"));
  const std::string bad = test::data_dir() + "/models/bad/";
  for (const char* name : {"bad_graph_with_duplicate_node_names.onnx", "ext_weights_missing_data.onnx",
                           "git_lfs_pointer.onnx", "super_resolution_too_old.onnx"})
    std::printf("  %s\n", reason(bad + name, Code::MODEL_INVALID).c_str());
}

TEST(other_devices_are_refused) {
  SessionOptions options;
  options.device = "cuda";
  CHECK_THROWS(DEVICE_UNAVAILABLE, static_cast<void>(Model::load("model.onnx", options)));
}

int main() {
  set_runtime_path(test::ort_library());
  return test::run_tests();
}
