// Jobs of images with a runner that needs no runtime: a row's value is the colour of its first pixel. What one bad
// image does to the others, places that are none, files that change, memory, cancelling and closing.
#include "engine/image_job.h"

#include <atomic>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <limits>
#include <map>
#include <thread>

#include "engine/engine.h"
#include "test/check.h"
#include "test/decode/codec_support.h"
#include "test/support/heap_memory.h"
#include "test/support/models.h"
#include "test/support/only_runner.h"
#include "test/support/peak_memory.h"

using namespace microtome;
using namespace microtome::engine;
using test::Bytes;

namespace {

constexpr std::int64_t kSidePx = 16;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

struct Shape {
  int in_flight = 0;
  std::int64_t fixed_rows = 0;  // 0: as wanted
  RowKind rows = RowKind::Tensor;
  double no_number = -1;  // for this colour, and those beside it, the output is none
};

// Before a batch runs, `before` is called: to hold it up.
class ColourRunner final : public Runner {
 public:
  ColourRunner(Shape shape, std::function<void()> before) : shape_(shape), before_(std::move(before)) {}

  [[nodiscard]] Traits traits() const noexcept override {
    return {.memory = MemoryKind::Host,
            .in_flight = shape_.in_flight,
            .spans_jobs = shape_.in_flight > 0,
            .rows = shape_.rows};
  }
  [[nodiscard]] std::int64_t rows_of_a_batch(std::int64_t wanted, std::size_t /*row_bytes*/) const noexcept override {
    return shape_.fixed_rows > 0 ? shape_.fixed_rows : wanted;
  }
  [[nodiscard]] bool pads() const noexcept override { return shape_.fixed_rows > 0; }
  [[nodiscard]] std::int64_t columns_of(const std::string& /*output*/) const noexcept override { return 1; }
  [[nodiscard]] std::unique_ptr<BatchMemory> make_memory(std::size_t bytes) override {
    return std::make_unique<test::HeapMemory>(bytes);
  }
  void submit(Batch& batch, CancelToken& /*cancel*/, Done done) noexcept override {
    if (before_) before_();
    batch.outputs.assign(1, {});
    for (std::int64_t i = 0; i < batch.rows; ++i) {
      const double colour = colour_at(batch.row(i));
      batch.outputs[0].push_back(std::abs(colour - shape_.no_number) <= 1 ? kNone : colour);
    }
    done();
  }

 private:
  [[nodiscard]] double colour_at(const std::uint8_t* row) const {
    if (shape_.rows == RowKind::Pixels) return row[0];
    float colour = 0;
    std::memcpy(&colour, row, sizeof colour);
    return static_cast<double>(colour);
  }

