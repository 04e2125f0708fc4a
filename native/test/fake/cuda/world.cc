#include "test/fake/cuda/world.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

namespace fake_cuda {

World& World::one() {
  static World world;
  return world;
}

void World::reset() {
  initialised = false;
  faults = {};
  counts = {};
  for (int i = 0; i < static_cast<int>(devices.size()); ++i) {
    devices[static_cast<std::size_t>(i)] = {};
    devices[static_cast<std::size_t>(i)].ordinal = i;
  }
  has_clock = false;
  speed = {};
  now_ns = 0;
}

CuResult World::misuse(const char* what, CuResult result) {
  if (counts.misuses++ == 0) counts.misuse = what;
  return result;
}

bool World::strikes(int& count) { return count > 0 && --count == 0; }

Block* World::block_at(std::uint64_t address, std::size_t bytes, const Device* device) {
  auto next = blocks.upper_bound(address);
  if (next == blocks.begin()) return nullptr;
  auto& [first, block] = *std::prev(next);
  const bool holds = address - first <= block.bytes && bytes <= block.bytes - (address - first);
  return holds && block.device == device ? &block : nullptr;
}

// The block ends, but for the bytes of its alignment, where the page begins that nobody may touch.
CuResult World::allocate(Device* device, std::size_t bytes, std::uint64_t& address) {
  constexpr std::size_t kAlignment = 256;
  if (bytes == 0) return kInvalidValue;
  if (device != nullptr && bytes > device->facts.memory_bytes - device->used_bytes) return kOutOfMemory;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t aligned = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  const std::size_t usable = (aligned + page - 1) / page * page;
  void* const memory = ::mmap(nullptr, usable + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return kOutOfMemory;
  auto* const mapped = static_cast<std::uint8_t*>(memory);
  if (device == nullptr && ::mprotect(mapped, usable, PROT_READ | PROT_WRITE) != 0) return kOutOfMemory;
  if (device != nullptr) {
    // Nobody may rely on memory that is zero.
    ::mprotect(mapped, usable, PROT_READ | PROT_WRITE);
    std::fill_n(mapped + (usable - aligned), bytes, std::uint8_t{0xCD});
    ::mprotect(mapped, usable, PROT_NONE);
    device->used_bytes += bytes;
  }
  address = reinterpret_cast<std::uintptr_t>(mapped + (usable - aligned));
  blocks[address] = {device, mapped, usable + page, bytes};
  return kSuccess;
}

CuResult World::free(std::uint64_t address, const Device* device) {
  const auto it = blocks.find(address);
  if (it == blocks.end() || it->second.device != device)
    return misuse("memory is freed that is not there", kInvalidValue);
  if (it->second.device != nullptr) it->second.device->used_bytes -= it->second.bytes;
  ::munmap(it->second.mapped, it->second.mapped_bytes);
  blocks.erase(it);
  return kSuccess;
}

void World::open_memory(bool is_open) {
  if (is_open ? open_depth_++ > 0 : --open_depth_ > 0) return;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  for (auto& [address, block] : blocks)
    if (block.device != nullptr)
      ::mprotect(block.mapped, block.mapped_bytes - page, is_open ? PROT_READ | PROT_WRITE : PROT_NONE);
}

void World::put(Stream& stream, Work work, Engine engine, std::int64_t ns) {
  if (has_clock) {
    Device& device = *stream.device;
    std::int64_t& free_ns = engine == Engine::In    ? device.in_free_ns
                            : engine == Engine::Out ? device.out_free_ns
                                                    : device.compute_free_ns;
    stream.end_ns = std::max({now(), stream.end_ns, free_ns}) + ns;
    free_ns = stream.end_ns;
  }
  stream.waiting.push_back(std::move(work));
  ++stream.put;
}

void World::put_mark(Stream& stream, const Mark& after) {
  stream.waiting.push_back({{}, after});
  ++stream.put;
  stream.end_ns = std::max(stream.end_ns, after.time_ns);
}

CuResult World::run_to(Stream& stream, std::uint64_t number) {
  Device& device = *stream.device;
  while (stream.done < number) {
    const Work work = std::move(stream.waiting.front());
    stream.waiting.pop_front();
    ++stream.done;
    // A stream that is gone was waited for before it went.
    if (work.after.stream != nullptr && streams.contains(work.after.stream))
      (void)run_to(*work.after.stream, work.after.number);
    if (device.lost != 0 || !work.run) continue;
    ++device.done;
    ++counts.work_done;
    if (device.ordinal == faults.lost_device && strikes(faults.lost_at))
      device.lost = faults.lost_status;
    else if (const CuResult result = work.run(); result != kSuccess)
      device.lost = result;
  }
  return device.lost;
}

CuResult World::wait(const Mark& mark, Device& device) {
  if (has_clock) sleep_until(mark.time_ns);
  const std::scoped_lock lock(mutex);
  if (mark.stream != nullptr && streams.contains(mark.stream) && mark.stream->done < mark.number) {
    open_memory(true);
    (void)run_to(*mark.stream, mark.number);
    open_memory(false);
  }
  return device.lost;
}

std::int64_t World::now() {
  const std::scoped_lock lock(clock_mutex);
  return now_ns;
}

void World::sleep_until(std::int64_t time_ns) {
  std::unique_lock lock(clock_mutex);
  if (now_ns >= time_ns) return;
  const auto place = sleepers.insert(time_ns);
  clock_changed.wait(lock, [&] { return now_ns >= time_ns; });
  sleepers.erase(place);
}

}  // namespace fake_cuda
