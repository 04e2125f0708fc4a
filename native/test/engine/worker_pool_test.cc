// Who may be the last to let go of a pool of workers.
#include "engine/worker_pool.h"

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <thread>

#include "test/check.h"

using namespace microtome;
using namespace microtome::engine;

namespace {

// One step, which holds the pool until the pool is stopped or its owner has gone.
class Holder final : public Job {
 public:
  Holder(std::promise<void>& holds, const std::atomic<bool>& released)
      : Job(std::make_shared<Crew>(1, false, 1 << 20, 1)), holds_(holds), released_(released) {}

  std::optional<Step> next(Urgency urgency) override {
    if (urgency != Urgency::Prepare || begun_) return std::nullopt;
    begun_ = true;
    return Step{.urgency = urgency};
  }
  void run(Worker& /*worker*/, Step& /*step*/) override {
    const auto held = pool();
    CHECK(held != nullptr);
    holds_.set_value();
    while (!cancelled() && !released_) std::this_thread::yield();
  }
  void ended(Step& /*step*/, bool /*well*/) override { over_ = true; }
  bool is_over() const override { return over_; }
  Stage short_of() const override { return Stage::Tiles; }

 private:
  std::promise<void>& holds_;
  const std::atomic<bool>& released_;
  bool begun_ = false;
  bool over_ = false;
};

}  // namespace

TEST(a_worker_is_never_the_last_to_let_go) {
  for (int round = 0; round < 50; ++round) {
    std::promise<void> holds;
    std::atomic<bool> released{false};
    auto pool = WorkerPool::create(1);
    pool->add(std::make_shared<Holder>(holds, released));
    holds.get_future().wait();
    pool.reset();  // stops the pool and waits for the step
    released = true;
  }
}

TEST_MAIN
