// The planned tiles of a slide as RGB batches, for callers that bring their own model. One batch at a time.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "core/cancel_token.h"
#include "pipeline/prepare.h"
#include "pipeline/stored_tile_cache.h"
#include "pipeline/tile_assembler.h"
#include "slide/slide.h"

namespace microtome::pipeline {

struct TileBatch {
  std::vector<std::uint8_t> data;  // tiles * size_px * size_px * 3
  std::vector<double> x;           // pixels of the level
  std::vector<double> y;
  std::int64_t bad_tiles = 0;  // stored tiles found bad or missing since the previous batch
};

class TileStream {
 public:
  // Throws as prepare() does.
  TileStream(decode::TileDecoder& decoder, std::shared_ptr<const slide::Slide> slide, const GridRequest& request,
             std::int64_t batch_size);

  // nullopt at the end. Calls are serialised; each may come from another thread.
  [[nodiscard]] std::optional<TileBatch> next(decode::TileDecoder& decoder);
  void cancel() { cancel_.cancel(); }

  [[nodiscard]] const tiles::TilePlan& plan() const noexcept { return prepared_.plan; }

 private:
  const std::shared_ptr<const slide::Slide> slide_;
  const std::int64_t batch_size_;
  CancelToken cancel_;
  StageMetrics metrics_;
  Prepared prepared_;
  std::unique_ptr<StoredTileCache> cache_;
  std::mutex mutex_;
  TileAssembler assembler_;
  std::size_t position_ = 0;
  std::int64_t reported_bad_ = 0;
};

}  // namespace microtome::pipeline
