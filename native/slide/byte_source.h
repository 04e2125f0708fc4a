// Where a slide's bytes come from: a file, or a source that gives them some time later. Nothing here ever waits: a read
// of bytes that are not here throws BytesPending, and whoever catches it fetches them and does its step again when they
// have come. Safe to call from any number of threads at once. Files are never mapped (a mapped file that shrinks kills
// the process).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"

namespace microtome::slide {

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

// One wait for bytes. Made by whoever waits; `done` is called once: when the bytes are here, cannot be had, or are no
// longer wanted. It is called when no thread is inside the source on behalf of this wait, so that it may let go of the
// slide, and with it of the source. It must not call back into the source.
class Fetch {
 public:
  // `failure` is null when the bytes are here; `kept` keeps them here for as long as it lives.
  using Done = std::function<void(std::exception_ptr failure, std::shared_ptr<const void> kept)>;

  explicit Fetch(Done done) : done_(std::move(done)) {}

  // While it lives `done` is not called: around ByteSource::fetch, and made before anybody else can abandon the wait.
  class Asking {
   public:
    explicit Asking(std::shared_ptr<Fetch> fetch);
    ~Asking();  // calls `done` where the wait has ended meanwhile
    Asking(const Asking&) = delete;
    Asking& operator=(const Asking&) = delete;

   private:
    const std::shared_ptr<Fetch> fetch_;
  };

  void complete(std::exception_ptr failure, std::shared_ptr<const void> kept);
  // The bytes are no longer wanted: `done` gets CANCELLED, unless the wait has ended already.
  void abandon();

  [[nodiscard]] bool has_ended() const;

  // For the source, from its fetch(): called by abandon(), at once where that has been called already.
  void on_abandon(std::function<void()> forget);

 private:
  struct Outcome {
    std::exception_ptr failure;
    std::shared_ptr<const void> kept;
  };

  void enter();
  void leave();

  mutable std::mutex mutex_;
  Done done_;  // null once it was called
  std::optional<Outcome> outcome_;
  int inside_ = 0;  // threads that use the source for this wait
  bool abandoned_ = false;
  std::function<void()> forget_;
};

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;
  // Fills `out` from `offset`. Throws TRUNCATED when the source ends before, FILE_UNREADABLE on an I/O error,
  // BytesPending when the bytes are not here.
  virtual void read(std::uint64_t offset, std::span<std::uint8_t> out) const = 0;
  // What to call the source in messages.
  [[nodiscard]] virtual const std::string& name() const noexcept = 0;

  // The path of the file, for libraries that open it themselves; null where the bytes are in no file of this machine.
  [[nodiscard]] virtual const std::string* file_path() const noexcept { return nullptr; }

  // True: read() finds all bytes, and never throws BytesPending.
  [[nodiscard]] virtual bool is_local() const noexcept { return true; }
  // Throws BytesPending unless all of `ranges`, which lie inside the source, are here; what comes back keeps them here.
  [[nodiscard]] virtual std::shared_ptr<const void> require(std::span<const ByteRange> /*ranges*/) const { return {}; }
  // Asks for `ranges`, which lie inside the source. A local source has them and completes at once. The caller holds a
  // Fetch::Asking.
  virtual void fetch(std::span<const ByteRange> ranges, const std::shared_ptr<Fetch>& fetch) const;
};

// Bytes are wanted that are not here. Not an Error and no std::exception: no handler may take it for damage.
struct BytesPending {
  const ByteSource* source = nullptr;  // lives as long as what was read from it
  std::vector<ByteRange> ranges;
};

// FILE_UNREADABLE because the process, or the system, has as many files open as it may: no fault of the file.
class TooManyFiles final : public Error {
 public:
  using Error::Error;
};

// A regular file, read with pread. Throws FILE_NOT_FOUND, FILE_UNREADABLE (TooManyFiles), NOT_A_SLIDE (a folder or a
// device).
[[nodiscard]] std::shared_ptr<const ByteSource> open_file(const std::string& path);

}  // namespace microtome::slide
