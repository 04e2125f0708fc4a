#include "engine/stored_tile_cache.h"

#include <algorithm>

namespace microtome::engine {
namespace {

std::size_t tile_bytes(const tiles::StoredGrid& grid) {
  return static_cast<std::size_t>(3 * grid.tile_width_px * grid.tile_height_px);
}

std::size_t buffers_within(std::int64_t budget_bytes, const tiles::StoredGrid& grid, std::size_t stored_tiles) {
  // A model tile can touch several stored tiles at once but copies from one at a time, so a few are always enough.
  const auto fit = static_cast<std::size_t>(std::max<std::int64_t>(budget_bytes, 0)) / tile_bytes(grid);
  return std::min(std::max<std::size_t>(fit, 4), std::max<std::size_t>(stored_tiles, 4));
}

bool is_whole_tile(std::span<const decode::TileWindow> windows, const tiles::StoredGrid& grid) {
  return windows.size() == 1 && windows[0].to.width_px == grid.tile_width_px &&
         windows[0].to.height_px == grid.tile_height_px;
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

StoredTileCache::StoredTileCache(std::shared_ptr<const slide::Slide> slide, int level, tiles::StoredTileUses uses,
                                 decode::BadTilePolicy on_bad_tile, std::int64_t budget_bytes, StageMetrics& metrics)
    : slide_(std::move(slide)),
      level_(slide_->levels()[static_cast<std::size_t>(level)]),
      uses_(std::move(uses)),
      grid_(uses_.grid()),
      on_bad_tile_(on_bad_tile),
      max_buffers_(buffers_within(budget_bytes, grid_, uses_.size())),
      metrics_(metrics),
      entries_(uses_.size()),
      uses_left_(uses_.total()) {
  for (std::size_t i = 0; i < entries_.size(); ++i) entries_[i].uses_left = uses_.uses(i);
  // Pixels are allocated as they are needed, up to max_buffers_; the lists of them never grow.
  buffers_.reserve(max_buffers_);
  free_buffers_.reserve(max_buffers_);
}

const std::uint8_t* StoredTileCache::pin(decode::TileDecoder& decoder, const CancelToken& cancel, std::size_t index) {
  std::unique_lock lock(mutex_);
  Entry& entry = acquire(lock, decoder, cancel, index);
  ++entry.pins;
  return entry.state == State::Pixels ? buffers_[static_cast<std::size_t>(entry.buffer)].data() : nullptr;
}

void StoredTileCache::unpin(std::size_t index, std::uint32_t uses) {
  std::scoped_lock lock(mutex_);
  Entry& entry = entries_[index];
  --entry.pins;
  const std::uint32_t counted = std::min(uses, entry.uses_left);
  entry.uses_left -= counted;
  if (entry.uses_left == 0 && entry.pins == 0) {
    if (entry.state == State::Pixels) unlink(entry);
    give_up(entry, State::Gone);
  }
  count_uses(counted);
}

// The level is through: another one may need the room.
void StoredTileCache::count_uses(std::uint32_t uses) noexcept {
  uses_left_ -= uses;
  if (uses_left_ > 0 || free_buffers_.size() < buffers_.size()) return;
  free_buffers_.clear();
  buffers_.clear();
}

StoredTileCache::Straight StoredTileCache::decode_straight(decode::TileDecoder& decoder, std::size_t index,
                                                           std::uint32_t count,
                                                           std::span<const decode::TileWindow> windows) {
  if (grid_.reduction != 1 && !is_whole_tile(windows, grid_)) return Straight::No;
  if (!begin_alone(index, count)) return Straight::No;
  State state = State::White;
  bool bad = false;
  try {
    state = decode_pixels(decoder, index, windows);
  } catch (...) {
    if (on_bad_tile_ != decode::BadTilePolicy::Fill || !caught_bad_tile()) {
      std::scoped_lock lock(mutex_);
      entries_[index].state = State::Untouched;
      throw;
    }
    for (const decode::TileWindow& window : windows) fill_white(window.to);
    bad = true;
  }
  std::scoped_lock lock(mutex_);
  counts_.decoded += state == State::Pixels;
  counts_.bad += bad;
  counts_.missing += state == State::White && !bad;
  entries_[index].uses_left = 0;
  entries_[index].state = State::Gone;
  count_uses(count);
  return state == State::Pixels ? Straight::Pixels : Straight::White;
}

bool StoredTileCache::begin_alone(std::size_t index, std::uint32_t count) {
  std::scoped_lock lock(mutex_);
  Entry& entry = entries_[index];
  if (entry.uses_left != count || entry.state != State::Untouched) return false;
  entry.state = State::Decoding;  // nobody else has a use left to wait for it
  return true;
}

void StoredTileCache::end_alone(std::size_t index, std::uint32_t count, bool decoded) {
  std::scoped_lock lock(mutex_);
  Entry& entry = entries_[index];
  entry.state = decoded ? State::Gone : State::Untouched;
  if (!decoded) return;
  ++counts_.decoded;
  entry.uses_left = 0;
  count_uses(count);
}

void StoredTileCache::found_bad(std::size_t index, const std::string& why) {
  if (on_bad_tile_ == decode::BadTilePolicy::Error)
    throw Error(Code::CORRUPT_TILE, Stage::Decode, why)
        .with_path(slide_->source().name())
        .with_tile({level_.index, uses_.column(index), uses_.row(index)});
  std::scoped_lock lock(mutex_);
  --counts_.decoded;
  ++counts_.bad;
}

StoredTileCache::Entry& StoredTileCache::acquire(std::unique_lock<std::mutex>& lock, decode::TileDecoder& decoder,
                                                 const CancelToken& cancel, std::size_t index) {
  for (;;) {
    cancel.check(Stage::Decode);
    Entry& entry = entries_[index];
    switch (entry.state) {
      case State::Pixels:
      case State::White:
        return entry;
      case State::Untouched:
      case State::Dropped:
        decode_entry(lock, decoder, index);
        break;
      case State::Decoding: {
        const auto start = Clock::now();
        ++waiting_;
        decoded_.wait(lock);
        --waiting_;
        metrics_.add_waiting(Stage::Decode, nanoseconds_since(start));
        break;
      }
      case State::Gone:
        throw Error(Code::INTERNAL, Stage::Decode, "a stored tile was used more often than was planned");
    }
  }
}

// Called with the lock held; leaves with the lock held and the entry finished or, when the tile cannot be decoded and
// that is an error, as it was.
void StoredTileCache::decode_entry(std::unique_lock<std::mutex>& lock, decode::TileDecoder& decoder,
                                   std::size_t index) {
  Entry& entry = entries_[index];
  const bool again = entry.state == State::Dropped;
  make_room();
  entry.buffer = take_buffer();
  entry.state = State::Decoding;
  // A last strip may be shorter; nobody uses more of it than there is.
  const std::int64_t below_px = grid_.height_px - uses_.row(index) * grid_.tile_height_px;
  const std::int64_t rows = level_.storage.tiled ? grid_.tile_height_px : std::min(grid_.tile_height_px, below_px);
  std::uint8_t* const pixels = buffers_[static_cast<std::size_t>(entry.buffer)].data();
  const decode::TileWindow whole{0, 0, {pixels, grid_.tile_width_px, rows, 3 * grid_.tile_width_px}};
  lock.unlock();
  State state = State::White;
  bool bad = false;
  try {
    state = decode_pixels(decoder, index, {&whole, 1});
  } catch (...) {
    bad = on_bad_tile_ == decode::BadTilePolicy::Fill && caught_bad_tile();
    if (!bad) {
      lock.lock();
      give_up(entry, State::Untouched);
      if (waiting_ > 0) decoded_.notify_all();
      throw;
    }
  }
  lock.lock();
  if (state == State::Pixels) {
    entry.state = state;
    link_newest(index);
    ++(again ? counts_.again : counts_.decoded);
  } else {
    give_up(entry, State::White);
    ++(bad ? counts_.bad : counts_.missing);
  }
  if (waiting_ > 0) decoded_.notify_all();
}

StoredTileCache::State StoredTileCache::decode_pixels(decode::TileDecoder& decoder, std::size_t index,
                                                      std::span<const decode::TileWindow> windows) {
  StageMetrics::Busy busy(metrics_, Stage::Decode);
  const TileAddress address{level_.index, uses_.column(index), uses_.row(index)};
  const auto state = grid_.reduction == 1 ? decoder.decode(*slide_, level_.storage, level_.directory, address, windows)
                                          : decoder.decode_reduced(*slide_, level_.storage, level_.directory, address,
                                                                   grid_.reduction, windows[0].to);
  if (state == decode::TileState::Missing) return State::White;
  busy.count(1, static_cast<std::int64_t>(tile_bytes(grid_)));
  return State::Pixels;
}

// The entry's buffer, if it has one, is free again.
void StoredTileCache::give_up(Entry& entry, State state) {
  if (entry.buffer != kNone) free_buffers_.push_back(entry.buffer);
  entry.buffer = kNone;
  entry.state = state;
}

// Drops the oldest tiles that nobody copies from until there is a buffer to be had. Where all are in use, take_buffer
// goes over the budget: one tile for each worker at most.
void StoredTileCache::make_room() {
  std::int32_t at = oldest_;
  while (free_buffers_.empty() && buffers_.size() >= max_buffers_ && at != kNone) {
    Entry& entry = entries_[static_cast<std::size_t>(at)];
    at = entry.newer;
    if (entry.pins > 0) continue;
    unlink(entry);
    give_up(entry, State::Dropped);
  }
}

std::int32_t StoredTileCache::take_buffer() {
  if (free_buffers_.empty()) {
    buffers_.emplace_back(tile_bytes(grid_));
    return static_cast<std::int32_t>(buffers_.size()) - 1;
  }
  const std::int32_t buffer = free_buffers_.back();
  free_buffers_.pop_back();
  return buffer;
}

void StoredTileCache::link_newest(std::size_t index) {
  Entry& entry = entries_[index];
  entry.older = newest_;
  entry.newer = kNone;
  const auto self = static_cast<std::int32_t>(index);
  (newest_ == kNone ? oldest_ : entries_[static_cast<std::size_t>(newest_)].newer) = self;
  newest_ = self;
}

void StoredTileCache::unlink(Entry& entry) {
  (entry.older == kNone ? oldest_ : entries_[static_cast<std::size_t>(entry.older)].newer) = entry.newer;
  (entry.newer == kNone ? newest_ : entries_[static_cast<std::size_t>(entry.newer)].older) = entry.older;
  entry.older = entry.newer = kNone;
}

bool StoredTileCache::untouched(std::size_t index) const {
  std::scoped_lock lock(mutex_);
  return entries_[index].state == State::Untouched;
}

StoredTileCache::Counts StoredTileCache::counts() const {
  std::scoped_lock lock(mutex_);
  return counts_;
}

}  // namespace microtome::engine
