#include "gpu/stream.h"

namespace microtome::gpu {

Event::Event(std::shared_ptr<const Context> context, Timing timing) : context_(std::move(context)) {
  const auto scope = context_->enter();
  const unsigned flags = cu::kEventBlockingSync | (timing == Timing::On ? 0 : cu::kEventDisableTiming);
  context_->check(context_->table().event_create(&event_, flags), "make an event");
}

// A context that cannot be entered has taken its events with it.
Event::~Event() {
  if (event_ == nullptr) return;
  try {
    const auto scope = context_->enter();
    (void)context_->table().event_destroy(event_);
  } catch (const Error&) {
    return;
  }
}

void Event::wait() const {
  const auto scope = context_->enter();
  context_->check(context_->table().event_synchronize(event_), "finish its work");
}

double Event::milliseconds_since(const Event& earlier) const {
  const auto scope = context_->enter();
  float milliseconds = 0;
  context_->check(context_->table().event_elapsed_time(&milliseconds, earlier.event_, event_), "tell a time");
  return milliseconds;
}

Stream::Stream(std::shared_ptr<const Context> context) : context_(std::move(context)) {
  const auto scope = context_->enter();
  context_->check(context_->table().stream_create(&stream_, cu::kStreamNonBlocking), "make a stream");
}

Stream::~Stream() {
  if (stream_ == nullptr) return;
  try {
    const auto scope = context_->enter();
    (void)context_->table().stream_synchronize(stream_);
    (void)context_->table().stream_destroy(stream_);
  } catch (const Error&) {
    return;
  }
}

void Stream::record(const Event& event) const {
  const auto scope = context_->enter();
  context_->check(context_->table().event_record(event.handle(), stream_), "mark a place in its work");
}

void Stream::wait_for(const Event& event) const {
  const auto scope = context_->enter();
  context_->check(context_->table().stream_wait_event(stream_, event.handle(), 0), "order its work");
}

void Stream::synchronize() const {
  const auto scope = context_->enter();
  context_->check(context_->table().stream_synchronize(stream_), "finish its work");
}

void Stream::copy_to_device(DevicePointer to, const void* from, std::size_t bytes) const {
  const auto scope = context_->enter();
  context_->check(context_->table().memcpy_to_device(to, from, bytes, stream_), "take a copy of a batch");
}

void Stream::copy_to_host(void* to, DevicePointer from, std::size_t bytes) const {
  const auto scope = context_->enter();
  context_->check(context_->table().memcpy_to_host(to, from, bytes, stream_), "give a copy of its outputs");
}

void Stream::fill(DevicePointer to, unsigned char value, std::size_t bytes) const {
  const auto scope = context_->enter();
  context_->check(context_->table().memset_bytes(to, value, bytes, stream_), "fill memory");
}

}  // namespace microtome::gpu
