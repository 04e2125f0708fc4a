// The fake driver's functions for streams, events, copies and kernels.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "test/fake/cuda/driver_calls.h"
#include "test/fake/cuda/ptx_entries.h"

using namespace fake_cuda;

namespace {

// A call on a stream of the current context.
template <typename Body>
CuResult on_stream(CuStream handle, const Body& body) {
  return in_context([&](World& world, Device& device) {
    Stream* const stream = object_of(world.streams, handle);
    if (stream == nullptr || stream->device != &device)
      return world.misuse("a stream that is not there, or of another context", kInvalidHandle);
    return body(world, device, *stream);
  });
}

std::int64_t copy_ns(const World& world, std::size_t bytes, double bytes_per_ns) {
  return world.speed.copy_start_ns + static_cast<std::int64_t>(static_cast<double>(bytes) / bytes_per_ns);
}

// Both ends of a copy, or of a fill, when it is done: later than when it was put on the stream.
CuResult run_copy(World& world, Device& device, std::uint64_t device_end, std::uint64_t host_end, std::size_t bytes,
                  bool in) {
  if (world.block_at(device_end, bytes, &device) == nullptr || world.block_at(host_end, bytes, nullptr) == nullptr)
    return world.misuse("memory of a copy went before the copy was done", kIllegalAddress);
  auto* const on_device = reinterpret_cast<void*>(device_end);
  auto* const on_host = reinterpret_cast<void*>(host_end);
  std::memcpy(in ? on_device : on_host, in ? on_host : on_device, bytes);
  (in ? world.counts.bytes_in : world.counts.bytes_out) += static_cast<std::int64_t>(bytes);
  return kSuccess;
}

CuResult put_copy(CuStream handle, std::uint64_t device_end, std::uint64_t host_end, std::size_t bytes, bool in) {
  return on_stream(handle, [&](World& world, Device& device, Stream& stream) {
    if (world.block_at(device_end, bytes, &device) == nullptr)
      return world.misuse("a copy with an address that is not the device's", kInvalidValue);
    if (world.block_at(host_end, bytes, nullptr) == nullptr)
      return world.misuse("a copy with memory that is not pinned", kInvalidValue);
    world.put(stream,
              {[&world, &device, device_end, host_end, bytes, in] {
                 return run_copy(world, device, device_end, host_end, bytes, in);
               },
               {}},
              in ? Engine::In : Engine::Out,
              copy_ns(world, bytes, in ? world.speed.in_bytes_per_ns : world.speed.out_bytes_per_ns));
    return kSuccess;
  });
}

// What a launch keeps of its parameters.
struct Launch {
  const Entry* entry = nullptr;
  unsigned grid[3] = {}, block[3] = {};
  std::vector<std::vector<std::uint8_t>> values;
};

bool addresses_are_of(World& world, const Device& device, const Launch& launch) {
  for (std::size_t i = 0; i < launch.values.size(); ++i) {
    if (!launch.entry->is_address[i]) continue;
    std::uint64_t address = 0;
    std::memcpy(&address, launch.values[i].data(), sizeof address);
    if (world.block_at(address, 1, &device) == nullptr) return false;
  }
  return true;
}

CuResult run_launch(World& world, Device& device, Launch& launch) {
  if (!addresses_are_of(world, device, launch))
    return world.misuse("memory of a kernel went before the kernel was done", kIllegalAddress);
  std::vector<void*> parameters;
  for (auto& value : launch.values) parameters.push_back(value.data());
  const bool is_known = world.kernels != nullptr &&
                        world.kernels(launch.entry->name.c_str(), launch.grid, launch.block, parameters.data());
  return is_known ? kSuccess : world.misuse("a kernel that nobody runs", kNotFound);
}

}  // namespace

FAKE_CUDA_EXPORT CuResult cuStreamCreate(CuStream* stream, unsigned flags) {
  return in_context([&](World& world, Device& device) {
    if (flags != cu::kStreamNonBlocking) return world.misuse("a stream that waits for the null stream", kInvalidValue);
    auto made = std::make_unique<Stream>();
    made->device = &device;
    world.streams.insert(made.get());
    *stream = reinterpret_cast<CuStream>(made.release());
    return kSuccess;
  });
}

