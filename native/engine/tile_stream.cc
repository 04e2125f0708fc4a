#include "engine/tile_stream.h"

#include <algorithm>
#include <string>

#include "core/cores.h"

namespace microtome::engine {
namespace {

constexpr std::int64_t kCacheBytes = 256ll << 20;
constexpr std::size_t kWarmBytes = 4u << 20;  // of a batch that may still be in the caches when it is read
constexpr std::int64_t kGroupTiles = 4;       // read together before they become tensors, while they are warm

void require_batch(std::int64_t batch_size, std::size_t tile_bytes, const slide::Slide& slide) {
  std::uint64_t bytes = 0;
  const bool overflow = __builtin_mul_overflow(static_cast<std::uint64_t>(batch_size), tile_bytes, &bytes);
  if (overflow || bytes > slide.limits().request_bytes)
    throw Error(Code::LIMIT_EXCEEDED, Stage::Tiles,
                "one batch would take " + (overflow ? std::string("too many") : std::to_string(bytes)) +
                    " bytes, [[limits.requestBytes]] is " + std::to_string(slide.limits().request_bytes))
        .with_path(slide.source().name());
}

std::exception_ptr cancelled_error() {
  return std::make_exception_ptr(Error(Code::CANCELLED, Stage::Decode, "the tiles are no longer wanted"));
}

}  // namespace

TileStream::TileStream(decode::TileDecoder& decoder, std::shared_ptr<const slide::Slide> slide,
                       const GridRequest& request, const StreamOptions& options)
    : options_(options) {
  auto prepared = prepare(decoder, *slide, request, metrics_, cancel_);
  const std::int64_t side = prepared.plan.size_px;
  tile_bytes_ = options_.tensor ? options_.tensor->bytes_per_tile() : static_cast<std::size_t>(3 * side * side);
  require_batch(options_.batch_size, tile_bytes_, *slide);
  const std::int64_t batch = std::min(options_.batch_size, std::ssize(prepared.plan.tiles));
  batches_ = (std::ssize(prepared.plan.tiles) + batch - 1) / batch;
  const auto threads = std::min<std::int64_t>(options_.threads > 0 ? options_.threads : available_cores(), batches_);
  const auto batch_bytes = static_cast<std::int64_t>(tile_bytes_) * batch;
  const auto most = static_cast<std::int64_t>(slide->limits().request_bytes) / batch_bytes;
  window_ = std::clamp<std::int64_t>(most, 1, threads + 1);
  pool_ = std::make_unique<BufferPool>(static_cast<std::size_t>(batch_bytes), static_cast<std::size_t>(window_) + 1);
  feed_ = std::make_unique<TileFeed>(std::move(slide), std::move(prepared.plan), request.on_bad_tile, kCacheBytes,
                                     metrics_);
  for (std::int64_t i = 0; i < threads; ++i) workers_.start("microtome-t" + std::to_string(i), [this] { work(); });
}

TileStream::~TileStream() { close(); }

void TileStream::close() {
  std::scoped_lock once(close_mutex_);
  cancel();
  workers_.join();
}

void TileStream::cancel() {
  cancel_.cancel();
  std::unique_lock lock(mutex_);
  if (!failure_) failure_ = cancelled_error();
  ready_.clear();
  deliver(lock);
}

void TileStream::next(Receiver receiver) {
  std::unique_lock lock(mutex_);
  receivers_.push_back(std::move(receiver));
  deliver(lock);
}

// Serves whoever waits, in order; called with the lock held, which it gives up while a receiver runs.
void TileStream::deliver(std::unique_lock<std::mutex>& lock) {
  for (;;) {
    changed_.notify_all();
    if (receivers_.empty()) return;
    Outcome outcome;
    const auto found = ready_.find(next_to_give_);
    if (found != ready_.end()) {
      const auto counts = feed_->counts();
      found->second.bad_tiles = counts.bad + counts.missing - reported_bad_;
      reported_bad_ += found->second.bad_tiles;
      outcome = std::move(found->second);
      ready_.erase(found);
      ++next_to_give_;
    } else if (next_to_give_ == batches_) {
      outcome = std::nullopt;
    } else if (failure_) {
      outcome = failure_;
    } else {
      return;
    }
    const Receiver receiver = std::move(receivers_.front());
    receivers_.pop_front();
    lock.unlock();
    receiver(std::move(outcome));
    lock.lock();
  }
}

void TileStream::work() noexcept {
  {
    TileReader reader;
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(
          lock, [this] { return failure_ || next_to_fill_ == batches_ || next_to_fill_ < next_to_give_ + window_; });
      if (failure_ || next_to_fill_ == batches_) break;
      const std::int64_t batch = next_to_fill_++;
      lock.unlock();
      std::optional<TileBatch> filled;
      std::exception_ptr failure;
      try {
        filled = fill(reader, batch);
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      if (failure && !failure_) failure_ = failure;
      if (filled && !failure_) ready_.emplace(batch, std::move(*filled));
      deliver(lock);
    }
  }
  decode::leave_thread();
}

TileBatch TileStream::fill(TileReader& reader, std::int64_t index) {
  const auto& plan = feed_->plan();
  const std::int64_t first = index * options_.batch_size;
  const std::int64_t count = std::min(options_.batch_size, feed_->size() - first);
  TileBatch batch;
  batch.data = pool_->take();
  batch.bytes = static_cast<std::size_t>(count) * tile_bytes_;
  batch.size_px = plan.size_px;
  batch.level = plan.policy.level;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto& at = plan.tiles[feed_->index_of(first + i)];
    batch.x.push_back(static_cast<double>(at.x * plan.stored.reduction));
    batch.y.push_back(static_cast<double>(at.y * plan.stored.reduction));
  }
  const auto ahead = feed_->read_ahead(reader, first, count);
  std::uint8_t* out = batch.data->data();
  if (!options_.tensor) {
    feed_->read(reader, cancel_, first, count, out);
    return batch;
  }
  preprocess::TensorFormat how = *options_.tensor;
  how.read_later = batch.data->size() > kWarmBytes;
  for (std::int64_t done = 0; done < count; done += kGroupTiles)
    feed_->read_tensors(reader, cancel_, first + done, std::min(kGroupTiles, count - done), how,
                        out + static_cast<std::size_t>(done) * tile_bytes_);
  return batch;
}

}  // namespace microtome::engine
