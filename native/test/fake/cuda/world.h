// What the fake driver is made of; see fake_cuda.h for what it stands for.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "gpu/driver_table.h"
#include "test/fake/cuda/fake_cuda.h"

namespace fake_cuda {

using microtome::gpu::CuPointer;
using microtome::gpu::CuResult;

inline constexpr CuResult kSuccess = 0, kInvalidValue = 1, kOutOfMemory = 2, kNotInitialized = 3, kNoDevice = 100,
                          kInvalidDevice = 101, kInvalidContext = 201, kInvalidHandle = 400, kNotFound = 500,
                          kIllegalAddress = 700;

struct Stream;

// A place in a stream.
struct Mark {
  Stream* stream = nullptr;  // null: nothing is before it
  std::uint64_t number = 0;  // of the last work before it
  std::int64_t time_ns = 0;  // when that is done
};

struct Work {
  std::function<CuResult()> run;  // may be empty
  Mark after;                     // of another stream, where it waits for one
};

struct Device {
  int ordinal = 0;
  FakeCudaDevice facts;
  int retained = 0;
  CuResult lost = 0;
  int done = 0;
  std::size_t used_bytes = 0;
  std::int64_t in_free_ns = 0, out_free_ns = 0, compute_free_ns = 0;  // when the engine is free again
};

struct Stream {
  Device* device = nullptr;
  std::deque<Work> waiting;
  std::uint64_t put = 0, done = 0;
  std::int64_t end_ns = 0;  // of what was put last
};

struct Event {
  Device* device = nullptr;
  Mark mark;
  bool is_timed = false;
};

struct Entry {
  std::string name;
  std::vector<std::size_t> parameter_bytes;
  std::vector<bool> is_address;
};

struct Module {
  Device* device = nullptr;
  std::map<std::string, std::unique_ptr<Entry>> entries;
};

struct Block {
  Device* device = nullptr;  // null: pinned
  std::uint8_t* mapped = nullptr;
  std::size_t mapped_bytes = 0;
  std::size_t bytes = 0;
};

// Which engine of a device does something.
enum class Engine : std::uint8_t { In, Out, Compute };

class World {
 public:
  static World& one();

  std::recursive_mutex mutex;
  bool initialised = false;
  FakeCudaFaults faults;
  FakeCudaCounts counts;  // but what lives
  std::array<Device, 8> devices;
  std::set<Stream*> streams;
  std::set<Event*> events;
  std::set<Module*> modules;
  std::map<std::uint64_t, Block> blocks;  // by their first byte, of devices and of the host
  FakeCudaKernels kernels = nullptr;

  void reset();
  CuResult misuse(const char* what, CuResult result);
  // True once, when a count of a fault has run down.
  static bool strikes(int& count);

  // The block that holds `bytes` from `address` on: of `device`, null: of pinned memory.
  Block* block_at(std::uint64_t address, std::size_t bytes, const Device* device);
  CuResult allocate(Device* device, std::size_t bytes, std::uint64_t& address);
  CuResult free(std::uint64_t address, const Device* device);

  // Puts work that takes `ns` of an engine's time.
  void put(Stream& stream, Work work, Engine engine, std::int64_t ns);
  void put_mark(Stream& stream, const Mark& after);
  // Does what is before the mark, after the clock has come to it.
  CuResult wait(const Mark& mark, Device& device);

  // The clock.
  bool has_clock = false;
  FakeCudaSpeed speed;
  std::mutex clock_mutex;
  std::condition_variable clock_changed;
  std::int64_t now_ns = 0;
  std::multiset<std::int64_t> sleepers;
  std::int64_t now();
  void sleep_until(std::int64_t time_ns);

 private:
  CuResult run_to(Stream& stream, std::uint64_t number);
  void open_memory(bool is_open);

  int open_depth_ = 0;  // work may wait for other work
};

}  // namespace fake_cuda