  const Shape shape_;
  const std::function<void()> before_;
};

struct Scene {
  explicit Scene(Shape shape = {}, int threads = 2, std::int64_t memory_bytes = 1 << 30,
                 std::function<void()> before = {})
      : pool(WorkerPool::create(threads)),
        engine(std::make_unique<Engine>(pool, test::only(std::make_unique<ColourRunner>(shape, std::move(before))),
                                        EngineOptions{.threads = threads, .memory_bytes = memory_bytes})) {}
  std::shared_ptr<WorkerPool> pool;
  std::unique_ptr<Engine> engine;
};

ImageRequest request_for(ImageList images) {
  ImageRequest request;
  request.images = std::move(images);
  request.encoder.name = "encoder";
  request.encoder.outputs = {{.name = "colour"}};
  request.encoder.format.size_px = kSidePx;
  request.encoder.format.scale = 1;
  request.heads = {{}};
  request.outputs = {{.name = "colour", .of = {{}}, .calibration = {}, .clip = {}}};
  return request;
}

std::future<ImageOutcome> start(Engine& engine, ImageRequest request, std::shared_ptr<ImageJob>* job = nullptr) {
  auto promise = std::make_shared<std::promise<ImageOutcome>>();
  auto outcome = promise->get_future();
  auto made = engine.score_images(std::move(request),
                                  [promise](ImageOutcome result) { promise->set_value(std::move(result)); });
  if (job != nullptr) *job = std::move(made);
  return outcome;
}

ImageRows rows_of(std::future<ImageOutcome> outcome) {
  ImageOutcome result = outcome.get();
  if (auto* failure = std::get_if<std::exception_ptr>(&result)) std::rethrow_exception(*failure);
  return std::move(std::get<ImageRows>(result));
}

std::map<std::int64_t, std::string> codes_of(const ImageRows& rows) {
  std::map<std::int64_t, std::string> codes;
  for (const ImageFailure& failure : rows.failures) {
    try {
      std::rethrow_exception(failure.error);
    } catch (const Error& error) {
      codes[failure.index] = std::string(code_name(error.code()));
      CHECK(!error.path().empty());
    }
  }
  return codes;
}

int colour_of(std::size_t i) { return static_cast<int>(1 + i * 7 % 250); }

// Images of one grey, of changing sides, one after another with bytes between.
struct Stored {
  Bytes bytes;
  ImagePlaces places;
};

Stored stored(const test::JpegTool& tool, std::size_t count, const std::string& path) {
  Stored all;
  all.places.path = path;
  for (std::size_t i = 0; i < count; ++i) {
    const int width = static_cast<int>(5 + i % 40), height = static_cast<int>(3 + i % 17);
    const Bytes jpeg =
        tool.encode(Bytes(static_cast<std::size_t>(3 * width * height), static_cast<std::uint8_t>(colour_of(i))), width,
                    height, {.grey = true, .quality = 100});
    all.bytes.resize(all.bytes.size() + i % 9);
    all.places.offsets.push_back(static_cast<double>(all.bytes.size()));
    all.places.bytes.push_back(static_cast<double>(jpeg.size()));
    all.bytes.insert(all.bytes.end(), jpeg.begin(), jpeg.end());
  }
  return all;
}

void write(const std::string& path, const Bytes& bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

int wrong_values(const ImageRows& rows, const std::vector<std::size_t>& images) {
  int wrong = 0;
  for (std::size_t i = 0; i < images.size(); ++i)
    wrong += std::abs(rows.outputs[0].values[i] - colour_of(images[i])) > 1 || std::isnan(rows.outputs[0].values[i]);
  return wrong;
}

std::vector<std::size_t> first(std::size_t count) {
  std::vector<std::size_t> all(count);
  for (std::size_t i = 0; i < count; ++i) all[i] = i;
  return all;
}

bool skipped(const char* name) { return !test::have_jpeg(name); }

constexpr Shape kShapes[] = {{},
                             {.fixed_rows = 5},
                             {.in_flight = 2, .fixed_rows = 12},
                             {.in_flight = 1, .fixed_rows = 7, .rows = RowKind::Pixels}};

}  // namespace

TEST(images_of_one_file_have_the_values_of_their_places) {
  if (skipped("images_of_one_file")) return;
  const test::TemporaryFolder folder;
  const Stored all = stored(test::JpegTool(), 501, folder.path() + "/images");
  write(all.places.path, all.bytes);
  for (const Shape& shape : kShapes)
    for (const int threads : {1, 3}) {
      Scene scene(shape, threads);
      const ImageRows rows = rows_of(start(*scene.engine, request_for(all.places)));
      CHECK_EQ(wrong_values(rows, first(501)), 0);
      CHECK(rows.failures.empty());
      CHECK_EQ(rows.marks.size(), std::size_t{501});
    }
}

TEST(an_order_that_jumps_about_changes_no_value) {
  if (skipped("an_order_that_jumps_about")) return;
  const test::TemporaryFolder folder;
  const Stored all = stored(test::JpegTool(), 200, folder.path() + "/images");
  write(all.places.path, all.bytes);
  ImagePlaces places{.path = all.places.path, .offsets = {}, .bytes = {}};
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < 300; ++i) order.push_back(i * 67 % 200);  // some twice
  for (const std::size_t i : order) {
    places.offsets.push_back(all.places.offsets[i]);
    places.bytes.push_back(all.places.bytes[i]);
  }
  Scene scene;
  CHECK_EQ(wrong_values(rows_of(start(*scene.engine, request_for(places))), order), 0);
}

