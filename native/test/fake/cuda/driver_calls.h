// What the functions of the fake driver have in common: the mutex, the current context, handles.
#pragma once

#include <vector>

#include "test/fake/cuda/world.h"

#define FAKE_CUDA_EXPORT extern "C" __attribute__((visibility("default")))

namespace fake_cuda {

using namespace microtome::gpu;

// The contexts of this thread, the current one last.
inline std::vector<Device*>& contexts_of_thread() {
  thread_local std::vector<Device*> contexts;
  return contexts;
}

inline Device* current() { return contexts_of_thread().empty() ? nullptr : contexts_of_thread().back(); }

// A call in the current context: with the mutex, and its world and device. Refused without a context, and on a device
// that is lost.
template <typename Body>
CuResult in_context(const Body& body) {
  World& world = World::one();
  const std::scoped_lock lock(world.mutex);
  if (!world.initialised) return world.misuse("a call before cuInit", kNotInitialized);
  Device* const device = current();
  if (device == nullptr || device->retained == 0) return world.misuse("a call without a context", kInvalidContext);
  if (device->lost != 0) return device->lost;
  return body(world, *device);
}

// The same for what destroys something, which also works where the device is lost.
template <typename Body>
CuResult freeing(const Body& body) {
  World& world = World::one();
  const std::scoped_lock lock(world.mutex);
  Device* const device = current();
  if (device == nullptr || device->retained == 0)
    return world.misuse("something is freed without a context", kInvalidContext);
  const CuResult result = body(world, *device);
  return result != kSuccess ? result : device->lost;
}

template <typename Object, typename Handle>
Object* object_of(const std::set<Object*>& all, Handle handle) {
  auto* const object = reinterpret_cast<Object*>(handle);
  return all.contains(object) ? object : nullptr;
}

}  // namespace fake_cuda
