// What tests call in the fake driver.
#include <cstring>
#include <memory>

#include "test/fake/cuda/driver_calls.h"

using namespace fake_cuda;

#define MICROTOME_CU(member, symbol, parameters) \
  extern "C" CuResult symbol parameters;         \
  static_assert(std::is_same_v<decltype(&symbol), decltype(DriverTable::member)>, "as it is declared");
MICROTOME_CU_FUNCTIONS(MICROTOME_CU)
#undef MICROTOME_CU

namespace {

// Work of other libraries, which know no context of their own.
CuResult put_work(void* handle, std::function<CuResult()> run, std::int64_t ns) {
  World& world = World::one();
  const std::scoped_lock lock(world.mutex);
  Stream* const stream = object_of(world.streams, handle);
  if (stream == nullptr) return world.misuse("work on a stream that is not there", kInvalidHandle);
  if (stream->device->lost != 0) return stream->device->lost;
  world.put(*stream, {std::move(run), {}}, Engine::Compute, ns);
  return kSuccess;
}

}  // namespace

FAKE_CUDA_EXPORT void fake_cuda_reset() {
  World& world = World::one();
  const std::scoped_lock lock(world.mutex);
  world.reset();
}

FAKE_CUDA_EXPORT void fake_cuda_set_faults(const FakeCudaFaults* faults) {
  World& world = World::one();
  const std::scoped_lock lock(world.mutex);
  world.faults = *faults;
}

FAKE_CUDA_EXPORT void fake_cuda_set_device(int ordinal, const FakeCudaDevice* device) {
  World& world = World::one();
  const std::scoped_lock lock(world.mutex);
  world.devices.at(static_cast<std::size_t>(ordinal)).facts = *device;
}

FAKE_CUDA_EXPORT void fake_cuda_counts(FakeCudaCounts* counts) {
  World& world = World::one();
  const std::scoped_lock lock(world.mutex);
  *counts = world.counts;
  for (const Device& device : world.devices) counts->contexts += device.retained;
  counts->streams = static_cast<int>(world.streams.size());
  counts->events = static_cast<int>(world.events.size());
  counts->modules = static_cast<int>(world.modules.size());
  for (const auto& [address, block] : world.blocks) ++(block.device != nullptr ? counts->allocations : counts->pinned);
}

FAKE_CUDA_EXPORT void fake_cuda_set_kernels(FakeCudaKernels kernels) {
  World& world = World::one();
  const std::scoped_lock lock(world.mutex);
  world.kernels = kernels;
}

FAKE_CUDA_EXPORT int fake_cuda_enqueue(void* stream, FakeCudaWork work, void* of, std::int64_t ns) {
  return put_work(
      stream,
      [work, of] {
        work(of);
        return kSuccess;
      },
      ns);
}

FAKE_CUDA_EXPORT int fake_cuda_write(std::uint64_t to, const void* from, std::size_t bytes, void* stream) {
  const auto* const first = static_cast<const std::uint8_t*>(from);
  return put_work(
      stream,
      [to, kept = std::vector<std::uint8_t>(first, first + bytes)] {
        void* const view = fake_cuda_view(to);
        if (view == nullptr) return World::one().misuse("an address that is not the device's", kIllegalAddress);
        std::memcpy(view, kept.data(), kept.size());
        return kSuccess;
      },
      0);
}

FAKE_CUDA_EXPORT int fake_cuda_is_idle(void* handle) {
  World& world = World::one();
  const std::scoped_lock lock(world.mutex);
  const Stream* const stream = object_of(world.streams, handle);
  return stream == nullptr || stream->done == stream->put ? 1 : 0;
}

FAKE_CUDA_EXPORT int fake_cuda_wait(void* handle) {
  World& world = World::one();
  Mark mark;
  Device* device = nullptr;
  {
    const std::scoped_lock lock(world.mutex);
    Stream* const stream = object_of(world.streams, handle);
    if (stream == nullptr) return world.misuse("a wait for a stream that is not there", kInvalidHandle);
    mark = {stream, stream->put, stream->end_ns};
    device = stream->device;
  }
  return world.wait(mark, *device);
}

FAKE_CUDA_EXPORT void* fake_cuda_view(std::uint64_t address) {
  World& world = World::one();
  const std::scoped_lock lock(world.mutex);
  for (const Device& device : world.devices)
    if (world.block_at(address, 1, &device) != nullptr) return reinterpret_cast<void*>(address);
  return nullptr;
}

FAKE_CUDA_EXPORT void fake_cuda_start_clock(const FakeCudaSpeed* speed) {
  World& world = World::one();
  const std::scoped_lock lock(world.mutex);
  world.speed = *speed;
  world.has_clock = true;
}

FAKE_CUDA_EXPORT std::int64_t fake_cuda_now() { return World::one().now(); }

FAKE_CUDA_EXPORT void fake_cuda_sleep(std::int64_t ns) {
  World& world = World::one();
  world.sleep_until(world.now() + ns);
}

FAKE_CUDA_EXPORT bool fake_cuda_advance() {
  World& world = World::one();
  const std::scoped_lock lock(world.clock_mutex);
  if (world.sleepers.empty()) return false;
  world.now_ns = std::max(world.now_ns, *world.sleepers.begin());
  world.clock_changed.notify_all();
  return true;
}