TEST(no_image_is_no_failure) {
  if (skipped("no_image")) return;
  for (const Shape& shape : kShapes) {
    Scene scene(shape);
    const ImageRows rows = rows_of(start(*scene.engine, request_for(ImageFiles{})));
    CHECK(rows.outputs.size() == 1 && rows.outputs[0].values.empty() && rows.failures.empty());
  }
}

TEST(a_bad_place_fails_alone) {
  if (skipped("a_bad_place_fails_alone")) return;
  const test::TemporaryFolder folder;
  Stored all = stored(test::JpegTool(), 60, folder.path() + "/images");
  write(all.places.path, all.bytes);
  const auto end = static_cast<double>(all.bytes.size());
  const std::pair<double, double> bad[] = {{end, 1},  {end - 1, 2}, {-1, 10},   {kNone, 10},  {10, kNone}, {0.5, 10},
                                           {10, -10}, {1e300, 1},   {0, 1e300}, {9e15, 9e15}, {0, 0},      {1, 20}};
  for (std::size_t i = 0; i < std::size(bad); ++i) {
    all.places.offsets[3 * i + 1] = bad[i].first;
    all.places.bytes[3 * i + 1] = bad[i].second;
  }
  const std::string expected[] = {"TRUNCATED",      "TRUNCATED",      "INVALID_OPTION", "INVALID_OPTION",
                                  "INVALID_OPTION", "INVALID_OPTION", "INVALID_OPTION", "INVALID_OPTION",
                                  "INVALID_OPTION", "TRUNCATED",      "TRUNCATED",      "IMAGES_INVALID"};
  for (const Shape& shape : kShapes) {
    Scene scene(shape);
    const ImageRows rows = rows_of(start(*scene.engine, request_for(all.places)));
    const auto codes = codes_of(rows);
    CHECK_EQ(codes.size(), std::size(bad));
    for (std::size_t i = 0; i < std::size(bad); ++i) {
      const auto at = static_cast<std::int64_t>(3 * i + 1);
      CHECK(codes.contains(at));
      if (codes.contains(at)) CHECK_EQ(codes.at(at), expected[i]);
      CHECK(std::isnan(rows.outputs[0].values[3 * i + 1]));
      CHECK(!std::isnan(rows.outputs[0].values[3 * i]));
    }
  }
}

TEST(files_are_read_by_their_content_and_fail_alone) {
  if (skipped("files_are_read")) return;
  const test::TemporaryFolder folder;
  const test::JpegTool tool;
  const Bytes jpeg = tool.encode(Bytes(3 * 20 * 20, 90), 20, 20, {.quality = 100});
  write(folder.path() + "/good.png", jpeg);  // its name says nothing
  write(folder.path() + "/empty.jpg", {});
  write(folder.path() + "/text.jpg", {'t', 'e', 'x', 't'});
  write(folder.path() + "/cut.jpg", Bytes(jpeg.begin(), jpeg.end() - 30));
  std::filesystem::create_directory(folder.path() + "/folder.jpg");
  ImageFiles files;
  for (const char* name : {"good.png", "missing.jpg", "empty.jpg", "text.jpg", "cut.jpg", "folder.jpg", "good.png"})
    files.paths.push_back(folder.path() + "/" + name);
  Scene scene;
  const ImageRows rows = rows_of(start(*scene.engine, request_for(files)));
  const std::map<std::int64_t, std::string> expected{
      {1, "FILE_NOT_FOUND"}, {2, "TRUNCATED"}, {3, "IMAGES_INVALID"}, {4, "TRUNCATED"}, {5, "IMAGES_INVALID"}};
  CHECK(codes_of(rows) == expected);
  CHECK(std::abs(rows.outputs[0].values[0] - 90) <= 1 && std::abs(rows.outputs[0].values[6] - 90) <= 1);
}

TEST(a_file_of_places_that_is_not_there_fails_the_batch) {
  if (skipped("a_file_of_places")) return;
  const test::TemporaryFolder folder;
  Scene scene;
  CHECK_THROWS(FILE_NOT_FOUND,
               (void)rows_of(start(*scene.engine, request_for(ImagePlaces{folder.path() + "/none", {0}, {10}}))));
  CHECK_THROWS(IMAGES_INVALID, (void)rows_of(start(*scene.engine, request_for(ImagePlaces{folder.path(), {0}, {10}}))));
}

