#include "pipeline/stored_tile_cache.h"

#include <algorithm>
#include <cstring>

namespace microtome::pipeline {
namespace {

std::size_t tile_bytes(const slide::Storage& storage) {
  return static_cast<std::size_t>(3 * storage.tile_width_px * storage.tile_height_px);
}

std::size_t buffers_within(std::int64_t budget_bytes, const slide::Storage& storage) {
  // A model tile can touch several stored tiles at once but copies from one at a time, so a few are always enough.
  const auto fit = static_cast<std::size_t>(std::max<std::int64_t>(budget_bytes, 0)) / tile_bytes(storage);
  return std::max<std::size_t>(fit, 4);
}

// Whether the exception being handled says that one stored tile is damaged (and not, say, that memory ran out).
bool caught_bad_tile() {
  try {
    throw;
  } catch (const Error& error) {
    return decode::is_bad_tile(error);
  } catch (...) {
    return false;
  }
}

}  // namespace

StoredTileCache::StoredTileCache(std::shared_ptr<const slide::Slide> slide, int level, tiles::UseCounts uses,
                                 decode::BadTilePolicy on_bad_tile, std::int64_t budget_bytes, StageMetrics& metrics)
    : slide_(std::move(slide)),
      level_(slide_->levels()[static_cast<std::size_t>(level)]),
      on_bad_tile_(on_bad_tile),
      max_buffers_(buffers_within(budget_bytes, level_.storage)),
      metrics_(metrics),
      uses_(std::move(uses)) {}

void StoredTileCache::copy(decode::TileDecoder& decoder, const CancelToken& cancel, std::int64_t column,
                           std::int64_t row, const RgbView& window, std::int64_t window_x, std::int64_t window_y) {
  const auto& storage = level_.storage;
  const Key key = row * storage.tiles_across() + column;
  const std::uint8_t* pixels = nullptr;
  {
    std::unique_lock lock(mutex_);
    Entry& entry = acquire(lock, decoder, cancel, key);
    ++entry.pins;
    if (entry.state == State::Pixels) pixels = entry.pixels.data();
  }
  // Level coordinates of what both have and the level covers: padding of edge tiles is not part of the image.
  const std::int64_t tile_x = column * storage.tile_width_px;
  const std::int64_t tile_y = row * storage.tile_height_px;
  const std::int64_t left = std::max(tile_x, window_x);
  const std::int64_t top = std::max(tile_y, window_y);
  const std::int64_t right = std::min({tile_x + storage.tile_width_px, window_x + window.width_px, storage.width_px});
  const std::int64_t bottom =
      std::min({tile_y + storage.tile_height_px, window_y + window.height_px, storage.height_px});
  for (std::int64_t y = top; y < bottom && left < right; ++y) {
    std::uint8_t* to = window.row(y - window_y) + 3 * (left - window_x);
    const auto bytes = static_cast<std::size_t>(3 * (right - left));
    if (pixels == nullptr)
      std::memset(to, 255, bytes);
    else
      std::memcpy(to, pixels + 3 * ((y - tile_y) * storage.tile_width_px + (left - tile_x)), bytes);
  }
  release(column, row);
}

StoredTileCache::Entry& StoredTileCache::acquire(std::unique_lock<std::mutex>& lock, decode::TileDecoder& decoder,
                                                 const CancelToken& cancel, Key key) {
  for (;;) {
    cancel.check(Stage::Decode);
    const auto found = entries_.find(key);
    if (found == entries_.end()) {
      decode_into(lock, decoder, key);
      continue;
    }
    if (found->second.state != State::Decoding) return found->second;
    const auto start = Clock::now();
    decoded_.wait(lock);
    metrics_.add_waiting(Stage::Decode, nanoseconds_since(start));
  }
}

// Called with the lock held and no entry for `key`; leaves with the lock held and either a finished entry or, when the
// tile cannot be decoded and that is an error, none.
void StoredTileCache::decode_into(std::unique_lock<std::mutex>& lock, decode::TileDecoder& decoder, Key key) {
  make_room();
  auto pixels = take_buffer();
  entries_[key];
  lock.unlock();
  const std::int64_t across = level_.storage.tiles_across();
  const TileAddress address{level_.index, key % across, key / across};
  State state = State::White;
  bool is_bad = false;
  try {
    state = decode_pixels(decoder, address, pixels);
  } catch (...) {
    lock.lock();
    if (on_bad_tile_ != decode::BadTilePolicy::Fill || !caught_bad_tile()) {
      entries_.erase(key);
      free_buffers_.push_back(std::move(pixels));
      --buffers_in_use_;
      decoded_.notify_all();
      throw;
    }
    is_bad = true;
  }
  if (!lock.owns_lock()) lock.lock();
  Entry& entry = entries_[key];
  entry.state = state;
  if (state == State::Pixels) {
    entry.pixels = std::move(pixels);
    entry.age = by_age_.insert(by_age_.end(), key);
    if (!seen_.insert(key).second) ++again_;
  } else {
    (is_bad ? bad_ : missing_).insert(key);
    free_buffers_.push_back(std::move(pixels));
    --buffers_in_use_;
  }
  decoded_.notify_all();
}

StoredTileCache::State StoredTileCache::decode_pixels(decode::TileDecoder& decoder, TileAddress address,
                                                      std::vector<std::uint8_t>& pixels) {
  const auto& storage = level_.storage;
  StageMetrics::Busy busy(metrics_, Stage::Decode);
  const RgbView view{pixels.data(), storage.tile_width_px, storage.tile_height_px, 3 * storage.tile_width_px};
  const auto state = decoder.decode(*slide_, storage, level_.directory, address, view);
  if (state == decode::TileState::Missing) return State::White;
  busy.count(1, static_cast<std::int64_t>(pixels.size()));
  return State::Pixels;
}

void StoredTileCache::release(std::int64_t column, std::int64_t row) {
  std::scoped_lock lock(mutex_);
  const Key key = row * level_.storage.tiles_across() + column;
  const auto found = entries_.find(key);
  Entry& entry = found->second;
  --entry.pins;
  const bool last_use = uses_.release(column, row) == 0;
  if (!last_use || entry.pins > 0) return;
  if (entry.state == State::Pixels) {
    by_age_.erase(entry.age);
    free_buffers_.push_back(std::move(entry.pixels));
    --buffers_in_use_;
  }
  entries_.erase(found);
}

// Drops the oldest tiles that nobody copies from until there is room for one more.
void StoredTileCache::make_room() {
  for (auto oldest = by_age_.begin(); buffers_in_use_ >= max_buffers_ && oldest != by_age_.end();) {
    const auto found = entries_.find(*oldest);
    if (found->second.pins > 0) {
      ++oldest;
      continue;
    }
    free_buffers_.push_back(std::move(found->second.pixels));
    --buffers_in_use_;
    entries_.erase(found);
    oldest = by_age_.erase(oldest);
  }
}

std::vector<std::uint8_t> StoredTileCache::take_buffer() {
  ++buffers_in_use_;
  if (free_buffers_.empty()) return std::vector<std::uint8_t>(tile_bytes(level_.storage));
  auto buffer = std::move(free_buffers_.back());
  free_buffers_.pop_back();
  return buffer;
}

StoredTileCache::Counts StoredTileCache::counts() const {
  std::scoped_lock lock(mutex_);
  return {static_cast<std::int64_t>(seen_.size()), static_cast<std::int64_t>(missing_.size()),
          static_cast<std::int64_t>(bad_.size()), again_};
}

}  // namespace microtome::pipeline
