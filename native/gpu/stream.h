// Queues of work on a GPU, and marks in them. Work of one stream runs in its order; that of two streams does not,
// unless one waits for an event of the other. Who makes calls here need not have the context current.
#pragma once

#include <memory>
#include <utility>

#include "core/device_handles.h"
#include "gpu/context.h"

namespace microtome::gpu {

class Stream;

// A mark in a stream. Recorded again, it means the later place.
class Event {
 public:
  enum class Timing : bool { Off, On };  // On: costs a little on the device

  explicit Event(std::shared_ptr<const Context> context, Timing timing = Timing::Off);
  ~Event();
  Event(Event&& other) noexcept : context_(std::move(other.context_)), event_(std::exchange(other.event_, nullptr)) {}
  Event& operator=(Event&&) = delete;

  // Sleeps until the work before the mark is done; at once where it was never recorded. Throws what the work throws:
  // DEVICE_LOST.
  void wait() const;
  // Of two events with timing that have been waited for: from `earlier` to this one.
  [[nodiscard]] double milliseconds_since(const Event& earlier) const;
  [[nodiscard]] CuEvent handle() const noexcept { return event_; }

 private:
  std::shared_ptr<const Context> context_;
  CuEvent event_ = nullptr;
};

class Stream {
 public:
  explicit Stream(std::shared_ptr<const Context> context);
  // Waits for its work.
  ~Stream();
  Stream(Stream&& other) noexcept
      : context_(std::move(other.context_)), stream_(std::exchange(other.stream_, nullptr)) {}
  Stream& operator=(Stream&&) = delete;

  void record(const Event& event) const;
  // What is put on this stream from now on begins after the mark. Returns at once.
  void wait_for(const Event& event) const;
  // Sleeps or spins until all work is done. Throws DEVICE_LOST.
  void synchronize() const;

  // Return at once. Host memory must be pinned, and must live and stay as it is until the copy is done.
  void copy_to_device(DevicePointer to, const void* from, std::size_t bytes) const;
  void copy_to_host(void* to, DevicePointer from, std::size_t bytes) const;
  void fill(DevicePointer to, unsigned char value, std::size_t bytes) const;

  [[nodiscard]] const std::shared_ptr<const Context>& context() const noexcept { return context_; }
  [[nodiscard]] CuStream native() const noexcept { return stream_; }
  // The same for other libraries: it is also a stream of the CUDA runtime.
  [[nodiscard]] StreamHandle handle() const noexcept { return stream_; }

 private:
  std::shared_ptr<const Context> context_;
  CuStream stream_ = nullptr;
};

}  // namespace microtome::gpu