// It is opened before the first image, and read as it was then or not at all.
TEST(a_file_that_shrinks_or_goes_away_is_an_outcome) {
  if (skipped("a_file_that_shrinks")) return;
  const test::TemporaryFolder folder;
  const Stored all = stored(test::JpegTool(), 400, folder.path() + "/images");
  write(all.places.path, all.bytes);
  std::atomic<bool> is_first{true};
  const auto path = all.places.path;
  const auto half = all.bytes.size() / 2;
  Scene shrinks({}, 1, 1 << 30, [&] {
    if (is_first.exchange(false)) std::filesystem::resize_file(path, half);
  });
  const ImageRows rows = rows_of(start(*shrinks.engine, request_for(all.places)));
  const auto codes = codes_of(rows);
  CHECK(codes.size() > 50 && codes.size() < 400);
  for (const auto& [index, code] : codes) CHECK_EQ(code, "TRUNCATED");
  for (std::size_t i = 0; i < 400; ++i)
    if (!codes.contains(static_cast<std::int64_t>(i))) CHECK(std::abs(rows.outputs[0].values[i] - colour_of(i)) <= 1);

  write(path, all.bytes);
  std::atomic<bool> is_there{true};
  Scene goes({}, 1, 1 << 30, [&] {
    if (is_there.exchange(false)) std::filesystem::remove(path);
  });
  CHECK_EQ(wrong_values(rows_of(start(*goes.engine, request_for(all.places))), first(400)), 0);
}

// Those that are larger than a worker's own room take what is left of the limit, or go one at a time in half of it.
TEST(a_large_image_waits_for_its_turn_and_a_larger_one_is_refused) {
  if (skipped("a_large_image")) return;
  const test::TemporaryFolder folder;
  const test::JpegTool tool;
  const auto grey_file = [&](const std::string& name, int side) {
    write(folder.path() + name,
          tool.encode(Bytes(static_cast<std::size_t>(3) * static_cast<std::size_t>(side * side), 60), side, side,
                      {.grey = true}));
  };
  grey_file("/large", 2000);  // 12 MB
  grey_file("/huge", 3500);   // 37 MB
  grey_file("/small", 20);
  ImageFiles files;
  for (int i = 0; i < 24; ++i)
    files.paths.push_back(folder.path() + (i % 5 == 2 ? "/huge" : i % 2 == 0 ? "/large" : "/small"));
  for (const Shape& shape : {kShapes[0], kShapes[2]}) {
    Scene scene(shape, 3, 64 << 20);
    const ImageRows rows = rows_of(start(*scene.engine, request_for(files)));
    for (const auto& [index, code] : codes_of(rows)) {
      CHECK_EQ(index % 5, 2);
      CHECK_EQ(code, "LIMIT_EXCEEDED");
    }
    CHECK_EQ(rows.failures.size(), std::size_t{5});
    for (std::size_t i = 0; i < 24; ++i)
      if (i % 5 != 2) CHECK(std::abs(rows.outputs[0].values[i] - 60) <= 1);
    CHECK(scene.engine->peak_memory_bytes() <= 64 << 20);
  }
}

// What is kept of an image are its values: 1024 of them decoded would take 490 MB.
TEST(many_images_take_the_memory_of_a_few) {
  if (skipped("many_images")) return;
  const test::TemporaryFolder folder;
  const test::JpegTool tool;
  const Bytes jpeg = tool.encode(Bytes(3 * 400 * 400, 60), 400, 400, {.grey = true});
  write(folder.path() + "/image", jpeg);
  ImagePlaces places{folder.path() + "/image", std::vector<double>(1024, 0),
                     std::vector<double>(1024, static_cast<double>(jpeg.size()))};
  for (const Shape& shape : {kShapes[0], kShapes[2]}) {
    Scene scene(shape, 2, 128 << 20);
    const auto grown = test::peak_growth_bytes([&] {
      const ImageRows rows = rows_of(start(*scene.engine, request_for(places)));
      CHECK(rows.failures.empty());
    });
    if (grown) CHECK(*grown < 48 << 20);
  }
}

