#include "pipeline/tile_stream.h"

#include <algorithm>

namespace microtome::pipeline {
namespace {

constexpr std::int64_t kCacheBytes = 256ll << 20;

}  // namespace

TileStream::TileStream(decode::TileDecoder& decoder, std::shared_ptr<const slide::Slide> slide,
                       const GridRequest& request, std::int64_t batch_size)
    : slide_(std::move(slide)),
      batch_size_(batch_size),
      prepared_(prepare(decoder, *slide_, request, metrics_, cancel_)) {
  const auto& level = slide_->levels()[static_cast<std::size_t>(prepared_.plan.policy.level)];
  tiles::UseCounts uses(level.storage);
  uses.add(prepared_.plan);
  cache_ = std::make_unique<StoredTileCache>(slide_, level.index, std::move(uses), request.on_bad_tile, kCacheBytes,
                                             metrics_);
  const auto batch_bytes = static_cast<std::uint64_t>(3 * batch_size_) *
                           static_cast<std::uint64_t>(prepared_.plan.size_px * prepared_.plan.size_px);
  if (batch_bytes > slide_->limits().request_bytes)
    throw Error(Code::LIMIT_EXCEEDED, Stage::Tiles,
                "one batch would take " + std::to_string(batch_bytes) + " bytes, the limit requestBytes is " +
                    std::to_string(slide_->limits().request_bytes));
}

std::optional<TileBatch> TileStream::next(decode::TileDecoder& decoder) {
  std::scoped_lock lock(mutex_);
  const auto& plan = prepared_.plan;
  if (position_ == plan.tiles.size()) return std::nullopt;
  const auto& storage = slide_->levels()[static_cast<std::size_t>(plan.policy.level)].storage;
  const auto tiles = std::min<std::size_t>(static_cast<std::size_t>(batch_size_), plan.tiles.size() - position_);
  const auto tile_bytes = static_cast<std::size_t>(3 * plan.size_px * plan.size_px);
  TileBatch batch;
  batch.data.resize(tiles * tile_bytes);
  for (std::size_t i = 0; i < tiles; ++i) {
    cancel_.check(Stage::Decode);
    const auto& tile = plan.tiles[position_ + i];
    const RgbView view{batch.data.data() + i * tile_bytes, plan.size_px, plan.size_px, 3 * plan.size_px};
    assembler_.assemble(decoder, cancel_, *cache_, storage, plan, tile, view, metrics_);
    batch.x.push_back(static_cast<double>(tile.x));
    batch.y.push_back(static_cast<double>(tile.y));
  }
  position_ += tiles;
  const auto counts = cache_->counts();
  batch.bad_tiles = counts.bad + counts.missing - reported_bad_;
  reported_bad_ += batch.bad_tiles;
  return batch;
}

}  // namespace microtome::pipeline
