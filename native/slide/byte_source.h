// Where a slide's bytes come from: a file, or a source that gives them some time later. Nothing here ever waits: a read
// of bytes that are not here throws BytesPending, and whoever catches it fetches them and does its step again when they
// have come. Safe to call from any number of threads at once. Files are never mapped (a mapped file that shrinks kills
// the process).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace microtome::slide {

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

// One wait for bytes. Made by whoever waits; `done` is called once: from the source when the bytes are here or cannot
// be had, or from abandon(), on the thread that calls it. It must not call back into the source.
class Fetch {
 public:
  // `failure` is null when the bytes are here; `kept` keeps them here for as long as it lives.
  using Done = std::function<void(std::exception_ptr failure, std::shared_ptr<const void> kept)>;

  explicit Fetch(Done done) : done_(std::move(done)) {}

  void complete(std::exception_ptr failure, std::shared_ptr<const void> kept);
  // The bytes are no longer wanted: `done` gets CANCELLED, unless it was called already.
  void abandon();

  [[nodiscard]] bool is_complete() const;

  // For the source: called by abandon(), at once where that has been called already.
  void on_abandon(std::function<void()> forget);

 private:
  mutable std::mutex mutex_;
  Done done_;  // null once it was called
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

  // True: read() finds all bytes, and never throws BytesPending.
  [[nodiscard]] virtual bool is_local() const noexcept { return true; }
  // Throws BytesPending unless all of `ranges`, which lie inside the source, are here; what comes back keeps them here.
  [[nodiscard]] virtual std::shared_ptr<const void> require(std::span<const ByteRange> /*ranges*/) const { return {}; }
  // Asks for `ranges`, which lie inside the source. A local source has them and completes at once.
  virtual void fetch(std::span<const ByteRange> ranges, const std::shared_ptr<Fetch>& fetch) const;
};

// Bytes are wanted that are not here. Not an Error and no std::exception: no handler may take it for damage.
struct BytesPending {
  const ByteSource* source = nullptr;  // lives as long as what was read from it
  std::vector<ByteRange> ranges;
};

// A regular file, read with pread. Throws FILE_NOT_FOUND, FILE_UNREADABLE, NOT_A_SLIDE (a folder or a device).
[[nodiscard]] std::shared_ptr<const ByteSource> open_file(const std::string& path);

}  // namespace microtome::slide
