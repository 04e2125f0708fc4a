// Loading and running graphs with the library that MICROTOME_ORT_LIBRARY names.
#include "infer/model.h"

#include <chrono>
#include <cmath>
#include <cstring>
#include <random>
#include <thread>

#include "preprocess/float16.h"
#include "test/check.h"
#include "test/support/models.h"

using namespace microtome;
using namespace microtome::infer;
namespace models = microtome::test::models;

namespace {

const test::TemporaryFolder& folder() {
  static const test::TemporaryFolder one;
  return one;
}

bool skipped(const char* name) {
  if (!test::ort_library().empty()) return false;
  std::printf("skipped: %s\n", name);
  return true;
}

std::shared_ptr<Model> load(const std::string& model, const SessionOptions& options = {}) {
  return Model::load(folder().write("model.onnx", model), options);
}

preprocess::TensorFormat floats(std::int64_t size_px) {
  preprocess::TensorFormat how;
  how.size_px = size_px;
  return how;
}

std::vector<float> random_floats(std::size_t count, std::uint32_t seed = 1) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (auto& value : values) value = static_cast<float>(random()) / 4294967296.0f;
  return values;
}

std::vector<double> run_one(Model& model, const void* input, std::int64_t tiles, const preprocess::TensorFormat& how,
                            const std::string& output) {
  CancelToken cancel;
  std::vector<std::vector<double>> out(1);
  const auto slot = model.make_slot();
  model.run(*slot, input, tiles, how, {output}, out, cancel);
  return out[0];
}

}  // namespace

TEST(means_of_every_channel_and_the_description_of_the_graph) {
  if (skipped("means_of_every_channel")) return;
  const auto model = load(models::channel_means("n", 8));
  CHECK_EQ(model->inputs().size(), std::size_t{1});
  CHECK_EQ(model->inputs()[0].name, "tiles");
  CHECK_EQ(model->inputs()[0].type, "float32");
  CHECK((model->inputs()[0].shape == std::vector<std::int64_t>{-1, 3, 8, 8}));
  CHECK_EQ(model->outputs()[0].name, "means");
  CHECK((model->outputs()[0].shape == std::vector<std::int64_t>{-1, 3}));
  for (const std::int64_t tiles : {1, 2, 5}) {
    const auto input = random_floats(static_cast<std::size_t>(tiles) * 192);
    const auto means = run_one(*model, input.data(), tiles, floats(8), "means");
    CHECK_EQ(means.size(), static_cast<std::size_t>(3 * tiles));
    for (std::size_t row = 0; row < means.size(); ++row) {
      double sum = 0;
      for (std::size_t i = 0; i < 64; ++i) sum += double{input[row * 64 + i]};
      CHECK(std::abs(means[row] - sum / 64) < 1e-6);
    }
  }
}

// What is no picture: the sides of a row are told, and the graph's must be the same.
TEST(rows_of_any_shape_run_where_their_shape_is_told) {
  if (skipped("rows_of_any_shape")) return;
  const auto model = load(test::onnx::Graph()
                              .input("rows", models::Type::Float, {"n", 2, 3})
                              .node("Neg", {"rows"}, {"negative"})
                              .output("negative", models::Type::Float, {"n", 2, 3})
                              .model());
  preprocess::TensorFormat how;
  how.row_shape = {2, 3};
  CHECK_EQ(how.bytes_per_tile(), std::size_t{24});
  const auto input = random_floats(4 * 6);
  const auto found = run_one(*model, input.data(), 4, how, "negative");
  CHECK_EQ(found.size(), input.size());
  for (std::size_t i = 0; i < input.size(); ++i) CHECK_EQ(found[i], -static_cast<double>(input[i]));
  for (const std::vector<std::int64_t>& other : {std::vector<std::int64_t>{3, 2}, {6}, {2, 3, 1}}) {
    how.row_shape = other;
    CHECK_THROWS(MODEL_MISMATCH, (void)run_one(*model, input.data(), 4, how, "negative"));
  }
}

