#include "engine/worker_pool.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <system_error>
#include <utility>

namespace microtome::engine {
namespace {

constexpr std::array kUrgencies{Urgency::Finish,  Urgency::Prepare, Urgency::Look,
                                Urgency::Deliver, Urgency::Work,    Urgency::Flush};

constexpr std::chrono::nanoseconds kLeastPatience = std::chrono::milliseconds(1);

std::exception_ptr cancelled_error(Stage stage) {
  return std::make_exception_ptr(Error(Code::CANCELLED, stage, "the job was cancelled before it finished"));
}

}  // namespace

std::shared_ptr<WorkerPool> WorkerPool::create(int base_threads) {
  auto inner = std::make_shared<WorkerPool>(Key{}, base_threads);
  auto* const pool = inner.get();
  return {pool, [inner = std::move(inner)](WorkerPool* self) { self->stop(); }};
}

WorkerPool::~WorkerPool() = default;

WorkerPool::Lease::Lease(Lease&& other) noexcept
    : pool_(std::move(other.pool_)), threads_(std::exchange(other.threads_, 0)) {}

WorkerPool::Lease& WorkerPool::Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  release();
  pool_ = std::move(other.pool_);
  threads_ = std::exchange(other.threads_, 0);
  return *this;
}

void WorkerPool::Lease::release() noexcept {
  const auto pool = std::move(pool_);
  if (!pool) return;
  Members unwanted;  // joined when the mutex is free again: a job that is added meanwhile does not wait for them
  std::scoped_lock lock(pool->threads_mutex_);
  const auto found = std::find(pool->leased_.begin(), pool->leased_.end(), threads_);
  if (found != pool->leased_.end()) pool->leased_.erase(found);
  int wanted = pool->base_threads_;  // workers of the base stay
  for (const int leased : pool->leased_) wanted = std::max(wanted, leased);
  unwanted = pool->take_workers(wanted);
}

WorkerPool::Lease WorkerPool::lease(int threads) {
  std::scoped_lock lock(threads_mutex_);
  ensure(std::max(threads, base_threads_));
  leased_.push_back(threads);
  return {shared_from_this(), threads};
}

// With threads_mutex_ held. All of them, or none of the new ones.
void WorkerPool::ensure(int threads) {
  const int before = static_cast<int>(threads_.size());
  if (threads <= before) return;
  {
    std::scoped_lock lock(mutex_);
    if (stopping_) return;
  }
  try {
    start_workers(threads);
  } catch (const std::system_error& error) {
    const std::string found = "worker thread " + std::to_string(threads_.size() + 1) + " of " +
                              std::to_string(threads) + " cannot be started: " + error.code().message();
    take_workers(before).clear();  // joins
    throw Error(Code::LIMIT_EXCEEDED, Stage::Options, found,
                "lower [[threads]], or allow this user more processes (ulimit -u)");
  }
}

void WorkerPool::start_workers(int threads) {
  for (int i = static_cast<int>(threads_.size()); i < threads; ++i) {
    auto member = std::make_unique<Member>();
    member->thread.start("microtome-" + std::to_string(i), [this, self = member.get()] { work(*self); });
    threads_.push_back(std::move(member));
  }
}

// With threads_mutex_ held: those from `left` on. They end after their step; who destroys them joins them.
WorkerPool::Members WorkerPool::take_workers(int left) {
  Members taken;
  while (static_cast<int>(threads_.size()) > left) {
    taken.push_back(std::move(threads_.back()));
    threads_.pop_back();
  }
  std::scoped_lock lock(mutex_);
  for (const auto& member : taken) member->ends = true;
  changed_.notify_all();
  return taken;
}

void WorkerPool::add(std::shared_ptr<Job> job) {
  job->pool_ = weak_from_this();
  {
    std::scoped_lock lock(threads_mutex_);
    ensure(base_threads_);
  }
  {
    std::scoped_lock lock(mutex_);
    if (stopping_) job->cancel_.cancel();
    if (!stopping_) {
      jobs_.push_back(std::move(job));
      changed_.notify_all();
      return;
    }
  }
  Worker worker;
  if (auto step = job->next(Urgency::Finish)) {
    step->job = job;
    job->run(worker, *step);
    job->ended(*step, true);
    job->tell();
  }
}