FAKE_CUDA_EXPORT CuResult cuStreamDestroy_v2(CuStream handle) {
  return freeing([&](World& world, Device& device) {
    std::unique_ptr<Stream> stream(object_of(world.streams, handle));
    if (!stream) return world.misuse("a stream is destroyed that is not there", kInvalidHandle);
    if (device.lost == 0 && stream->done < stream->put) (void)world.misuse("a stream is destroyed at work", kSuccess);
    world.streams.erase(stream.get());
    return kSuccess;
  });
}

FAKE_CUDA_EXPORT CuResult cuStreamSynchronize(CuStream handle) {
  Mark mark;
  Device* device = nullptr;
  const CuResult result = on_stream(handle, [&](World&, Device& of, Stream& stream) {
    mark = {&stream, stream.put, stream.end_ns};
    device = &of;
    return kSuccess;
  });
  return result != kSuccess ? result : World::one().wait(mark, *device);
}

FAKE_CUDA_EXPORT CuResult cuStreamWaitEvent(CuStream handle, CuEvent event_handle, unsigned /*flags*/) {
  return on_stream(handle, [&](World& world, Device&, Stream& stream) {
    const Event* const event = object_of(world.events, event_handle);
    if (event == nullptr) return world.misuse("an event that is not there", kInvalidHandle);
    world.put_mark(stream, event->mark);
    return kSuccess;
  });
}

FAKE_CUDA_EXPORT CuResult cuEventCreate(CuEvent* event, unsigned flags) {
  return in_context([&](World& world, Device& device) {
    auto made = std::make_unique<Event>();
    made->device = &device;
    made->is_timed = (flags & cu::kEventDisableTiming) == 0;
    world.events.insert(made.get());
    *event = reinterpret_cast<CuEvent>(made.release());
    return kSuccess;
  });
}

FAKE_CUDA_EXPORT CuResult cuEventDestroy_v2(CuEvent handle) {
  return freeing([&](World& world, Device&) {
    const std::unique_ptr<Event> event(object_of(world.events, handle));
    if (!event) return world.misuse("an event is destroyed that is not there", kInvalidHandle);
    world.events.erase(event.get());
    return kSuccess;
  });
}

FAKE_CUDA_EXPORT CuResult cuEventRecord(CuEvent event_handle, CuStream handle) {
  return on_stream(handle, [&](World& world, Device& device, Stream& stream) {
    Event* const event = object_of(world.events, event_handle);
    if (event == nullptr || event->device != &device)
      return world.misuse("an event of another context", kInvalidHandle);
    event->mark = {&stream, stream.put, stream.end_ns};
    return kSuccess;
  });
}

FAKE_CUDA_EXPORT CuResult cuEventSynchronize(CuEvent handle) {
  Mark mark;
  Device* device = nullptr;
  const CuResult result = in_context([&](World& world, Device& of) {
    const Event* const event = object_of(world.events, handle);
    if (event == nullptr) return world.misuse("an event that is not there", kInvalidHandle);
    mark = event->mark;
    device = &of;
    return kSuccess;
  });
  return result != kSuccess ? result : World::one().wait(mark, *device);
}

FAKE_CUDA_EXPORT CuResult cuEventElapsedTime(float* milliseconds, CuEvent first_handle, CuEvent second_handle) {
  return in_context([&](World& world, Device&) {
    const Event* const first = object_of(world.events, first_handle);
    const Event* const second = object_of(world.events, second_handle);
    if (first == nullptr || second == nullptr || !first->is_timed || !second->is_timed)
      return world.misuse("a time between events that have none", kInvalidHandle);
    *milliseconds = static_cast<float>(static_cast<double>(second->mark.time_ns - first->mark.time_ns) / 1e6);
    return kSuccess;
  });
}

FAKE_CUDA_EXPORT CuResult cuMemcpyHtoDAsync_v2(CuPointer to, const void* from, std::size_t bytes, CuStream stream) {
  return put_copy(stream, to, reinterpret_cast<std::uintptr_t>(from), bytes, true);
}

FAKE_CUDA_EXPORT CuResult cuMemcpyDtoHAsync_v2(void* to, CuPointer from, std::size_t bytes, CuStream stream) {
  return put_copy(stream, from, reinterpret_cast<std::uintptr_t>(to), bytes, false);
}

