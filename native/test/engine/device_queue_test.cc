// How rows of several slides come together in the batches of a device: the last tiles of a slide wait a stated time for
// company and no longer, a small slide is not kept waiting by a large one, and what a device is told of its rows is
// true.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "test/check.h"
#include "test/support/heap_memory.h"
#include "test/support/only_runner.h"
#include "test/support/scored_slides.h"
#include "test/support/watched_slide.h"

using namespace microtome;
using namespace microtome::engine;
using namespace microtome::test;

namespace {

// A device that ends batches when it is told to; a row's outputs are zero.
class HeldDevice final : public Runner {
 public:
  struct Taken {
    Batch* batch = nullptr;
    Done done;
    std::size_t outputs = 0;
    std::int64_t used = 0;
    std::int64_t at_ms = 0;  // of the test's clock
    preprocess::ChannelOrder order{};
  };
  struct Desk {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<Taken> taken;  // all so far, in order
    std::atomic<std::int64_t> now_ms{0};

    // The n-th batch that was submitted; waits for it.
    Taken wait_for(std::size_t n) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return taken.size() > n; });
      return taken[n];
    }
    void finish(std::size_t n) {
      Done done;
      {
        const std::scoped_lock lock(mutex);
        Batch& batch = *taken[n].batch;
        batch.outputs.assign(taken[n].outputs, std::vector<double>(static_cast<std::size_t>(batch.rows), 0.0));
        done = std::move(taken[n].done);
      }
      done();
    }
  };

  explicit HeldDevice(std::shared_ptr<Desk> desk) : desk_(std::move(desk)) {}

  [[nodiscard]] Traits traits() const noexcept override {
    return {.memory = MemoryKind::Pinned, .in_flight = 4, .spans_jobs = true, .rows = RowKind::Pixels};
  }
  [[nodiscard]] std::int64_t rows_of_a_batch(std::int64_t, std::size_t /*row_bytes*/) const noexcept override {
    return 8;
  }
  [[nodiscard]] bool pads() const noexcept override { return true; }
  [[nodiscard]] std::int64_t columns_of(const std::string&) const noexcept override { return 1; }
  [[nodiscard]] std::unique_ptr<BatchMemory> make_memory(std::size_t bytes) override {
    return std::make_unique<HeapMemory>(bytes);
  }
  void submit(Batch& batch, CancelToken&, Done done) noexcept override {
    const std::scoped_lock lock(desk_->mutex);
    desk_->taken.push_back(
        {&batch, std::move(done), batch.spec->outputs.size(), batch.used, desk_->now_ms, batch.spec->format.order});
    desk_->changed.notify_all();
  }

 private:
  const std::shared_ptr<Desk> desk_;
};

// Rows of another format have batches of their own.
ScoreRequest other_request() {
  ScoreRequest request = means_request();
  request.encoders[0].format.order = preprocess::ChannelOrder::Bgr;
  return request;
}

// A slide of one tile whose only read waits for `gate`: its worker is at work until then.
std::shared_ptr<const slide::Slide> held_slide(std::shared_future<void> gate, std::promise<void>& reached) {
  return std::make_shared<WatchedSlide>(coloured_slide(0, 1), [gate, &reached](std::size_t) {
    reached.set_value();
    gate.wait();
  });
}

}  // namespace

TEST(the_last_tiles_of_a_slide_wait_no_longer_than_stated) {
  const auto desk = std::make_shared<HeldDevice::Desk>();
  std::promise<void> gate, reached;
  Engine engine(WorkerPool::create(1), only(std::make_unique<HeldDevice>(desk)),
                {.threads = 2, .now = [desk] { return Clock::time_point(std::chrono::milliseconds(desk->now_ms)); }});
  // One worker is at something for all the while, so that more rows may always come.
  ScoreRequest alone = means_request();
  alone.encoders[0].format.layout = preprocess::Layout::Nhwc;
  auto held = start_scoring(engine, held_slide(gate.get_future().share(), reached), alone);
  reached.get_future().wait();
  // The device has two full batches of a slide.
  auto busy = start_scoring(engine, coloured_slide(1, 4), means_request());
  (void)desk->wait_for(1);
  // Three tiles that nobody joins: they are of another format.
  std::promise<void> read;
  const auto reads = std::make_shared<std::atomic<int>>(0);
  auto last = start_scoring(engine,
                            std::make_shared<WatchedSlide>(coloured_slide(2, 2),
                                                           [&read, reads](std::size_t) {
                                                             if (++*reads == 1) read.set_value();
                                                           }),
                            other_request());
  read.get_future().wait();
  // Their rows were given out before they were read. The time passes, and the device comes back with one of its two.
  desk->now_ms = BatchQueue::kCompanyWait.count();
  desk->finish(0);
  const HeldDevice::Taken late = desk->wait_for(2);
  CHECK(late.order == preprocess::ChannelOrder::Bgr);
  CHECK_EQ(late.used, 4);
  CHECK_EQ(late.at_ms, std::int64_t{BatchQueue::kCompanyWait.count()});
  desk->finish(2);
  (void)last.outcome.get();
  desk->finish(1);
  (void)busy.outcome.get();
  gate.set_value();
  (void)desk->wait_for(3);
  desk->finish(3);
  (void)held.outcome.get();
}