TEST(output_is_appended_and_a_slot_is_used_again) {
  if (skipped("output_is_appended")) return;
  const auto model = load(models::identity(test::onnx::Type::Float));
  const auto slot = model->make_slot();
  CancelToken cancel;
  std::vector<std::vector<double>> out;
  const auto first = random_floats(2 * 48, 1);
  const auto second = random_floats(48, 2);
  model->run(*slot, first.data(), 2, floats(4), {"same"}, out, cancel);
  model->run(*slot, second.data(), 1, floats(4), {"same"}, out, cancel);
  CHECK_EQ(out.size(), std::size_t{1});
  CHECK_EQ(out[0].size(), std::size_t{3 * 48});
  for (std::size_t i = 0; i < out[0].size(); ++i)
    CHECK_EQ(out[0][i], static_cast<double>(i < 96 ? first[i] : second[i - 96]));
}

TEST(half_precision_in_and_out) {
  if (skipped("half_precision")) return;
  const auto model = load(models::half_means());
  CHECK_EQ(model->inputs()[0].type, "float16");
  auto how = floats(4);
  how.type = preprocess::ElementType::Float16;
  std::vector<std::uint16_t> input;
  for (int i = 0; i < 48; ++i) input.push_back(preprocess::float_to_half(static_cast<float>(i / 16) + 0.5f));
  const auto means = run_one(*model, input.data(), 1, how, "means");
  CHECK((means == std::vector<double>{0.5, 1.5, 2.5}));
}

TEST(bytes_in_nhwc_order_and_outputs_of_several_types) {
  if (skipped("bytes_in_nhwc_order")) return;
  const auto model = load(models::byte_sums());
  auto how = floats(2);
  how.type = preprocess::ElementType::Uint8;
  how.layout = preprocess::Layout::Nhwc;
  const std::vector<std::uint8_t> input = {10,  200, 30, 20,  200, 30, 10,  200, 30, 20,  200, 30,
                                           255, 0,   1,  255, 0,   1,  255, 0,   1,  255, 0,   1};
  CancelToken cancel;
  std::vector<std::vector<double>> out;
  const auto slot = model->make_slot();
  model->run(*slot, input.data(), 2, how, {"doubles", "largest", "above", "doubles"}, out, cancel);
  CHECK((out[0] == std::vector<double>{15, 200, 30, 255, 0, 1}));
  CHECK((out[1] == std::vector<double>{1, 0}));
  CHECK((out[2] == std::vector<double>{0, 1, 0, 1, 0, 0}));
  CHECK(out[3] == out[0]);
}

TEST(the_same_block_gives_the_same_bits_on_every_thread_slot_and_address) {
  if (skipped("the_same_block")) return;
  const std::int64_t tiles = 7;
  const auto how = floats(31);
  const auto input = random_floats(static_cast<std::size_t>(tiles * 3 * 31 * 31));
  for (const int intra : {1, 2}) {
    SessionOptions options;
    options.intra_op_threads = intra;
    const auto model = load(models::tile_means(), options);
    const auto expected = run_one(*model, input.data(), tiles, how, "means");
    std::vector<int> wrong(4);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < wrong.size(); ++t)
      threads.emplace_back([&, t] {
        for (std::size_t shift = 0; shift < 16; ++shift) {
          std::vector<float> moved(input.size() + 16);
          std::memcpy(moved.data() + shift, input.data(), input.size() * sizeof(float));
          if (run_one(*model, moved.data() + shift, tiles, how, "means") != expected) ++wrong[t];
        }
      });
    for (auto& thread : threads) thread.join();
    for (const int count : wrong) CHECK_EQ(count, 0);
  }
}

TEST(a_graph_with_a_fixed_batch_takes_just_that) {
  if (skipped("a_graph_with_a_fixed_batch")) return;
  const auto model = load(models::channel_means(4, 8));
  const auto input = random_floats(5 * 192);
  CHECK_EQ(run_one(*model, input.data(), 4, floats(8), "means").size(), std::size_t{12});
  CHECK_THROWS(MODEL_MISMATCH, run_one(*model, input.data(), 3, floats(8), "means"));
  CHECK_THROWS(MODEL_MISMATCH, run_one(*model, input.data(), 5, floats(8), "means"));
}

