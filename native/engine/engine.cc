#include "engine/engine.h"

#include <algorithm>
#include <utility>

#include "core/cores.h"

namespace microtome::engine {
namespace {

// Slides worked on at once; further ones wait unprepared. A device's batch may take the tiles of many small slides.
constexpr int kTakenUpJobs = 4;
constexpr int kMoreForDevice = 8;

void require_graphs(const ScoreRequest& request, const std::vector<GraphMeans>& graphs, std::size_t heads) {
  for (const EncoderRequest& encoder : request.encoders) {
    if (encoder.graph >= graphs.size())
      throw Error(Code::INVALID_OPTION, Stage::Options,
                  "the encoder \"" + encoder.name + "\" names a graph that was not loaded");
    if (encoder.is_turned() && graphs[encoder.graph].queue)
      throw Error(Code::INVALID_OPTION, Stage::Options,
                  "the encoder \"" + encoder.name + "\" turns its tiles, which runs on the CPU only");
  }
  for (const HeadRequest& head : request.heads)
    if (head.graph() && head.graph()->graph >= heads)
      throw Error(Code::INVALID_OPTION, Stage::Options,
                  "the head \"" + head.name + "\" names a graph that was not loaded");
}

// Rows that the caller made are copied as they are, so a row must be what the graph takes.
void require_tensors(const ImageRequest& request, const std::vector<GraphMeans>& graphs) {
  if (graphs[request.encoder.graph].runner->traits().rows != RowKind::Tensor)
    throw Error(Code::INVALID_OPTION, Stage::Options,
                "tensors run on the CPU or a plug-in only: this device makes its tensors of pixels itself",
                "send images, or load the model on the CPU");
  const auto& tensors = std::get<ImageTensors>(request.images);
  const auto row_bytes = request.encoder.format.bytes_per_tile();
  if (row_bytes == 0 || tensors.rows < 0 || tensors.bytes.size() % row_bytes != 0 ||
      tensors.bytes.size() / row_bytes != static_cast<std::size_t>(tensors.rows))
    throw Error(Code::INVALID_OPTION, Stage::Options,
                std::to_string(tensors.bytes.size()) + " bytes are not " + std::to_string(tensors.rows) +
                    " rows of tensors of " + std::to_string(row_bytes) + " bytes");
}

std::exception_ptr closed_error() {
  return std::make_exception_ptr(Error(Code::CANCELLED, Stage::Infer, "the scorer is closed"));
}

bool is_device(const std::unique_ptr<Runner>& runner) { return runner->traits().in_flight > 0; }

// The queue of a device counts as one.
int most_taken_up(const std::vector<std::unique_ptr<Runner>>& runners) {
  const auto devices = static_cast<int>(std::ranges::count_if(runners, is_device));
  return kTakenUpJobs + (devices > 0 ? devices + kMoreForDevice : 0);
}

}  // namespace

struct Engine::RunnersGone {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t left = 0;

  void tell() noexcept {
    std::scoped_lock lock(mutex);
    --left;
    changed.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return left == 0; });
  }
};

Engine::Engine(const std::shared_ptr<WorkerPool>& pool, std::vector<std::unique_ptr<Runner>> runners,
               const EngineOptions& options, std::vector<std::shared_ptr<infer::HeadGraph>> heads)
    : pool_(pool),
      crew_(std::make_shared<Crew>(options.threads > 0 ? options.threads : available_cores(),
                                   options.threads == 0 || options.trial, options.memory_bytes,
                                   most_taken_up(runners))),
      gone_(std::make_shared<RunnersGone>()),
      threads_(crew_->calibration.limit()),
      lease_(pool->lease(threads_)) {
  for (auto& runner : runners) {
    // The last owner may be a job that a worker ends: close() waits for it.
    ++gone_->left;
    GraphMeans& graph = graphs_.emplace_back();
    graph.runner = std::shared_ptr<Runner>(runner.release(), [gone = gone_](Runner* last) {
      std::unique_ptr<Runner>(last).reset();
      gone->tell();
    });
    graph.batches = std::make_shared<BatchPool>(graph.runner);
    if (graph.runner->traits().in_flight == 0) {
      if (!batches_) batches_ = graph.batches;
      continue;
    }
    graph.queue = std::make_shared<BatchQueue>(crew_, graph.runner, graph.batches, options.now);
    pool_->add(graph.queue);
  }
  for (auto& head : heads) {
    ++gone_->left;
    infer::HeadGraph* const graph = head.get();
    heads_.emplace_back(graph, [owner = std::move(head), gone = gone_](infer::HeadGraph*) mutable {
      owner.reset();
      gone->tell();
    });
  }
  if (!batches_) batches_ = std::make_shared<BatchPool>(nullptr);  // nobody takes any
}

