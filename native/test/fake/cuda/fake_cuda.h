// A driver without a GPU, for tests. It exports the functions of gpu/driver_table.h and those below, which tests look
// up in it. What it enforces:
//   - memory of a device cannot be read or written by the host, but while the device is at work; behind each block is a
//     page that nobody may touch;
//   - work on a stream is put off until somebody waits for it, so that a wait that is missing leaves wrong bytes;
//   - copies take pinned memory only, and addresses of the right side; both must still be there when the work is done;
//   - a call needs a current context, and objects of that context.
// One world for the process, under one mutex. Faults and figures are set while nothing is under way.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

struct FakeCudaDevice {
  const char* name = "Fake GPU";
  int compute_major = 9;
  int compute_minor = 0;
  int multiprocessors = 132;
  std::size_t memory_bytes = std::size_t{1} << 30;
};

// Counts from now on, 1 is the next; 0: never.
struct FakeCudaFaults {
  int init_status = 0;
  int driver_version = 12040;
  int device_count = 1;
  int retain_status = 0;        // of cuDevicePrimaryCtxRetain
  int module_status = 0;        // of cuModuleLoadDataEx
  const char* module_log = "";  // what the compiler says then
  int allocation_fails = 0;     // the n-th cuMemAlloc gives OUT_OF_MEMORY
  int pinned_fails = 0;         // the n-th cuMemHostAlloc
  int launch_fails = 0;         // the n-th cuLaunchKernel gives launch_status
  int launch_status = 0;
  int lost_device = 0;  // this device is lost with lost_status ...
  int lost_at = 0;      // ... in its n-th piece of work, when that is done
  int lost_status = 0;
};

struct FakeCudaCounts {
  // Objects that live.
  int contexts = 0;
  int streams = 0;
  int events = 0;
  int modules = 0;
  int allocations = 0;
  int pinned = 0;
  // Since the last fake_cuda_reset().
  int misuses = 0;          // calls that a correct program does not make
  const char* misuse = "";  // the first of them
  int launches = 0;
  int work_done = 0;          // of all devices
  std::int64_t bytes_in = 0;  // copied to devices
  std::int64_t bytes_out = 0;
};

// Times of the virtual clock, in nanoseconds.
struct FakeCudaSpeed {
  double in_bytes_per_ns = 1;
  double out_bytes_per_ns = 1;
  std::int64_t copy_start_ns = 0;
  std::int64_t launch_ns = 0;    // of a kernel, and ...
  std::int64_t per_tile_ns = 0;  // ... for each layer of its grid's third axis
};

// The whole world anew: nothing may live. Clock off, no faults, one device.
void fake_cuda_reset();
void fake_cuda_set_faults(const FakeCudaFaults* faults);
void fake_cuda_set_device(int ordinal, const FakeCudaDevice* device);
void fake_cuda_counts(FakeCudaCounts* counts);

// What runs kernels: their name, grid and block, and the parameters as cuLaunchKernel takes them. False: no such one.
using FakeCudaKernels = bool (*)(const char* name, const unsigned* grid, const unsigned* block, void** parameters);
void fake_cuda_set_kernels(FakeCudaKernels kernels);

// For other libraries that feign to use the device.
using FakeCudaWork = void (*)(void* of);
// Puts work of a host function on a stream; it takes `ns` of the clock. 0, or the status of the device.
int fake_cuda_enqueue(void* stream, FakeCudaWork work, void* of, std::int64_t ns);
// Copies `bytes` now, and puts them where they belong in the order of the stream.
int fake_cuda_write(std::uint64_t to, const void* from, std::size_t bytes, void* stream);
// Whether all work of a stream is done.
int fake_cuda_is_idle(void* stream);
int fake_cuda_wait(void* stream);
// The bytes of the device at an address, while work of the device is done; null where it has none there.
void* fake_cuda_view(std::uint64_t address);

// The clock. On: work takes time, and whoever waits for it sleeps until then. It stands still until advanced.
void fake_cuda_start_clock(const FakeCudaSpeed* speed);
std::int64_t fake_cuda_now();
void fake_cuda_sleep(std::int64_t ns);
// To the time of the first who sleeps. False: nobody sleeps.
bool fake_cuda_advance();
}
