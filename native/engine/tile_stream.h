// The planned tiles of a slide as batches of RGB pixels or of model input, for callers that bring their own model.
// Worker threads of the stream's own decode a few batches ahead and wait while the caller is busy; batches are given
// out in order. All functions are safe to call from any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

#include "core/buffer_pool.h"
#include "core/cancel_token.h"
#include "core/option_bounds.h"
#include "core/worker_threads.h"
#include "engine/prepare.h"
#include "engine/tile_feed.h"
#include "preprocess/preprocess.h"
#include "slide/slide.h"

namespace microtome::engine {

struct StreamOptions {
  std::int64_t batch_size = option_bounds::kBatchSizeDefault;
  int threads = 0;                                 // 0: cores this process may use
  std::optional<preprocess::TensorFormat> tensor;  // absent: RGB bytes. Its size must be the grid's.
};

struct TileBatch {
  // tiles * (3 * size_px^2 samples); goes back to the stream's pool with its last owner.
  std::shared_ptr<AlignedBytes> data;
  std::size_t bytes = 0;  // of `data` that hold tiles
  std::vector<double> x;  // pixels of the level
  std::vector<double> y;
  std::int64_t bad_tiles = 0;  // stored tiles found bad or missing since the previous batch
  std::int64_t size_px = 0;
  int level = 0;
};

class TileStream {
 public:
  using Outcome = std::variant<std::optional<TileBatch>, std::exception_ptr>;  // no batch: the end
  using Receiver = std::function<void(Outcome)>;                               // must not throw

  // Prepares the slide on the calling thread: throws as prepare() does, and LIMIT_EXCEEDED for too large a batch.
  TileStream(decode::TileDecoder& decoder, std::shared_ptr<const slide::Slide> slide, const GridRequest& request,
             const StreamOptions& options);
  ~TileStream();  // close()
  TileStream(const TileStream&) = delete;
  TileStream& operator=(const TileStream&) = delete;

  // `receiver` gets the next batch: at once, or later from a worker. It must not own the stream. After cancel():
  // CANCELLED.
  void next(Receiver receiver);
  void cancel();
  // cancel(), then waits for the workers. Not from a receiver.
  void close();

 private:
  void work() noexcept;
  TileBatch fill(TileReader& reader, std::int64_t batch);
  void deliver(std::unique_lock<std::mutex>& lock);

  const StreamOptions options_;
  CancelToken cancel_;
  StageMetrics metrics_;
  std::unique_ptr<TileFeed> feed_;
  std::size_t tile_bytes_ = 0;
  std::int64_t batches_ = 0;
  std::int64_t window_ = 1;  // batches decoded or being decoded, and not yet given out
  std::unique_ptr<BufferPool> pool_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t next_to_fill_ = 0;
  std::int64_t next_to_give_ = 0;
  std::map<std::int64_t, TileBatch> ready_;
  std::deque<Receiver> receivers_;
  std::exception_ptr failure_;
  std::int64_t reported_bad_ = 0;

  std::mutex close_mutex_;
  WorkerThreads workers_;
};

}  // namespace microtome::engine
