#include "engine/engine.h"

#include <algorithm>

#include "core/cores.h"

namespace microtome::engine {
namespace {

// Slides worked on at once; further ones wait unprepared. Their shares of half the memory limit add up to it; the other
// half is for the tensors of the workers.
constexpr int kActiveJobs = 4;

std::exception_ptr cancelled_error() {
  return std::make_exception_ptr(Error(Code::CANCELLED, Stage::Infer, "the job was cancelled before it finished"));
}

}  // namespace

Engine::Engine(const EngineOptions& options)
    : model_(infer::Model::load(options.model, {.device = options.device, .intra_op_threads = 1, .log = {}})),
      threads_(options.threads > 0 ? options.threads : available_cores()),
      memory_bytes_(options.memory_bytes),
      calibration_(threads_, options.threads == 0 || options.trial) {
  for (int i = 0; i < threads_; ++i) workers_.start("microtome-" + std::to_string(i), [this] { work(); });
}

Engine::~Engine() { close(); }

std::shared_ptr<ScoreJob> Engine::score(std::shared_ptr<const slide::Slide> slide, ScoreRequest request,
                                        ScoreCallbacks callbacks) {
  auto job = std::make_shared<ScoreJob>(std::move(slide), std::move(request), std::move(callbacks),
                                        ScoreJob::Environment{.model = model_,
                                                              .threads = threads_,
                                                              .tensor_bytes = memory_bytes_ / 2,
                                                              .cache_bytes = memory_bytes_ / 2 / kActiveJobs});
  {
    std::scoped_lock lock(mutex_);
    if (!closing_) {
      jobs_.push_back(job);
      changed_.notify_all();
      return job;
    }
  }
  job->finish(cancelled_error());
  return job;
}

void Engine::cancel(const std::shared_ptr<ScoreJob>& job) {
  job->cancel();
  std::scoped_lock lock(mutex_);
  changed_.notify_all();
}

void Engine::close() {
  std::scoped_lock once(close_mutex_);
  std::list<std::shared_ptr<ScoreJob>> running;
  {
    std::scoped_lock lock(mutex_);
    closing_ = true;
    running = jobs_;
  }
  for (const auto& job : running) job->cancel();
  {
    std::scoped_lock lock(mutex_);
    changed_.notify_all();
  }
  workers_.join();
}

void Engine::work() noexcept {
  {
    Worker worker;
    std::unique_lock lock(mutex_);
    for (;;) {
      if (auto step = next_step()) {
        lock.unlock();
        run(worker, *step);
        lock.lock();
        continue;
      }
      if (closing_ && jobs_.empty()) break;
      wait_for_work(lock);
    }
  }
  decode::leave_thread();
}

// With the mutex held. Slides take turns: the one that got a step goes to the end of the line.
std::optional<Engine::Step> Engine::next_step() {
  for (const Kind kind : {Kind::Finish, Kind::Prepare, Kind::Look, Kind::Work}) {
    int asked = 0;
    for (auto it = jobs_.begin(); it != jobs_.end() && asked < kActiveJobs; ++it, ++asked) {
      auto step = step_of(kind, *it);
      if (!step) continue;
      ++step->job->schedule.active_steps;
      if (kind != Kind::Finish) {
        // Only among the active ones: a waiting slide must not be overtaken for ever, nor overtake.
        auto end = std::next(jobs_.begin(), std::min<std::ptrdiff_t>(std::ssize(jobs_), kActiveJobs));
        jobs_.splice(end, jobs_, it);
      }
      return step;
    }
  }
  return std::nullopt;
}

std::optional<Engine::Step> Engine::step_of(Kind kind, const std::shared_ptr<ScoreJob>& job) {
  auto& at = job->schedule;
  using Phase = ScoreJob::Phase;
  const bool stopped = at.failure || job->cancelled();
  switch (kind) {
    case Kind::Finish: {
      const bool complete = at.phase == Phase::Running && at.next == at.end && !at.looks;
      if (at.phase == Phase::Finishing || at.active_steps > 0 || !(complete || stopped)) return std::nullopt;
      at.phase = Phase::Finishing;
      return Step{kind, job, {}};
    }
    case Kind::Prepare:
      if (stopped || at.phase != Phase::Queued) return std::nullopt;
      at.phase = Phase::Preparing;
      return Step{kind, job, {}};
    case Kind::Look:
      if (stopped || at.phase != Phase::Running || !at.looks || at.next != at.end || at.active_steps > 0)
        return std::nullopt;
      return Step{kind, job, {}};
    case Kind::Work:
      if (stopped || at.phase != Phase::Running || at.next == at.end || at.active_steps >= job->max_workers())
        return std::nullopt;
      if (scoring_ >= calibration_.limit()) return std::nullopt;
      ++scoring_;
      return Step{kind, job, job->claim(!calibration_.settled()), Clock::now(), scoring_};
  }
  return std::nullopt;
}

void Engine::run(Worker& worker, Step& step) {
  std::exception_ptr failure;
  try {
    switch (step.kind) {
      case Kind::Prepare:
        step.job->prepare(worker);
        break;
      case Kind::Work:
        step.job->work(worker, step.range);
        break;
      case Kind::Look:
        step.job->look();
        break;
      case Kind::Finish:
        // A job that was cancelled after its last unit has all it needs, but the caller no longer wants it.
        if (!step.job->schedule.failure && step.job->cancelled()) step.job->schedule.failure = cancelled_error();
        step.job->finish(step.job->schedule.failure);
        break;
    }
  } catch (...) {
    failure = std::current_exception();
  }
  complete(step, failure);
}

void Engine::complete(Step& step, std::exception_ptr failure) {
  std::scoped_lock lock(mutex_);
  auto& at = step.job->schedule;
  --at.active_steps;
  const int limit = calibration_.limit();
  if (step.kind == Kind::Work) {
    const int company = scoring_--;
    const double seconds = static_cast<double>(nanoseconds_since(step.start)) / 1e9;
    // A run that was broken off took less time than its tiles.
    if (!failure && !step.job->cancelled())
      calibration_.add(step.range.end - step.range.first, seconds, step.company, company);
  }
  if (failure && !at.failure) at.failure = failure;
  if (step.kind == Kind::Prepare && !failure) at.phase = ScoreJob::Phase::Running;
  if (step.kind == Kind::Prepare || step.kind == Kind::Look) {
    at.end = step.job->end();
    at.looks = step.job->has_more_looks();
  }
  if (step.kind == Kind::Finish) jobs_.remove(step.job);
  // What has been worked on leaves room for one worker; everything else may give work to all.
  if (step.kind == Kind::Work && calibration_.limit() == limit)
    changed_.notify_one();
  else
    changed_.notify_all();
}

void Engine::wait_for_work(std::unique_lock<std::mutex>& lock) {
  const auto start = Clock::now();
  // The wait is put down to the stage that the oldest slide is short of.
  const auto job = jobs_.empty() ? nullptr : jobs_.front();
  Stage stage = Stage::Infer;
  if (job && job->schedule.phase != ScoreJob::Phase::Running) stage = Stage::Tissue;
  if (job && job->schedule.phase == ScoreJob::Phase::Running && job->schedule.next < job->schedule.end)
    stage = Stage::Preprocess;
  const bool one_too_many = scoring_ >= calibration_.limit();  // waits for no stage
  changed_.wait(lock);
  if (job && !one_too_many) job->metrics().add_waiting(stage, nanoseconds_since(start));
}

}  // namespace microtome::engine
