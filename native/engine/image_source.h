// Images as a source: an item is an image in a file, a file of its own, bytes in memory, or a row that is a tensor
// already and is copied. An image that cannot be read fails alone:
// its row is zeros, and take_failures() says why.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/cancel_token.h"
#include "core/memory_budget.h"
#include "core/stage_metrics.h"
#include "engine/image_list.h"
#include "engine/source.h"
#include "slide/byte_source.h"

namespace microtome::engine {

// What a worker may take for images without asking; a batch reserves it. Images that take more ask LargeImageRoom.
inline constexpr std::int64_t kStoredBytesAtOnce = 1ll << 20;   // of files, read together
inline constexpr std::int64_t kDecodedBytesAtOnce = 2ll << 20;  // of the image that is decoded
inline constexpr std::int64_t kWorkerBytes = 2 * kStoredBytesAtOnce + kDecodedBytesAtOnce;
// A longer image is refused: no option raises this.
inline constexpr std::int64_t kMostStoredBytes = 256ll << 20;

// Memory for large images, of all jobs of an engine: what the budget has left; where that is too little, the half of it
// that is reserved here, for one image at a time. A worker may wait for another one that is decoding in it. Whether an
// image is refused depends on its size and the limit alone.
class LargeImageRoom {
 public:
  // Throws LIMIT_EXCEEDED where the budget has no half left.
  explicit LargeImageRoom(MemoryBudget& budget)
      : reserved_(budget.reserve(budget.limit() / 2, "the largest image", Stage::Decode)), budget_(budget) {}

  // One worker at a time. Not std::timed_mutex: the thread sanitizer of GCC 12 does not see how that is locked.
  class Turns {
   public:
    [[nodiscard]] bool try_lock_for(std::chrono::milliseconds time) {
      std::unique_lock lock(mutex_);
      if (!freed_.wait_for(lock, time, [this] { return !is_taken_; })) return false;
      is_taken_ = true;
      return true;
    }
    void unlock() {
      std::scoped_lock lock(mutex_);
      is_taken_ = false;
      freed_.notify_one();
    }

   private:
    std::mutex mutex_;
    std::condition_variable freed_;
    bool is_taken_ = false;
  };

  // The memory that a worker has for one image, until it ends: of the budget, or the turn.
  struct Stay {
    MemoryBudget::Reservation extra;
    MemoryBudget::Reservation more;  // beside `extra`, where that turned out to be too little
    std::unique_lock<Turns> turn;

    [[nodiscard]] bool is_large() const noexcept { return extra.bytes() > 0 || turn.owns_lock(); }
  };
  // Room for `bytes` in all; an image asks for its file, and again with its pixels. What the stay has is kept until
  // there is more. Throws LIMIT_EXCEEDED where an image needs more than half of the limit, CANCELLED also while it
  // waits.
  void enter(std::int64_t bytes, Stay& stay, const CancelToken& cancel);

 private:
  const MemoryBudget::Reservation reserved_;
  MemoryBudget& budget_;
  Turns turns_;
};

class ImageSource final : public Source {
 public:
  // Opens the file of places. Throws FILE_NOT_FOUND, FILE_UNREADABLE, IMAGES_INVALID for what is no file. The list must
  // outlive it. `most_pixels` of a stored image, 0: no limit.
  ImageSource(const ImageList& list, preprocess::ImageResize resize, std::int64_t size_px,
              std::shared_ptr<LargeImageRoom> room, StageMetrics& metrics, std::int64_t most_pixels = 0);

  [[nodiscard]] std::int64_t size() const noexcept override { return size_; }
  [[nodiscard]] std::size_t index_of(std::int64_t position) const noexcept override {
    return static_cast<std::size_t>(position);
  }

  // Reads what lies close together with one call. Does not throw for what cannot be read: fill() tries again, and knows
  // which image is to blame.
  void fetch(TileReader& reader, Range range) const override;
  void release(TileReader& reader) const noexcept override;
  // Rows are tensors or pixels, never JPEG.
  void fill(TileReader& reader, const CancelToken& cancel, Range range, const Destination& to) override;

  // Any thread: of an image that was filled, or will not be. The first failure counts, and names the file.
  void fail(std::int64_t position, const Error& error);
  // The thread that filled it, or one that knows of its end.
  [[nodiscard]] bool has_failed(std::int64_t position) const noexcept {
    return failures_[static_cast<std::size_t>(position)] != nullptr;
  }
  // When nobody fills any more.
  [[nodiscard]] std::vector<ImageFailure> take_failures();
  [[nodiscard]] std::vector<std::uint8_t> take_marks() noexcept { return std::move(marks_); }

 private:
  struct Place {
    std::uint64_t offset = 0;
    std::size_t bytes = 0;
  };

  [[nodiscard]] Place place_of(std::int64_t position) const;
  [[nodiscard]] std::span<const std::uint8_t> stored(ImageScratch& scratch, std::int64_t position,
                                                     LargeImageRoom::Stay& stay, const CancelToken& cancel) const;
  void fill_one(TileReader& reader, std::int64_t position, std::uint8_t* row, const Destination& to,
                LargeImageRoom::Stay& stay, const CancelToken& cancel);
  [[nodiscard]] std::string path_of(std::int64_t position) const;
  [[nodiscard]] std::span<const std::uint8_t> in_memory(std::int64_t position) const;
  void copy_rows(Range range, const Destination& to) const;

  const ImageList& list_;
  const preprocess::ImageResize resize_;
  const std::int64_t size_px_;
  const std::int64_t size_;
  const std::shared_ptr<LargeImageRoom> room_;
  StageMetrics& metrics_;
  const std::int64_t most_pixels_;
  std::shared_ptr<const slide::ByteSource> file_;  // of places
  // By image. Each is written by the one thread that has it.
  std::vector<std::exception_ptr> failures_;
  std::vector<std::uint8_t> marks_;
};

}  // namespace microtome::engine