TEST(too_little_memory_is_refused_by_name) {
  if (skipped("too_little_memory")) return;
  ImageRequest request = request_for(ImageFiles{{"/nowhere"}});
  request.encoder.format.size_px = 16384;
  Scene scene({}, 2, 64 << 20);
  CHECK_THROWS(LIMIT_EXCEEDED, (void)rows_of(start(*scene.engine, std::move(request))));
}

// Jobs that wait for each other's memory all end.
TEST(many_batches_at_once_all_end) {
  if (skipped("many_batches_at_once")) return;
  const test::TemporaryFolder folder;
  const Stored all = stored(test::JpegTool(), 40, folder.path() + "/images");
  write(all.places.path, all.bytes);
  for (const Shape& shape : kShapes) {
    Scene scene(shape, 3, 72 << 20);
    std::vector<std::future<ImageOutcome>> outcomes;
    for (int i = 0; i < 30; ++i) outcomes.push_back(start(*scene.engine, request_for(all.places)));
    for (auto& outcome : outcomes) CHECK_EQ(wrong_values(rows_of(std::move(outcome)), first(40)), 0);
  }
}

TEST(a_cancelled_batch_ends_and_others_go_on) {
  if (skipped("a_cancelled_batch")) return;
  const test::TemporaryFolder folder;
  const Stored all = stored(test::JpegTool(), 100, folder.path() + "/images");
  write(all.places.path, all.bytes);
  for (const Shape& shape : kShapes) {
    std::promise<void> gate;
    const auto opened = gate.get_future().share();
    Scene scene(shape, 2, 1 << 30, [opened] { opened.wait(); });
    std::shared_ptr<ImageJob> job;
    auto given_up = start(*scene.engine, request_for(all.places), &job);
    auto other = start(*scene.engine, request_for(all.places));
    scene.engine->cancel(job);
    gate.set_value();
    CHECK_THROWS(CANCELLED, (void)rows_of(std::move(given_up)));
    CHECK_EQ(wrong_values(rows_of(std::move(other)), first(100)), 0);
  }
}

TEST(closing_ends_what_runs_and_refuses_what_comes) {
  if (skipped("closing")) return;
  const test::TemporaryFolder folder;
  const Stored all = stored(test::JpegTool(), 100, folder.path() + "/images");
  write(all.places.path, all.bytes);
  for (const Shape& shape : kShapes) {
    std::promise<void> reached;
    std::atomic<bool> is_first{true};
    Scene scene(shape, 2, 1 << 30, [&] {
      if (is_first.exchange(false)) reached.set_value();
    });
    auto running = start(*scene.engine, request_for(all.places));
    reached.get_future().wait();
    scene.engine->close();
    // It had all its rows before, or was given up.
    try {
      CHECK_EQ(wrong_values(rows_of(std::move(running)), first(100)), 0);
    } catch (const Error& error) {
      CHECK(error.code() == Code::CANCELLED);
    }
    CHECK_THROWS(CANCELLED, (void)rows_of(start(*scene.engine, request_for(all.places))));
  }
}

TEST(values_are_calibrated_and_held_to_the_range) {
  if (skipped("values_are_calibrated")) return;
  const test::TemporaryFolder folder;
  const Stored all = stored(test::JpegTool(), 30, folder.path() + "/images");
  write(all.places.path, all.bytes);
  ImageRequest request = request_for(all.places);
  request.outputs[0].clip = {100, 120};
  request.outputs.push_back({.name = "twice", .of = {{.weight = 1}, {.weight = 1}}, .calibration = {}, .clip = {}});
  request.heads = {{}, {.head = {.method = aggregate::Method::Max}}};
  request.outputs[1].of[1].head = 1;
  Scene scene;
  const ImageRows rows = rows_of(start(*scene.engine, std::move(request)));
  for (std::size_t i = 0; i < 30; ++i) {
    const double value = rows.outputs[0].unclipped[i];
    CHECK(std::abs(value - colour_of(i)) <= 1);
    CHECK_EQ(rows.outputs[0].values[i], std::clamp(value, 100.0, 120.0));
    CHECK_EQ(rows.outputs[1].values[i], value);
  }
}