TEST(input_that_does_not_fit_is_refused_before_a_byte_is_read) {
  if (skipped("input_that_does_not_fit")) return;
  const auto model = load(models::channel_means("n", 8));
  const auto refuse = [&](std::int64_t tiles, const preprocess::TensorFormat& how) {
    CHECK_THROWS(MODEL_MISMATCH, run_one(*model, nullptr, tiles, how, "means"));
  };
  refuse(1, floats(16));
  refuse(0, floats(8));
  refuse(-1, floats(8));
  auto how = floats(8);
  how.layout = preprocess::Layout::Nhwc;
  refuse(1, how);
  how = floats(8);
  how.type = preprocess::ElementType::Float16;
  refuse(1, how);
  const auto input = random_floats(192);
  CHECK_THROWS(MODEL_MISMATCH, run_one(*model, input.data(), 1, floats(8), "no such output"));
  const auto two = load(models::two_inputs());
  CHECK_THROWS(MODEL_MISMATCH, run_one(*two, input.data(), 1, floats(8), "out"));
  const auto slot = two->make_slot();
  CancelToken cancel;
  std::vector<std::vector<double>> out;
  CHECK_THROWS(INTERNAL, model->run(*slot, input.data(), 1, floats(8), {"means"}, out, cancel));
  CHECK_THROWS(OUT_OF_MEMORY, run_one(*model, nullptr, std::int64_t{1} << 60, floats(8), "means"));
}

TEST(outputs_that_are_not_one_row_per_tile_are_refused_and_nothing_is_appended) {
  if (skipped("outputs_that_are_not_one_row_per_tile")) return;
  const auto model = load(models::wrong_shapes());
  const auto input = random_floats(2 * 192);
  CancelToken cancel;
  const auto slot = model->make_slot();
  for (const char* name : {"scalar", "columns", "twice", "nothing"}) {
    std::vector<std::vector<double>> out(1);
    CHECK_THROWS(OUTPUT_SHAPE, model->run(*slot, input.data(), 2, floats(8), {name}, out, cancel));
    CHECK(out[0].empty());
  }
  const auto fits = load(models::expanded(1'000'000));
  CHECK_EQ(run_one(*fits, input.data(), 1, floats(8), "wide").size(), std::size_t{1'000'000});
  const auto too_long = load(models::expanded(1'000'001));
  CHECK_THROWS(OUTPUT_SHAPE, run_one(*too_long, input.data(), 1, floats(8), "wide"));
}

TEST(a_failed_allocation_is_out_of_memory) {
  if (test::kAllocationFailureAborts) return static_cast<void>(std::printf("skipped: a_failed_allocation\n"));
  if (skipped("a_failed_allocation")) return;
  const auto model = load(models::much_memory());
  const auto input = random_floats(192);
  CHECK_THROWS(OUT_OF_MEMORY, run_one(*model, input.data(), 1, floats(8), "mean"));
}

TEST(nan_comes_through) {
  if (skipped("nan_comes_through")) return;
  const auto model = load(models::not_a_number());
  const auto input = random_floats(48);
  for (const double value : run_one(*model, input.data(), 1, floats(4), "nan")) CHECK(std::isnan(value));
}