FAKE_CUDA_EXPORT CuResult cuMemsetD8Async(CuPointer to, unsigned char value, std::size_t bytes, CuStream handle) {
  return on_stream(handle, [&](World& world, Device& device, Stream& stream) {
    if (world.block_at(to, bytes, &device) == nullptr)
      return world.misuse("memory is filled that is not the device's", kInvalidValue);
    const auto fill = [&world, &device, to, value, bytes] {
      if (world.block_at(to, bytes, &device) == nullptr)
        return world.misuse("memory went before it was filled", kIllegalAddress);
      std::memset(reinterpret_cast<void*>(to), value, bytes);
      return kSuccess;
    };
    world.put(stream, {fill, {}}, Engine::Compute, 0);
    return kSuccess;
  });
}

FAKE_CUDA_EXPORT CuResult cuModuleLoadDataEx(CuModule* module, const void* image, unsigned count, int* options,
                                             void** values) {
  return in_context([&](World& world, Device& device) {
    if (world.faults.module_status != 0) {
      std::size_t room = 0;
      for (unsigned i = 0; i < count; ++i)
        if (options[i] == cu::kJitErrorLogBufferBytes) room = reinterpret_cast<std::uintptr_t>(values[i]);
      for (unsigned i = 0; i < count; ++i)
        if (options[i] == cu::kJitErrorLogBuffer && room > 0)
          std::memcpy(values[i], world.faults.module_log, std::min(room, std::strlen(world.faults.module_log)));
      return world.faults.module_status;
    }
    auto made = std::make_unique<Module>();
    made->device = &device;
    made->entries = entries_of(static_cast<const char*>(image));
    world.modules.insert(made.get());
    *module = reinterpret_cast<CuModule>(made.release());
    return kSuccess;
  });
}

FAKE_CUDA_EXPORT CuResult cuModuleUnload(CuModule handle) {
  return freeing([&](World& world, Device&) {
    const std::unique_ptr<Module> module(object_of(world.modules, handle));
    if (!module) return world.misuse("a module is unloaded that is not there", kInvalidHandle);
    world.modules.erase(module.get());
    return kSuccess;
  });
}

FAKE_CUDA_EXPORT CuResult cuModuleGetFunction(CuFunction* function, CuModule handle, const char* name) {
  return in_context([&](World& world, Device&) {
    const Module* const module = object_of(world.modules, handle);
    if (module == nullptr) return world.misuse("a module that is not there", kInvalidHandle);
    const auto found = module->entries.find(name);
    if (found == module->entries.end()) return kNotFound;
    *function = reinterpret_cast<CuFunction>(found->second.get());
    return kSuccess;
  });
}

FAKE_CUDA_EXPORT CuResult cuLaunchKernel(CuFunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                                         unsigned block_x, unsigned block_y, unsigned block_z,
                                         unsigned /*shared_bytes*/, CuStream handle, void** parameters,
                                         void** /*extra*/) {
  return on_stream(handle, [&](World& world, Device& device, Stream& stream) {
    ++world.counts.launches;
    if (World::strikes(world.faults.launch_fails)) return world.faults.launch_status;
    const bool fits = grid_x > 0 && grid_y > 0 && grid_z > 0 && grid_y <= 65535 && grid_z <= 65535 &&
                      block_x * block_y * block_z > 0 && block_x * block_y * block_z <= 1024;
    if (!fits) return world.misuse("a launch of a size that no GPU has", kInvalidValue);
    auto launch = std::make_shared<Launch>();
    launch->entry = reinterpret_cast<const Entry*>(function);
    const unsigned sizes[] = {grid_x, grid_y, grid_z, block_x, block_y, block_z};
    std::copy_n(sizes, 3, launch->grid);
    std::copy_n(sizes + 3, 3, launch->block);
    for (std::size_t i = 0; i < launch->entry->parameter_bytes.size(); ++i) {
      const auto* const bytes = static_cast<const std::uint8_t*>(parameters[i]);
      launch->values.emplace_back(bytes, bytes + launch->entry->parameter_bytes[i]);
    }
    if (!addresses_are_of(world, device, *launch))
      return world.misuse("a kernel gets an address that is not the device's", kInvalidValue);
    world.put(stream, {[&world, &device, launch] { return run_launch(world, device, *launch); }, {}}, Engine::Compute,
              world.speed.launch_ns + world.speed.per_tile_ns * grid_z);
    return kSuccess;
  });
}