TEST(an_output_that_is_no_number_fails_its_image_alone) {
  if (skipped("an_output_that_is_no_number")) return;
  const test::TemporaryFolder folder;
  const Stored all = stored(test::JpegTool(), 40, folder.path() + "/images");
  write(all.places.path, all.bytes);
  for (Shape shape : kShapes) {
    shape.no_number = colour_of(11);
    Scene scene(shape);
    const ImageRows rows = rows_of(start(*scene.engine, request_for(all.places)));
    CHECK(codes_of(rows) == (std::map<std::int64_t, std::string>{{11, "OUTPUT_NOT_FINITE"}}));
    for (std::size_t i = 0; i < 40; ++i) CHECK_EQ(std::isnan(rows.outputs[0].values[i]), i == 11);
  }
}

TEST(a_column_that_is_not_there_fails_the_batch) {
  if (skipped("a_column_that_is_not_there")) return;
  const test::TemporaryFolder folder;
  const Stored all = stored(test::JpegTool(), 10, folder.path() + "/images");
  write(all.places.path, all.bytes);
  for (const Shape& shape : kShapes) {
    ImageRequest request = request_for(all.places);
    request.heads[0].column = 1;
    Scene scene(shape);
    CHECK_THROWS(OUTPUT_SHAPE, (void)rows_of(start(*scene.engine, std::move(request))));
  }
}

// The same images, one after another in memory.
TEST(images_in_memory_have_the_values_of_their_bytes) {
  if (skipped("images_in_memory")) return;
  const Stored all = stored(test::JpegTool(), 101, "");
  ImageBytes images;
  for (std::size_t i = 0; i < 101; ++i) {
    const auto first = all.bytes.begin() + static_cast<std::ptrdiff_t>(all.places.offsets[i]);
    images.bytes.insert(images.bytes.end(), first, first + static_cast<std::ptrdiff_t>(all.places.bytes[i]));
    images.ends.push_back(images.bytes.size());
  }
  // An image of no bytes between the others.
  images.ends.insert(images.ends.begin() + 50, images.ends[49]);
  std::vector<std::size_t> expected = first(101);
  expected.insert(expected.begin() + 50, 0);
  for (const Shape& shape : kShapes) {
    Scene scene(shape);
    ImageOutcome outcome = start(*scene.engine, request_for(images)).get();
    auto rows = std::get<ImageRows>(std::move(outcome));
    CHECK_EQ(rows.failures.size(), std::size_t{1});
    CHECK_EQ(rows.failures[0].index, 50);
    CHECK_THROWS(TRUNCATED, std::rethrow_exception(rows.failures[0].error));
    for (std::size_t i = 0; i < expected.size(); ++i)
      if (i != 50) CHECK(std::abs(rows.outputs[0].values[i] - colour_of(expected[i])) <= 1);
  }
}

TEST(an_image_of_too_many_pixels_fails_alone_before_it_is_decoded) {
  if (skipped("an_image_of_too_many_pixels")) return;
  const test::JpegTool tool;
  ImageBytes images;
  for (const int side : {30, 31, 20}) {
    const Bytes jpeg = tool.encode(Bytes(static_cast<std::size_t>(3 * side * side), 90), side, side, {.quality = 100});
    images.bytes.insert(images.bytes.end(), jpeg.begin(), jpeg.end());
    images.ends.push_back(images.bytes.size());
  }
  ImageRequest request = request_for(images);
  request.most_pixels = 900;
  Scene scene;
  ImageOutcome outcome = start(*scene.engine, std::move(request)).get();
  const auto& rows = std::get<ImageRows>(outcome);
  CHECK_EQ(rows.failures.size(), std::size_t{1});
  CHECK_EQ(rows.failures[0].index, 1);
  CHECK_THROWS(LIMIT_EXCEEDED, std::rethrow_exception(rows.failures[0].error));
}