// Nor where nothing happens meanwhile that would wake a worker.
TEST(a_worker_wakes_when_the_wait_is_over) {
  const auto desk = std::make_shared<HeldDevice::Desk>();
  std::promise<void> gate, reached;
  // By the machine's clock: nothing is asked of it but that it goes on.
  Engine engine(WorkerPool::create(1), only(std::make_unique<HeldDevice>(desk)), {.threads = 2});
  ScoreRequest alone = means_request();
  alone.encoders[0].format.layout = preprocess::Layout::Nhwc;
  auto held = start_scoring(engine, held_slide(gate.get_future().share(), reached), alone);
  reached.get_future().wait();
  auto busy = start_scoring(engine, coloured_slide(1, 4), means_request());
  (void)desk->wait_for(1);
  auto last = start_scoring(engine, coloured_slide(2, 2), other_request());
  CHECK_EQ(desk->wait_for(2).used, 4);
  for (std::size_t i = 0; i < 3; ++i) desk->finish(i);
  (void)last.outcome.get();
  (void)busy.outcome.get();
  gate.set_value();
  (void)desk->wait_for(3);
  desk->finish(3);
  (void)held.outcome.get();
}

// Nobody is left who could fill the batch: it goes at once, though the device is busy and no time has passed.
TEST(a_batch_that_nobody_can_fill_does_not_wait) {
  const auto desk = std::make_shared<HeldDevice::Desk>();
  Engine engine(WorkerPool::create(1), only(std::make_unique<HeldDevice>(desk)),
                {.threads = 2, .now = [desk] { return Clock::time_point(std::chrono::milliseconds(desk->now_ms)); }});
  auto busy = start_scoring(engine, coloured_slide(1, 4), means_request());
  (void)desk->wait_for(1);
  auto last = start_scoring(engine, coloured_slide(2, 2), other_request());
  const HeldDevice::Taken late = desk->wait_for(2);
  CHECK_EQ(late.used, 4);
  CHECK_EQ(late.at_ms, 0);
  for (std::size_t i = 0; i < 3; ++i) desk->finish(i);
  (void)last.outcome.get();
  (void)busy.outcome.get();
}

namespace {

// Ends each batch at once, on a thread of its own.
class EagerDevice final : public Runner {
 public:
  EagerDevice() : thread_([this] { work(); }) {}
  ~EagerDevice() override {
    {
      const std::scoped_lock lock(mutex_);
      ending_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }
  [[nodiscard]] Traits traits() const noexcept override {
    return {.memory = MemoryKind::Pinned, .in_flight = 4, .spans_jobs = true, .rows = RowKind::Pixels};
  }
  [[nodiscard]] std::int64_t rows_of_a_batch(std::int64_t, std::size_t /*row_bytes*/) const noexcept override {
    return 8;
  }
  [[nodiscard]] bool pads() const noexcept override { return true; }
  [[nodiscard]] std::int64_t columns_of(const std::string&) const noexcept override { return 1; }
  [[nodiscard]] std::unique_ptr<BatchMemory> make_memory(std::size_t bytes) override {
    return std::make_unique<HeapMemory>(bytes);
  }
  void submit(Batch& batch, CancelToken&, Done done) noexcept override {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back({&batch, std::move(done)});
    changed_.notify_all();
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      auto [batch, done] = std::move(waiting_.front());
      waiting_.erase(waiting_.begin());
      lock.unlock();
      batch->outputs.assign(batch->spec->outputs.size(), std::vector<double>(static_cast<std::size_t>(batch->rows)));
      done();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<Batch*, Done>> waiting_;
  bool ending_ = false;
  std::thread thread_;
};

// Whether a slide of 9 tiles is through before one of 1,600 that was there first. Each look at the clock finds that a
// batch has waited long enough, so that the speed of the machine decides nothing.
bool small_one_is_first(const ScoreRequest& of_small) {
  auto looks = std::make_shared<std::atomic<int>>(0);
  const auto now = [looks] { return Clock::time_point(BatchQueue::kCompanyWait * ++*looks); };
  Engine engine(WorkerPool::create(1), only(std::make_unique<EagerDevice>()), {.threads = 2, .now = now});
  std::promise<void> gate;
  const auto opened = gate.get_future().share();
  std::atomic<bool> large_done{false};
  std::promise<bool> small_saw;
  std::promise<void> large_end;
  const auto hold = [opened](const Progress&) { opened.wait(); };
  (void)engine.score(coloured_slide(1, 40), means_request(), {.progress = hold, .done = [&](ScoreOutcome) {
                                                                large_done = true;
                                                                large_end.set_value();
                                                              }});
  (void)engine.score(coloured_slide(2, 3), of_small,
                     {.progress = hold, .done = [&](ScoreOutcome) { small_saw.set_value(!large_done); }});
  gate.set_value();
  const bool first = small_saw.get_future().get();
  large_end.get_future().wait();
  return first;
}

}  // namespace

TEST(a_small_slide_is_not_kept_waiting_by_a_large_one) { CHECK(small_one_is_first(means_request())); }

TEST(nor_where_it_wants_batches_of_another_format) { CHECK(small_one_is_first(other_request())); }

TEST_MAIN