void WorkerPool::cancel(Job& job) {
  job.cancel_.cancel();
  abandon_fetches(job);
}

void WorkerPool::abandon_fetches(Job& job) {
  std::vector<std::shared_ptr<slide::Fetch>> fetches;
  {
    std::scoped_lock lock(mutex_);
    fetches.swap(job.fetches_);
    changed_.notify_all();
  }
  for (const auto& fetch : fetches) fetch->abandon();
}

void WorkerPool::stop() {
  std::scoped_lock once(threads_mutex_);
  std::vector<std::shared_ptr<Job>> running;
  {
    std::scoped_lock lock(mutex_);
    stopping_ = true;
    running.assign(jobs_.begin(), jobs_.end());
    changed_.notify_all();
  }
  for (const auto& job : running) cancel(*job);
  threads_.clear();  // joins
}

void WorkerPool::work(const Member& self) noexcept {
  {
    Worker worker;
    std::unique_lock lock(mutex_);
    for (;;) {
      if (self.ends && !stopping_) break;
      if (auto step = next_step()) {
        lock.unlock();
        run(worker, *step);
        step.reset();  // what it holds is freed without the mutex
        lock.lock();
        continue;
      }
      if (stopping_ && jobs_.empty()) break;
      wait_for_work(lock);
    }
    // Another one may have been woken for what this one now leaves.
    changed_.notify_one();
  }
  decode::leave_thread();
}

// With the mutex held. Jobs take turns: the one that got a step goes to the end of the line.
std::optional<Step> WorkerPool::next_step() {
  for (const Urgency urgency : kUrgencies)
    for (auto it = jobs_.begin(); it != jobs_.end(); ++it) {
      Job& job = **it;
      if (!job.taken_up_ && urgency != Urgency::Finish) {
        if (job.crew().taken_up >= job.crew().most_taken_up) continue;
        job.taken_up_ = true;
        ++job.crew().taken_up;
      }
      auto step = step_of(urgency, job);
      if (!step) continue;
      begin(*step, *it, it);
      return step;
    }
  return std::nullopt;
}

std::optional<Step> WorkerPool::step_of(Urgency urgency, Job& job) {
  if (urgency == Urgency::Work && job.crew().working >= job.crew().calibration.limit()) return std::nullopt;
  // A job that must wait for bytes asks for the next ones before it works on those that are here: they come meanwhile.
  if (urgency == Urgency::Work && job.asks_first())
    if (auto step = job.next(urgency)) return step;
  // What waited for bytes goes on before something new begins.
  for (auto it = job.arrived_.begin(); it != job.arrived_.end(); ++it) {
    if (it->urgency != urgency) continue;
    if (job.cancelled() && !it->failure) it->failure = cancelled_error(job.short_of());
    if (job.failure_ && !it->failure) it->failure = job.failure_;
    if (!it->failure && !job.may_go_on(*it)) continue;
    Step step = std::move(*it);
    job.arrived_.erase(it);
    return step;
  }
  return job.next(urgency);
}

void WorkerPool::begin(Step& step, std::shared_ptr<Job> job, std::list<std::shared_ptr<Job>>::iterator place) {
  step.job = std::move(job);
  if (step.urgency == Urgency::Work) {
    step.company = ++step.job->crew().working;
    step.start = Clock::now();
  }
  if (step.urgency != Urgency::Finish) jobs_.splice(jobs_.end(), jobs_, place);
}

void WorkerPool::run(Worker& worker, Step& step) {
  std::exception_ptr failure = step.failure;
  try {
    if (!failure) step.job->run(worker, step);
  } catch (const slide::BytesPending& pending) {
    return wait_for_bytes(step, pending);
  } catch (...) {
    failure = std::current_exception();
  }
  const std::shared_ptr<Job> job = step.job;
  // What a failed job still waits for may never come.
  if (!complete(step, failure)) abandon_fetches(*job);
  job->tell();
}

