// What the fake nvJPEG library does beside nvJPEG's own functions: tests look these up in it. One set of switches for
// the process; set while nobody decodes.
#pragma once

#include <cstddef>
#include <cstdint>

// Exit status of a process that calls the library after it has ended.
constexpr int kFakeNvjpegCalledAfterEnd = 77;

extern "C" {

// How planes reach the device's memory: `write` copies `bytes` to the address `to`, in the order of `stream`, and
// returns 0. Without one an address is that of ordinary memory. `from` is valid during the call only.
using FakeNvjpegWrite = int (*)(std::uint64_t to, const void* from, std::size_t bytes, void* stream);
// Puts a host function on a stream: it runs when all work before it is done. Returns 0. With it a state that is given
// another batch, or destroyed, before its work is done is a misuse.
using FakeNvjpegEnqueue = int (*)(void* stream, void (*work)(void*), void* of, std::int64_t ns);

struct FakeNvjpegSwitches {
  const char* turbojpeg = nullptr;  // path of libturbojpeg, which does the decoding
  FakeNvjpegWrite write = nullptr;
  FakeNvjpegEnqueue enqueue = nullptr;
  int create_status[4] = {};    // by backend; 0: it is there
  int refuses_flags = 0;        // create() with a flag fails with 2, as in a library that does not know it
  int state_status = 0;         // of making a state
  int unsupported_chroma = -1;  // the batched call does not take 0: 4:4:4, 1: 4:2:2, 2: 4:2:0, 6: grey
  int parse_status = 0;         // of reading a header
  int fail_at_decode = 0;       // the n-th batched call from now on, 1 the next, gives fail_status
  int fail_status = 0;
  int fast_transform = 0;  // another inverse DCT: samples that differ by a few levels
  int engines = 0;
};

struct FakeNvjpegCounts {
  int live = 0;     // handles, states and streams that are not destroyed
  int decodes = 0;  // batched calls
  int largest_batch = 0;
  int images = 0;   // decoded
  int misuses = 0;  // another batch on a state whose work was not done, a wrong size or format
  int last_backend = -1;
  unsigned last_flags = 0;
};

void fake_nvjpeg_set(const FakeNvjpegSwitches* switches);
void fake_nvjpeg_counts(FakeNvjpegCounts* counts);
void fake_nvjpeg_clear();  // counts of calls; live objects stay counted
}
