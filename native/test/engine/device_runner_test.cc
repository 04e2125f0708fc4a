// The seams hold a device: a runner whose memory is of another kind, with eight batches under way, whose batches span
// slides and come back out of order, gives what the inline runner gives. It is made of the inline runner's own model,
// so that only the way of the rows differs. Needs ONNX Runtime (MICROTOME_ORT_LIBRARY).
#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

#include "engine/engine.h"
#include "engine/model_runner.h"
#include "test/check.h"
#include "test/support/only_runner.h"
#include "test/support/scored_slides.h"

using namespace microtome;
using namespace microtome::engine;
using namespace microtome::test;

namespace {

constexpr int kInFlight = 8;
constexpr std::int64_t kRows = 16;

bool skipped(const char* name) {
  if (!ort_library().empty()) return false;
  std::printf("skipped: %s\n", name);
  return true;
}

std::shared_ptr<infer::Model> load_model() {
  static const TemporaryFolder folder;
  infer::set_runtime_path(ort_library());
  const auto path = folder.write("means.onnx", models::channel_means("n", kScoredTilePx));
  return infer::Model::load(path, {.device = "cpu", .log = {}});
}

// What the fake device has seen.
struct Seen {
  std::mutex mutex;
  std::size_t most_under_way = 0;
  int batches = 0;
  int shared = 0;  // batches with rows of more than one slide
  int padded = 0;
  int out_of_order = 0;
  int foreign_memory = 0;  // batches whose memory is not the device's own
};

class DeviceMemory final : public BatchMemory {
 public:
  explicit DeviceMemory(std::size_t bytes) : bytes_(bytes, 0xAB) {}
  [[nodiscard]] std::uint8_t* data() noexcept override { return bytes_.data(); }
  [[nodiscard]] std::size_t size() const noexcept override { return bytes_.size(); }

 private:
  LargeBytes bytes_;
};

// Waits until eight batches are there, or no more come for a while, and then runs the last one first.
class FakeDevice final : public Runner {
 public:
  FakeDevice(std::shared_ptr<infer::Model> model, std::shared_ptr<Seen> seen)
      : inner_(std::move(model)), seen_(std::move(seen)), thread_([this] { work(); }) {}
  ~FakeDevice() override {
    {
      std::scoped_lock lock(mutex_);
      ending_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }

  [[nodiscard]] Traits traits() const noexcept override {
    return {.memory = MemoryKind::Device, .in_flight = kInFlight, .spans_jobs = true};
  }
  [[nodiscard]] std::int64_t rows_of_a_batch(std::int64_t, std::size_t /*row_bytes*/) const noexcept override {
    return kRows;
  }
  [[nodiscard]] bool pads() const noexcept override { return true; }
  [[nodiscard]] std::int64_t columns_of(const std::string& output) const noexcept override {
    return inner_.columns_of(output);
  }
  [[nodiscard]] std::unique_ptr<BatchMemory> make_memory(std::size_t bytes) override {
    return std::make_unique<DeviceMemory>(bytes);
  }
  void submit(Batch& batch, CancelToken&, Done done) noexcept override {
    std::scoped_lock lock(mutex_);
    waiting_.push_back({number_++, &batch, std::move(done)});
    changed_.notify_all();
  }

 private:
  struct Entry {
    int number = 0;
    Batch* batch = nullptr;
    Done done;
  };

  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      changed_.wait_for(lock, std::chrono::milliseconds(50),
                        [this] { return ending_ || waiting_.size() >= static_cast<std::size_t>(kInFlight); });
      note();
      Entry entry = std::move(waiting_.back());
      waiting_.pop_back();
      lock.unlock();
      CancelToken never;
      inner_.submit(*entry.batch, never, [] {});
      entry.done();
      lock.lock();
    }
  }

  void note() {
    std::scoped_lock lock(seen_->mutex);
    const Batch& batch = *waiting_.back().batch;
    seen_->most_under_way = std::max(seen_->most_under_way, waiting_.size());
    ++seen_->batches;
    std::set<const RowOwner*> owners;
    std::int64_t rows = 0;
    for (const Segment& segment : batch.segments) {
      owners.insert(segment.owner.get());
      rows += segment.positions.size();
    }
    seen_->shared += owners.size() > 1;
    seen_->padded += rows < batch.rows;
    seen_->out_of_order += waiting_.size() > 1;
    seen_->foreign_memory += dynamic_cast<const DeviceMemory*>(batch.memory.get()) == nullptr;
  }

  ModelRunner inner_;
  const std::shared_ptr<Seen> seen_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Entry> waiting_;
  int number_ = 0;
  bool ending_ = false;
  std::thread thread_;
};

constexpr int kSlides = 9;

std::int64_t side_of(int seed) { return 9 + seed % 5; }

std::vector<ScoreResult> score_all(std::unique_ptr<Runner> runner, const ScoreRequest& request, int threads) {
  Engine engine(WorkerPool::create(1), test::only(std::move(runner)), {.threads = threads});
  std::promise<void> gate;  // holds the workers that come to a slide until all slides are there
  const auto opened = gate.get_future().share();
  std::vector<std::shared_ptr<FakeSlide>> slides;
  for (int seed = 0; seed < kSlides; ++seed) slides.push_back(coloured_slide(seed, side_of(seed)));
  std::vector<Scoring> running;
  for (const auto& slide : slides)
    running.push_back(start_scoring(engine, slide, request, [opened](const Progress&) { opened.wait(); }));
  gate.set_value();
  std::vector<ScoreResult> results;
  for (auto& one : running) results.push_back(std::get<ScoreResult>(one.outcome.get()));
  return results;
}

}  // namespace