TEST(a_running_inference_is_terminated_and_the_slot_runs_again) {
  if (skipped("a_running_inference_is_terminated")) return;
  const auto model = load(models::endless());
  const auto other = load(models::channel_means("n", "s"));
  const auto input = random_floats(48);
  const auto slot = model->make_slot();
  for (int round = 0; round < 2; ++round) {
    CancelToken cancel;
    std::vector<std::vector<double>> out;
    std::thread canceller([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      cancel.cancel();
    });
    const auto begin = std::chrono::steady_clock::now();
    CHECK_THROWS(CANCELLED, model->run(*slot, input.data(), 1, floats(4), {"result"}, out, cancel));
    const auto took = std::chrono::steady_clock::now() - begin;
    canceller.join();
    CHECK(took >= std::chrono::milliseconds(90));
    CHECK(took < std::chrono::seconds(10));
    CHECK(out.empty() || out[0].empty());
  }
  CancelToken already;
  already.cancel();
  std::vector<std::vector<double>> out;
  const auto other_slot = other->make_slot();
  CHECK_THROWS(CANCELLED, other->run(*other_slot, input.data(), 1, floats(4), {"means"}, out, already));
  CancelToken fresh;
  other->run(*other_slot, input.data(), 1, floats(4), {"means"}, out, fresh);
  CHECK_EQ(out[0].size(), std::size_t{3});
}

TEST(a_load_is_given_up_when_it_is_cancelled) {
  if (skipped("a_load_is_given_up")) return;
  CancelToken before;
  before.cancel();
  SessionOptions options;
  options.cancel = &before;
  CHECK_THROWS(CANCELLED, static_cast<void>(Model::load(folder().path() + "/absent.onnx", options)));

  if (!runtime_report().is_private || runtime_report().api < 22) return;  // without a log, or without the flag
  // The runtime warns of the unused tensor before it does most of its work; the flag is set from inside that call.
  CancelToken cancel;
  int lines = 0;
  options.cancel = &cancel;
  options.log = [&](const std::string&) {
    ++lines;
    cancel.cancel();
  };
  try {
    static_cast<void>(load(models::long_chain(2000), options));
    test::fail(__FILE__, __LINE__, "the model was loaded");
  } catch (const Error& error) {
    CHECK_EQ(std::string(code_name(error.code())), "CANCELLED");
    CHECK(error.message().find("the load was given up") != std::string::npos);
  }
  CHECK_EQ(lines, 1);

  CancelToken idle;
  options.cancel = &idle;
  options.log = {};
  const auto loaded = load(models::long_chain(10), options);
  idle.cancel();  // the load is over: the model is not touched
  const auto input = random_floats(192);
  CHECK_EQ(run_one(*loaded, input.data(), 1, floats(8), "end").size(), std::size_t{192});
}

TEST(a_slot_keeps_its_model_alive) {
  if (skipped("a_slot_keeps_its_model_alive")) return;
  auto model = load(models::channel_means("n", 8));
  auto slot = model->make_slot();
  model.reset();
  slot.reset();
}

TEST(log_lines_go_to_the_session_that_caused_them) {
  if (skipped("log_lines")) return;
  if (!runtime_report().is_private) return;  // a shared library's log is not ours
  std::vector<std::string> first;
  std::vector<std::string> second;
  SessionOptions options;
  options.log = [&](const std::string& line) { first.push_back(line); };
  const auto one = load(models::with_unused("leftover_a"), options);
  options.log = [&](const std::string& line) { second.push_back(line); };
  const auto two = load(models::with_unused("leftover_b"), options);
  const auto mentions = [](const std::vector<std::string>& lines, const char* word) {
    for (const auto& line : lines)
      if (line.find(word) != std::string::npos) return true;
    return false;
  };
  CHECK(mentions(first, "leftover_a"));
  CHECK(!mentions(first, "leftover_b"));
  CHECK(mentions(second, "leftover_b"));
  CHECK(!mentions(second, "leftover_a"));
}

TEST(the_report_names_the_library) {
  if (skipped("the_report")) return;
  const auto report = runtime_report();
  CHECK(report.loaded);
  CHECK_EQ(report.path, test::ort_library());
  CHECK_EQ(report.version.substr(0, 2), "1.");
  CHECK(report.api >= 14);
  CHECK(report.error.empty());
  bool cpu = false;
  for (const auto& provider : report.providers) cpu = cpu || provider == "CPUExecutionProvider";
  CHECK(cpu);
}

int main() {
  set_runtime_path(test::ort_library());
  return test::run_tests();
}