// Rows of floats; the runner's value of a row is its first float.
ImageRequest rows_request(std::int64_t rows, std::int64_t side) {
  ImageTensors tensors{.bytes = {}, .rows = rows};
  std::vector<float> values(static_cast<std::size_t>(rows * side));
  for (std::int64_t i = 0; i < rows; ++i) values[static_cast<std::size_t>(i * side)] = static_cast<float>(i) + 0.25F;
  tensors.bytes.resize(values.size() * sizeof(float));
  std::memcpy(tensors.bytes.data(), values.data(), tensors.bytes.size());
  ImageRequest request = request_for(std::move(tensors));
  request.encoder.format.row_shape = {side};
  request.heads.clear();
  request.outputs.clear();
  request.keep_rows = true;
  return request;
}

TEST(rows_of_tensors_are_copied_and_their_outputs_kept) {
  for (const Shape& shape : {kShapes[0], kShapes[1], kShapes[2]})
    for (const int threads : {1, 3})
      for (const std::int64_t count : {1, 3, 501}) {
        Scene scene(shape, threads);
        const ImageRows rows = rows_of(start(*scene.engine, rows_request(count, 7)));
        CHECK(rows.failures.empty() && rows.outputs.empty());
        CHECK_EQ(rows.rows.size(), std::size_t{1});
        CHECK_EQ(rows.rows[0].columns, 1);
        CHECK_EQ(rows.rows[0].values.size(), static_cast<std::size_t>(count));
        for (std::size_t i = 0; i < rows.rows[0].values.size(); ++i)
          CHECK_EQ(rows.rows[0].values[i], static_cast<double>(i) + 0.25);
      }
}

// Jobs of images and of tensors share the workers, the memory and, on a device, the batches.
TEST(rows_of_many_requests_at_once_stay_apart) {
  if (skipped("rows_of_many_requests")) return;
  const test::TemporaryFolder folder;
  const Stored all = stored(test::JpegTool(), 40, folder.path() + "/images");
  write(all.places.path, all.bytes);
  for (const Shape& shape : {kShapes[0], kShapes[1], kShapes[2]}) {
    Scene scene(shape, 3, 72 << 20);
    std::vector<std::future<ImageOutcome>> tensors, images;
    for (int i = 0; i < 30; ++i) {
      tensors.push_back(start(*scene.engine, rows_request(1 + i % 9, 3 * kSidePx * kSidePx)));
      images.push_back(start(*scene.engine, request_for(all.places)));
    }
    for (auto& outcome : tensors) {
      const ImageRows rows = rows_of(std::move(outcome));
      for (std::size_t i = 0; i < rows.rows[0].values.size(); ++i)
        CHECK_EQ(rows.rows[0].values[i], static_cast<double>(i) + 0.25);
    }
    for (auto& outcome : images) CHECK_EQ(wrong_values(rows_of(std::move(outcome)), first(40)), 0);
  }
}

TEST(a_row_whose_output_is_no_number_fails_alone) {
  Scene scene({.no_number = 5.25});  // and those beside it: rows 5 and 4 to 6
  ImageOutcome outcome = start(*scene.engine, rows_request(20, 4)).get();
  const auto& rows = std::get<ImageRows>(outcome);
  CHECK_EQ(rows.failures.size(), std::size_t{3});
  for (const ImageFailure& failure : rows.failures)
    CHECK_THROWS(OUTPUT_NOT_FINITE, std::rethrow_exception(failure.error));
  for (std::size_t i = 0; i < 20; ++i) CHECK_EQ(std::isnan(rows.rows[0].values[i]), i >= 4 && i <= 6);
}

TEST(rows_that_are_not_what_the_graph_takes_are_refused) {
  Scene pixels(kShapes[3]);
  CHECK_THROWS(INVALID_OPTION, (void)start(*pixels.engine, rows_request(3, 4)));
  Scene scene;
  for (const std::int64_t rows : {2, 4, -1}) {
    ImageRequest request = rows_request(3, 4);
    std::get<ImageTensors>(request.images).rows = rows;
    CHECK_THROWS(INVALID_OPTION, (void)start(*scene.engine, std::move(request)));
  }
  // What the rows hold counts with the limit.
  Scene small({}, 2, 64 << 20);
  CHECK_THROWS(LIMIT_EXCEEDED, (void)rows_of(start(*small.engine, rows_request(20, 1 << 20))));
}

TEST_MAIN
