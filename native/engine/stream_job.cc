#include "engine/stream_job.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/cores.h"
#include "engine/worker_pool.h"

namespace microtome::engine {
namespace {

constexpr std::size_t kWarmBytes = 4u << 20;  // of a batch that may still be in the caches when it is read
constexpr std::int64_t kGroupTiles = 4;       // read together before they become tensors, while they are warm
constexpr std::int64_t kScratchKept = 8ll << 20;

void require_batch(std::int64_t batch_size, std::size_t tile_bytes, const slide::Slide& slide) {
  std::uint64_t bytes = 0;
  const bool overflow = __builtin_mul_overflow(static_cast<std::uint64_t>(batch_size), tile_bytes, &bytes);
  if (overflow || bytes > slide.limits().request_bytes)
    throw Error(Code::LIMIT_EXCEEDED, Stage::Tiles,
                "one batch would take " + (overflow ? std::string("too many") : std::to_string(bytes)) +
                    " bytes, [[limits.requestBytes]] is " + std::to_string(slide.limits().request_bytes),
                "lower [[batchSize]], or raise [[limits.requestBytes]] where the slide is opened")
        .with_path(slide.source().name());
}

// A stream has no option for its memory: what the slide asks for is what can be changed.
MemoryBudget::Reservation reserve(MemoryBudget& memory, std::int64_t bytes) {
  auto reserved = memory.try_reserve(bytes);
  if (!reserved)
    throw Error(Code::LIMIT_EXCEEDED, Stage::Tiles,
                "the tiles of this slide need " + std::to_string(bytes) + " bytes, a stream of tiles may take " +
                    std::to_string(memory.limit()),
                "lower [[batchSize]] or [[size]], or take fewer tiles with [[maxTiles]] or a coarser [[level]]");
  return std::move(*reserved);
}

std::exception_ptr gone_error() {
  return std::make_exception_ptr(Error(Code::CANCELLED, Stage::Decode, "the tiles are no longer wanted"));
}

std::int64_t distinct(std::vector<std::uint32_t>& list) {
  std::sort(list.begin(), list.end());
  return std::unique(list.begin(), list.end()) - list.begin();
}

}  // namespace

std::shared_ptr<Crew> stream_crew(const StreamOptions& options) {
  const int threads = options.threads > 0 ? options.threads : available_cores();
  return std::make_shared<Crew>(threads, false, options.memory_bytes, 1);
}

StreamJob::StreamJob(std::shared_ptr<const slide::Slide> slide, GridRequest request, const StreamOptions& options,
                     std::shared_ptr<Crew> crew)
    : Job(std::move(crew)), slide_(std::move(slide)), request_(std::move(request)), options_(options) {}

std::optional<Step> StreamJob::next(Urgency urgency) {
  std::optional<Step> step;
  const bool stopped = is_stopped();
  const bool complete = phase_ == Phase::Running && next_to_give_ == batches_;
  const bool may_fill = phase_ == Phase::Running && next_to_fill_ < std::min(batches_, next_to_give_ + window_);
  if (urgency == Urgency::Finish && phase_ < Phase::Finishing && active_steps_ == 0 && (stopped || complete)) {
    phase_ = Phase::Finishing;
    step = Step{.urgency = urgency};
  } else if (urgency == Urgency::Prepare && phase_ == Phase::Queued && !stopped) {
    phase_ = Phase::Preparing;
    step = Step{.urgency = urgency};
  } else if (urgency == Urgency::Work && may_fill && !stopped) {
    step = Step{.urgency = urgency, .range = {next_to_fill_, next_to_fill_ + 1}};
    ++next_to_fill_;
  }
  if (step) ++active_steps_;
  return step;
}

void StreamJob::run(Worker& worker, Step& step) {
  if (step.urgency == Urgency::Prepare) return prepare(worker);
  if (step.urgency == Urgency::Work) return fill(worker, step);
  source_.reset();
  preparation_.reset();
  slide_.reset();
}

void StreamJob::ended(Step& step, bool well) {
  --active_steps_;
  if (step.urgency == Urgency::Prepare && well) phase_ = Phase::Running;
  if (step.urgency == Urgency::Finish) {
    phase_ = Phase::Over;
    ready_.clear();
    reserved_.release();
    cache_reserved_.release();
  }
}

void StreamJob::prepare(Worker& worker) {
  if (!preparation_) {
    planning_ = planning_needs(*slide_, {&request_, 1}, crew().memory.limit());
    reserved_ = reserve(crew().memory, planning_.sum());
    preparation_.emplace(*slide_, std::span(&request_, 1));
  }
  Prepared prepared = preparation_->run(worker.reader.decoder, metrics(), token(), planning_.plan_bytes);
  preparation_.reset();
  reserved_.release();
  tiles::TilePlan& plan = prepared.plans.front();
  const std::int64_t side = plan.size_px;
  tile_bytes_ = options_.tensor ? options_.tensor->bytes_per_tile() : static_cast<std::size_t>(3 * side * side);
  require_batch(options_.batch_size, tile_bytes_, *slide_);
  const std::int64_t planned = std::ssize(plan.tiles);
  const std::int64_t batch = std::min(options_.batch_size, planned);
  const auto batch_bytes = static_cast<std::int64_t>(tile_bytes_) * batch;
  const ScoringNeeds needs =
      scoring_needs(*slide_, {.lanes = {{.plan = &plan, .rows = 1, .row_bytes = batch_bytes}}}, crew().memory.limit());
  reserved_ = reserve(crew().memory, needs.sum());
  cache_reserved_ = crew().memory.try_reserve(needs.more_cache_bytes).value_or(MemoryBudget::Reservation());
  batches_ = (planned + batch - 1) / batch;
  const std::int64_t threads = std::min<std::int64_t>(crew().calibration.limit(), batches_);
  window_ = std::clamp<std::int64_t>(crew().memory.available() / batch_bytes, 1, threads + 1);
  buffers_ = std::make_unique<BufferPool>(static_cast<std::size_t>(batch_bytes), static_cast<std::size_t>(window_) + 1);
  source_ = std::make_unique<SlideTiles>(slide_, std::move(plan), request_.on_bad_tile,
                                         needs.cache_bytes + cache_reserved_.bytes(), metrics());
}

void StreamJob::fill(Worker& worker, Step& step) {
  const tiles::TilePlan& plan = source_->plan();
  const std::int64_t first = step.range.first * options_.batch_size;
  const Range range{first, std::min(first + options_.batch_size, source_->size())};
  const std::unique_ptr<TileReader, std::function<void(TileReader*)>> release(
      &worker.reader, [this](TileReader* reader) { source_->release(*reader); });
  source_->fetch(worker.reader, range);
  worker.reader.white_tiles.clear();
  TileBatch batch;
  batch.data = buffers_->take();
  batch.bytes = static_cast<std::size_t>(range.size()) * tile_bytes_;
  batch.size_px = plan.size_px;
  batch.footprint_px = plan.footprint_px * plan.stored.reduction;
  batch.first_tile = range.first;
  batch.total_tiles = source_->size();
  batch.level = plan.policy.level;
  for (std::int64_t i = range.first; i < range.end; ++i) {
    const tiles::PlannedTile& at = plan.tiles[source_->index_of(i)];
    batch.x.push_back(static_cast<double>(at.x * plan.stored.reduction));
    batch.y.push_back(static_cast<double>(at.y * plan.stored.reduction));
  }
  batch.level0_per_px_x = plan.level0_per_px_x;
  batch.level0_per_px_y = plan.level0_per_px_y;
  fill_rows(worker, range, batch.data->data());
  slide_->require_unchanged();
  batch.bad_tiles = distinct(worker.reader.white_tiles);
  worker.reader.trim(kScratchKept);
  if (const auto alive = pool()) alive->change([&] { ready_.emplace(step.range.first, std::move(batch)); });
}

void StreamJob::fill_rows(Worker& worker, Range range, std::uint8_t* out) {
  if (!options_.tensor) return source_->fill(worker.reader, token(), range, {out, nullptr});
  preprocess::TensorFormat format = *options_.tensor;
  format.read_later = static_cast<std::size_t>(range.size()) * tile_bytes_ > kWarmBytes;
  for (std::int64_t first = range.first; first < range.end; first += kGroupTiles)
    source_->fill(worker.reader, token(), {first, std::min(first + kGroupTiles, range.end)},
                  {out + static_cast<std::size_t>(first - range.first) * tile_bytes_, &format});
}

void StreamJob::next_batch(Receiver receiver) {
  const auto alive = pool();
  if (!alive) return receiver(gone_error());
  alive->change([&] { receivers_.push_back(std::move(receiver)); });
  tell();
}

// [pool] Whoever waits, in order, with what he gets.
std::vector<StreamJob::Delivery> StreamJob::take_deliveries() {
  std::vector<Delivery> all;
  while (!receivers_.empty()) {
    Outcome outcome;
    const auto found = ready_.find(next_to_give_);
    if (cancelled() && phase_ != Phase::Over) {
      return all;  // told when it is over: then the slide is free
    } else if (cancelled()) {
      outcome = gone_error();
    } else if (found != ready_.end()) {
      outcome = std::move(found->second);
      ready_.erase(found);
      ++next_to_give_;
    } else if (phase_ >= Phase::Running && !failure() && next_to_give_ == batches_) {
      outcome = std::nullopt;
    } else if (failure()) {
      outcome = failure();
    } else {
      return all;
    }
    all.push_back({std::move(receivers_.front()), std::move(outcome)});
    receivers_.pop_front();
  }
  return all;
}

void StreamJob::tell() {
  const auto alive = pool();
  if (!alive) return;
  for (Delivery& one : alive->change([this] { return take_deliveries(); })) one.receiver(std::move(one.outcome));
}

}  // namespace microtome::engine
