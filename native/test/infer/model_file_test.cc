// Files that are no models are refused with a reason of their own; broken models with the runtime's.
#include "infer/model_file.h"

#include <sys/stat.h>

#include "core/sha256.h"
#include "infer/model.h"
#include "test/check.h"
#include "test/support/models.h"

using namespace microtome;
using namespace microtome::infer;

namespace {

std::string reason(const ModelFiles& files, Code expected, const SessionOptions& options = {}) {
  const std::string path = files.weights.empty() ? files.graph.path : files.weights.front().path;
  try {
    static_cast<void>(Model::load(files, options));
  } catch (const Error& error) {
    CHECK_EQ(std::string(code_name(error.code())), std::string(code_name(expected)));
    CHECK_EQ(error.path(), path);
    return error.message();
  }
  test::fail(__FILE__, __LINE__, path + " was loaded");
  return "";
}

std::string reason(const std::string& path, Code expected) { return reason({{path, ""}, {}}, expected); }

std::string hash(std::string_view content) {
  Sha256 one;
  one.add(std::as_bytes(std::span(content)));
  return one.finish();
}

std::string bytes_of(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

// The outputs for tiles of zeros.
std::vector<double> outputs_of(Model& model, const std::string& name) {
  preprocess::TensorFormat how;
  how.size_px = 8;
  const std::vector<float> input(192);
  std::vector<std::vector<double>> out;
  CancelToken cancel;
  model.run(*model.make_slot(), input.data(), 1, how, {name}, out, cancel);
  return out[0];
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
       {"\x08\x08", "\x12\x01", "\x3a\x02\x12\x01", "\x42\x02\x10\x0d", "\x72\x01", "\xa2\x01\x02"}) {
    const std::string path = folder.write("model.onnx", content);
    CHECK_EQ(read_graph(OpenModelFile(path), {path, ""}, nullptr).size, std::string_view(content).size());
  }
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

TEST(a_graph_that_changed_after_it_was_hashed_is_refused) {
  const test::TemporaryFolder folder;
  const std::string model = test::models::channel_means("n", 8);
  const std::string path = folder.write("model.onnx", model);
  CHECK(says(reason({{path, hash("another")}, {}}, Code::MODEL_INVALID), "was changed after"));
  CancelToken cancelled;
  cancelled.cancel();
  CHECK_THROWS(CANCELLED, static_cast<void>(read_graph(OpenModelFile(path), {path, hash(model)}, &cancelled)));
  if (test::ort_library().empty()) return;
  CHECK_EQ(outputs_of(*Model::load(ModelFiles{{path, hash(model)}, {}}, {}), "means").size(), std::size_t{3});
}

TEST(a_file_that_is_replaced_or_written_to_is_no_longer_the_same) {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("weights.bin", "twelve bytes");
  const OpenModelFile opened(path);
  CHECK(opened.is_unchanged());
  folder.write("other.bin", "twelve bytes");
  std::filesystem::rename(folder.path() + "/other.bin", path);
  CHECK(!opened.is_unchanged());
  const OpenModelFile again(path);
  folder.write("weights.bin", "longer than twelve bytes");
  CHECK(!again.is_unchanged());
  std::filesystem::remove(path);
  CHECK(!again.is_unchanged());
}

TEST(weights_elsewhere_are_taken_by_the_name_that_the_graph_has_for_them) {
  if (test::ort_library().empty()) return static_cast<void>(std::printf("skipped: weights_elsewhere\n"));
  const test::TemporaryFolder folder;
  const test::TemporaryFolder store;
  const std::string graph = test::models::with_weights();
  const std::string weights = bytes_of({1, 2, 3});
  ModelFiles files{{folder.write("model.onnx", graph), hash(graph)},
                   {{store.write("0a1b2c", weights), hash(weights), "weights.bin"}}};
  if (runtime_report().api < 18) return CHECK_THROWS(MODEL_INVALID, static_cast<void>(Model::load(files, {})));
  CHECK((outputs_of(*Model::load(files, {}), "shifted") == std::vector<double>{1, 2, 3}));
  // A file of that name beside the graph is not the one that was hashed.
  folder.write("weights.bin", bytes_of({4, 5, 6}));
  CHECK((outputs_of(*Model::load(files, {}), "shifted") == std::vector<double>{1, 2, 3}));

  CancelToken cancelled;
  cancelled.cancel();
  CHECK_THROWS(CANCELLED,
               static_cast<void>(read_weights(OpenModelFile(files.weights[0].path), files.weights[0], &cancelled)));
  files.weights[0].sha256 = hash("another");
  CHECK(says(reason(files, Code::MODEL_INVALID), "was changed after"));
}

TEST(weights_beside_the_graph_are_found_and_are_those_that_were_hashed) {
  if (test::ort_library().empty()) return static_cast<void>(std::printf("skipped: weights_beside_the_graph\n"));
  const test::TemporaryFolder folder;
  const std::string graph = test::models::with_weights();
  const std::string weights = bytes_of({1, 2, 3});
  const ModelFiles files{{folder.write("model.onnx", graph), hash(graph)},
                         {{folder.write("weights.bin", weights), hash(weights)}}};
  CHECK((outputs_of(*Model::load(files, {}), "shifted") == std::vector<double>{1, 2, 3}));
  CHECK((outputs_of(*Model::load(files.graph.path, {}), "shifted") == std::vector<double>{1, 2, 3}));

  auto stale = files;
  stale.weights[0].sha256 = hash("another");
  CHECK(says(reason(stale, Code::MODEL_INVALID), "was changed after"));
  CancelToken cancelled;
  cancelled.cancel();
  CHECK_THROWS(CANCELLED, require_weights(OpenModelFile(files.weights[0].path), files.weights[0], &cancelled));

  if (!runtime_report().is_private) return;  // without a log
  // Other weights take the place of the hashed ones while the runtime loads.
  SessionOptions options;
  options.log = [&](const std::string&) {
    folder.write("other.bin", bytes_of({4, 5, 6}));
    std::filesystem::rename(folder.path() + "/other.bin", files.weights[0].path);
  };
  CHECK(says(reason(files, Code::MODEL_INVALID, options), "was changed after"));
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
