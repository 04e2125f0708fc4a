// The fake driver's functions for devices, contexts and memory.
#include <cstdio>
#include <cstring>

#include "test/fake/cuda/driver_calls.h"

using namespace fake_cuda;

namespace {

// A device of the world. Null: there is none of this number.
Device* device_at(World& world, int ordinal) {
  if (!world.initialised) (void)world.misuse("a call before cuInit", kNotInitialized);
  const bool is_there = world.initialised && ordinal >= 0 && ordinal < world.faults.device_count;
  return is_there ? &world.devices[static_cast<std::size_t>(ordinal)] : nullptr;
}

template <typename Body>
CuResult with_device(int ordinal, const Body& body) {
  World& world = World::one();
  const std::scoped_lock lock(world.mutex);
  Device* const device = device_at(world, ordinal);
  return device == nullptr ? kInvalidDevice : body(world, *device);
}

}  // namespace

FAKE_CUDA_EXPORT CuResult cuInit(unsigned /*flags*/) {
  World& world = World::one();
  const std::scoped_lock lock(world.mutex);
  if (world.faults.init_status != 0) return world.faults.init_status;
  world.initialised = true;
  return kSuccess;
}

FAKE_CUDA_EXPORT CuResult cuDriverGetVersion(int* version) {
  World& world = World::one();
  const std::scoped_lock lock(world.mutex);
  *version = world.faults.driver_version;
  return kSuccess;
}

FAKE_CUDA_EXPORT CuResult cuDeviceGetCount(int* count) {
  World& world = World::one();
  const std::scoped_lock lock(world.mutex);
  if (!world.initialised) return world.misuse("a call before cuInit", kNotInitialized);
  *count = world.faults.device_count;
  return kSuccess;
}

FAKE_CUDA_EXPORT CuResult cuDeviceGet(CuDevice* device, int ordinal) {
  return with_device(ordinal, [&](World&, Device&) {
    *device = ordinal;
    return kSuccess;
  });
}

FAKE_CUDA_EXPORT CuResult cuDeviceGetName(char* name, int length, CuDevice ordinal) {
  return with_device(ordinal, [&](World&, Device& device) {
    std::snprintf(name, static_cast<std::size_t>(length), "%s", device.facts.name);
    return kSuccess;
  });
}

FAKE_CUDA_EXPORT CuResult cuDeviceGetUuid(CuUuid* uuid, CuDevice ordinal) {
  return with_device(ordinal, [&](World&, Device&) {
    for (int i = 0; i < 16; ++i) uuid->bytes[i] = static_cast<unsigned char>(16 * ordinal + i);
    return kSuccess;
  });
}

FAKE_CUDA_EXPORT CuResult cuDeviceGetAttribute(int* value, int attribute, CuDevice ordinal) {
  return with_device(ordinal, [&](World& world, Device& device) {
    switch (attribute) {
      case cu::kAttributeComputeMajor:
        *value = device.facts.compute_major;
        return kSuccess;
      case cu::kAttributeComputeMinor:
        *value = device.facts.compute_minor;
        return kSuccess;
      case cu::kAttributeMultiprocessors:
        *value = device.facts.multiprocessors;
        return kSuccess;
      default:
        return world.misuse("an attribute that the fake does not know", kInvalidValue);
    }
  });
}

FAKE_CUDA_EXPORT CuResult cuDeviceTotalMem_v2(std::size_t* bytes, CuDevice ordinal) {
  return with_device(ordinal, [&](World&, Device& device) {
    *bytes = device.facts.memory_bytes;
    return kSuccess;
  });
}

FAKE_CUDA_EXPORT CuResult cuDevicePrimaryCtxRetain(CuContext* context, CuDevice ordinal) {
  return with_device(ordinal, [&](World& world, Device& device) {
    if (world.faults.retain_status != 0) return world.faults.retain_status;
    ++device.retained;
    *context = reinterpret_cast<CuContext>(&device);
    return kSuccess;
  });
}

FAKE_CUDA_EXPORT CuResult cuDevicePrimaryCtxRelease_v2(CuDevice ordinal) {
  return with_device(ordinal, [&](World& world, Device& device) {
    if (device.retained == 0) return world.misuse("a context is released too often", kInvalidContext);
    --device.retained;
    return kSuccess;
  });
}

FAKE_CUDA_EXPORT CuResult cuCtxPushCurrent_v2(CuContext context) {
  World& world = World::one();
  const std::scoped_lock lock(world.mutex);
  auto* const device = reinterpret_cast<Device*>(context);
  if (device == nullptr || device->retained == 0)
    return world.misuse("a context that is not retained", kInvalidContext);
  contexts_of_thread().push_back(device);
  return kSuccess;
}

FAKE_CUDA_EXPORT CuResult cuCtxPopCurrent_v2(CuContext* context) {
  World& world = World::one();
  const std::scoped_lock lock(world.mutex);
  if (contexts_of_thread().empty()) return world.misuse("a context is popped that was not pushed", kInvalidContext);
  *context = reinterpret_cast<CuContext>(contexts_of_thread().back());
  contexts_of_thread().pop_back();
  return kSuccess;
}

FAKE_CUDA_EXPORT CuResult cuMemGetInfo_v2(std::size_t* free, std::size_t* total) {
  return in_context([&](World&, Device& device) {
    *total = device.facts.memory_bytes;
    *free = *total - device.used_bytes;
    return kSuccess;
  });
}

FAKE_CUDA_EXPORT CuResult cuMemAlloc_v2(CuPointer* pointer, std::size_t bytes) {
  return in_context([&](World& world, Device& device) {
    if (World::strikes(world.faults.allocation_fails)) return kOutOfMemory;
    return world.allocate(&device, bytes, *pointer);
  });
}

FAKE_CUDA_EXPORT CuResult cuMemFree_v2(CuPointer pointer) {
  return freeing([&](World& world, Device& device) { return world.free(pointer, &device); });
}

FAKE_CUDA_EXPORT CuResult cuMemHostAlloc(void** memory, std::size_t bytes, unsigned flags) {
  return in_context([&](World& world, Device&) {
    if ((flags & cu::kHostAllocPortable) == 0) return world.misuse("pinned for one device only", kInvalidValue);
    if (World::strikes(world.faults.pinned_fails)) return kOutOfMemory;
    std::uint64_t address = 0;
    const CuResult result = world.allocate(nullptr, bytes, address);
    *memory = reinterpret_cast<void*>(address);
    return result;
  });
}

FAKE_CUDA_EXPORT CuResult cuMemFreeHost(void* memory) {
  return freeing([&](World& world, Device&) { return world.free(reinterpret_cast<std::uintptr_t>(memory), nullptr); });
}