// The worker is free again; the step is run once more when the bytes are here. What the step kept so far is kept until
// then, so that its next try misses nothing that it had.
void WorkerPool::wait_for_bytes(Step& step, const slide::BytesPending& pending) {
  auto waiting = std::make_shared<Step>(std::move(step));
  const std::shared_ptr<Job> job = waiting->job;
  auto fetch = std::make_shared<slide::Fetch>(
      [weak = weak_from_this(), waiting](std::exception_ptr failure, std::shared_ptr<const void> kept) {
        if (const auto pool = weak.lock()) pool->arrive(std::move(*waiting), std::move(failure), std::move(kept));
      });
  bool failed = false;
  const slide::Fetch::Asking asking(fetch);  // the step does not go on, and its job lets go of no slide, before the end
  {
    std::scoped_lock lock(mutex_);
    ++job->waiting_;
    std::erase_if(job->fetches_, [](const auto& earlier) { return earlier->has_ended(); });
    job->fetches_.push_back(fetch);
    if (waiting->urgency == Urgency::Work) --job->crew().working;
    waiting->company = 0;
    failed = job->failure_ != nullptr;
    changed_.notify_all();
  }
  pending.source->fetch(pending.ranges, fetch);
  // Cancelled, or failed, between the throw and now: nobody saw this fetch.
  if (failed || job->cancelled()) fetch->abandon();
}

void WorkerPool::arrive(Step step, std::exception_ptr failure, std::shared_ptr<const void> kept) {
  const std::shared_ptr<Job> job = step.job;
  if (kept) step.kept = std::move(kept);
  step.failure = std::move(failure);
  std::scoped_lock lock(mutex_);
  --job->waiting_;
  job->arrived_.push_back(std::move(step));
  changed_.notify_all();
}

// False: the job has failed.
bool WorkerPool::complete(Step& step, std::exception_ptr failure) {
  std::scoped_lock lock(mutex_);
  Job& job = *step.job;
  Crew& crew = job.crew();
  const int limit = crew.calibration.limit();
  if (step.urgency == Urgency::Work) {
    const int company = crew.working--;
    const double seconds = static_cast<double>(nanoseconds_since(step.start)) / 1e9;
    // A run that was broken off took less time than its tiles.
    if (!failure && !job.cancelled() && step.company > 0)
      crew.calibration.add(step.range.size(), seconds, step.company, company);
  }
  if (failure && !job.failure_) job.failure_ = failure;
  job.ended(step, !failure);
  if (job.is_over()) {
    if (job.taken_up_) --crew.taken_up;
    jobs_.remove(step.job);
  }
  // What has been worked on leaves room for one worker; everything else may give work to all.
  if (step.urgency == Urgency::Work && crew.calibration.limit() == limit)
    changed_.notify_one();
  else
    changed_.notify_all();
  return !job.failure_;
}

void WorkerPool::wait_for_work(std::unique_lock<std::mutex>& lock) {
  const auto start = Clock::now();
  // The wait is put down to the stage that the oldest job is short of.
  const auto job = jobs_.empty() ? nullptr : jobs_.front();
  const Stage stage = job ? job->short_of() : Stage::Infer;
  const bool one_too_many = job && job->crew().working >= job->crew().calibration.limit();  // waits for no stage
  std::optional<std::chrono::nanoseconds> patience;
  for (const auto& one : jobs_)
    if (const auto its = one->patience()) patience = patience ? std::min(*patience, *its) : *its;
  if (patience)
    changed_.wait_for(lock, std::max(*patience, kLeastPatience));
  else
    changed_.wait(lock);
  if (job && !one_too_many) job->metrics().add_waiting(stage, nanoseconds_since(start));
}

}  // namespace microtome::engine