Engine::~Engine() { close(); }

std::shared_ptr<ScoreJob> Engine::score(std::shared_ptr<const slide::Slide> slide, ScoreRequest request,
                                        ScoreCallbacks callbacks) {
  std::shared_ptr<ScoreJob> job;
  {
    std::scoped_lock lock(mutex_);
    if (!closing_) {
      require_graphs(request, graphs_, heads_.size());
      job = std::make_shared<ScoreJob>(
          std::move(slide), std::move(request), std::move(callbacks), crew_,
          ScoreJob::Means{.graphs = graphs_, .heads = heads_, .batches = batches_, .threads = threads_});
      remember(job);
    }
  }
  if (!job) {
    callbacks.done(closed_error());
    return nullptr;
  }
  start(job);
  return job;
}

std::shared_ptr<ImageJob> Engine::score_images(ImageRequest request, ImagesDone done) {
  std::shared_ptr<ImageJob> job;
  {
    std::scoped_lock lock(mutex_);
    if (!closing_) {
      if (request.encoder.graph >= graphs_.size() || request.encoder.is_turned())
        throw Error(Code::INVALID_OPTION, Stage::Options, "images are scored by one encoder that turns nothing");
      if (std::holds_alternative<ImageTensors>(request.images)) require_tensors(request, graphs_);
      if (!room_) room_ = std::make_shared<LargeImageRoom>(crew_->memory);
      const GraphMeans& graph = graphs_[request.encoder.graph];
      job = std::make_shared<ImageJob>(
          std::move(request), std::move(done), crew_,
          ImageJob::Means{.graph = graph, .batches = batches_, .room = room_, .threads = threads_});
      remember(job);
    }
  }
  if (!job) {
    done(closed_error());
    return nullptr;
  }
  start(job);
  return job;
}

// With mutex_ held.
void Engine::remember(const std::shared_ptr<Job>& job) {
  jobs_.remove_if([](const auto& earlier) { return earlier.expired(); });
  jobs_.push_back(job);
}

void Engine::start(const std::shared_ptr<Job>& job) {
  pool_->add(job);
  // Between the list and the pool: close() has cancelled it, and nobody would look again.
  if (job->cancelled()) pool_->cancel(*job);
}

void Engine::cancel(const std::shared_ptr<Job>& job) { pool_->cancel(*job); }

void Engine::close() {
  std::scoped_lock once(close_mutex_);
  std::list<std::weak_ptr<Job>> jobs;
  std::vector<GraphMeans> graphs;
  std::vector<std::shared_ptr<infer::HeadGraph>> heads;
  {
    std::scoped_lock lock(mutex_);
    closing_ = true;
    jobs.swap(jobs_);
    graphs.swap(graphs_);
    heads.swap(heads_);
    batches_.reset();
  }
  // Before anything waits: a device may be building its graph.
  for (const GraphMeans& graph : graphs) graph.runner->stop();
  for (const auto& weak : jobs)
    if (const auto job = weak.lock()) pool_->cancel(*job);
  for (const GraphMeans& graph : graphs)
    if (graph.queue) pool_->change([&] { graph.queue->close(); });
  graphs.clear();
  heads.clear();
  gone_->wait();
  lease_.release();
}

}  // namespace microtome::engine
