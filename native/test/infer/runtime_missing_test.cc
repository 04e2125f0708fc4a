// A library that is not there is reported with its path; the first path that was given stays.
#include "infer/model.h"
#include "test/check.h"
#include "test/support/models.h"

using namespace microtome;
using namespace microtome::infer;

TEST(without_a_path_the_library_is_missing) {
  const auto report = runtime_report();
  CHECK(!report.loaded);
  CHECK(!report.error.empty());
}

TEST(a_library_that_does_not_exist_is_named) {
  const test::TemporaryFolder folder;
  const std::string absent = folder.path() + "/libonnxruntime.so.1";
  set_runtime_path(absent);
  set_runtime_path("/another/path");
  const auto model = folder.write("model.onnx", test::models::channel_means("n", 8));
  CHECK_THROWS(RUNTIME_MISSING, static_cast<void>(Model::load(model, {})));
  const auto report = runtime_report();
  CHECK(!report.loaded);
  CHECK_EQ(report.path, absent);
  CHECK(report.error.find(absent) != std::string::npos);
}

TEST_MAIN