TEST(a_device_gives_the_scores_of_the_inline_runner) {
  if (skipped(__func__)) return;
  const auto expected = score_all(std::make_unique<ModelRunner>(load_model()), means_request(), 2);
  for (const int threads : {1, 2, 5}) {
    const auto seen = std::make_shared<Seen>();
    const auto found = score_all(std::make_unique<FakeDevice>(load_model(), seen), means_request(), threads);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CHECK_EQ(found[i].slide_outputs[0].value, expected[i].slide_outputs[0].value);
      CHECK_EQ(found[i].tables[0].tile_count, expected[i].tables[0].tile_count);
      CHECK(found[i].tables[0].outputs[0].values == expected[i].tables[0].outputs[0].values);
    }
    CHECK(seen->most_under_way > 1 && seen->most_under_way <= static_cast<std::size_t>(kInFlight));
    CHECK(seen->shared > 0);
    CHECK(seen->padded > 0);
    CHECK(seen->out_of_order > 0);
    CHECK_EQ(seen->foreign_memory, 0);
    // Nearly all batches are full: the slides share them.
    std::int64_t tiles = 0;
    for (int seed = 0; seed < kSlides; ++seed) tiles += side_of(seed) * side_of(seed);
    CHECK(seen->batches <= 2 * (tiles / kRows + 1));
  }
}

// Rows come when the device gives them back, long after the worker has filled the batch.
TEST(a_device_gives_rows_away) {
  if (skipped(__func__)) return;
  ScoreRequest request = means_request();
  request.rows = {{.encoder = 0, .output = 0, .pool = {}}};
  Engine engine(WorkerPool::create(2), test::only(std::make_unique<FakeDevice>(load_model(), std::make_shared<Seen>())),
                {.threads = 2});
  struct Taken {
    std::mutex mutex;
    std::vector<double> values;
    std::int64_t rows = 0;
    std::int64_t planned = 0;
  };
  const auto taken = std::make_shared<Taken>();
  taken->values.resize(static_cast<std::size_t>(3 * side_of(4) * side_of(4)));
  auto done = std::make_shared<std::promise<ScoreOutcome>>();
  auto outcome = done->get_future();
  (void)engine.score(coloured_slide(4, side_of(4)), request,
                     {.progress = {},
                      .done = [done](ScoreOutcome result) { done->set_value(std::move(result)); },
                      .rows = {.plan = [taken](const RowPlan& plan) { taken->planned = plan.tiles; },
                               .rows =
                                   [taken](const RowBlock& block) {
                                     std::scoped_lock lock(taken->mutex);
                                     taken->rows += std::ssize(block.items);
                                     for (std::size_t i = 0; i < block.items.size(); ++i)
                                       for (std::size_t k = 0; k < 3; ++k)
                                         taken->values[3 * block.items[i] + k] =
                                             static_cast<double>((*block.values)[3 * i + k]);
                                   }}});
  const auto result = std::get<ScoreResult>(outcome.get());
  CHECK_EQ(taken->planned, side_of(4) * side_of(4));
  CHECK_EQ(taken->rows, side_of(4) * side_of(4));
  const auto& kept = result.tables[0].outputs[0].values;
  CHECK(taken->values == std::vector<double>(kept.begin(), kept.end()));
}

TEST(a_stopping_rule_looks_at_what_a_device_gave_back) {
  if (skipped(__func__)) return;
  ScoreRequest request = means_request();
  request.stopping = {.half_width = 30, .min_tiles = 4, .every_tiles = 4, .seed = 4, .calibration = {}};
  const auto expected = score_all(std::make_unique<ModelRunner>(load_model()), request, 2);
  const auto seen = std::make_shared<Seen>();
  const auto found = score_all(std::make_unique<FakeDevice>(load_model(), seen), request, 3);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK_EQ(found[i].slide_outputs[0].value, expected[i].slide_outputs[0].value);
    CHECK_EQ(found[i].tables[0].tile_count, expected[i].tables[0].tile_count);
  }
}

TEST(a_slide_that_fails_spoils_no_other_in_its_batches) {
  if (skipped(__func__)) return;
  const auto expected = score_all(std::make_unique<ModelRunner>(load_model()), means_request(), 2);
  Engine engine(WorkerPool::create(2), test::only(std::make_unique<FakeDevice>(load_model(), std::make_shared<Seen>())),
                {.threads = 3});
  const auto damaged = coloured_slide(3, 6);
  damaged->set_tile(0, 4, 4, std::vector<std::uint8_t>(9, 0));
  auto bad = start_scoring(engine, damaged, means_request());
  auto gone = start_scoring(engine, coloured_slide(5, 12), means_request());
  auto good = start_scoring(engine, coloured_slide(2, side_of(2)), means_request());
  engine.cancel(gone.job);
  CHECK(std::holds_alternative<std::exception_ptr>(bad.outcome.get()));
  (void)gone.outcome.get();  // its result, or CANCELLED
  CHECK_EQ(std::get<ScoreResult>(good.outcome.get()).slide_outputs[0].value, expected[2].slide_outputs[0].value);
}

TEST(closing_ends_what_a_device_has) {
  if (skipped(__func__)) return;
  for (int round = 0; round < 20; ++round) {
    Engine engine(WorkerPool::create(2),
                  test::only(std::make_unique<FakeDevice>(load_model(), std::make_shared<Seen>())), {.threads = 2});
    std::vector<Scoring> running;
    for (int seed = 0; seed < 4; ++seed)
      running.push_back(start_scoring(engine, coloured_slide(seed, 8), means_request()));
    engine.close();
    for (auto& one : running) (void)one.outcome.get();
  }
}

TEST_MAIN
