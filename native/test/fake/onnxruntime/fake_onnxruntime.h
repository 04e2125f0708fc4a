// A stand-in for an ONNX Runtime that has CUDA's and TensorRT's providers. It is a library of its own that passes calls
// on to a real one for the CPU, and answers itself where a provider, a device's memory or a stream is meant: there it
// records the call, obeys a stream's order, and fails when it is told to. A test program holds the state, in which it
// says how the stand-in behaves and finds what it was asked (MICROTOME_FAKE_ONNXRUNTIME defines it).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace microtome::test {

struct FakeOnnxRuntime {
  // Before the library is opened.
  std::string real_library;
  int table = 0;  // pretends to be version 1.`table`; 0: the real one's

  // How it behaves. An empty text: the call succeeds.
  std::string no_cuda;          // of CreateCUDAProviderOptions
  std::string cuda_not_opened;  // of UpdateCUDAProviderOptions; FOLDER is where this library was opened from
  std::string no_tensorrt;      // of CreateTensorRTProviderOptions
  std::string append_fails;
  std::string load_fails;  // of a session with a provider
  std::set<std::string> unknown_keys;
  bool names_unknown_keys = true;           // in its message
  bool graph_needs_cpu = false;             // it has nodes that only the CPU can run
  std::map<int, std::string> failing_runs;  // the n-th run of all, from 1, fails with a text

  // The device: memory as the host sees it (nullptr: not that device's), and its streams.
  std::function<void*(std::uint64_t pointer, std::size_t bytes)> host_view;
  std::function<void(void* stream, std::function<void()> work)> enqueue;
  std::function<void(void* stream)> wait;

  // What it was asked, in order; what a run did wrong after it had been put on its stream; objects that are alive.
  std::vector<std::string> calls;
  std::vector<std::string> errors;
  int runs = 0;
  int options_alive = 0;
  int values_alive = 0;
  int bindings_alive = 0;
  int sessions_alive = 0;

  std::mutex mutex;  // of calls and errors
  void record(const std::string& call) {
    std::scoped_lock lock(mutex);
    calls.push_back(call);
  }
  void wrong(const std::string& error) {
    std::scoped_lock lock(mutex);
    errors.push_back(error);
  }
};

}  // namespace microtome::test

extern "C" __attribute__((visibility("default"))) microtome::test::FakeOnnxRuntime* microtome_fake_onnxruntime();

// Once in a test program, which must export its symbols. MICROTOME_FAKE_ORT is the path of the library.
#define MICROTOME_FAKE_ONNXRUNTIME                                 \
  microtome::test::FakeOnnxRuntime* microtome_fake_onnxruntime() { \
    static microtome::test::FakeOnnxRuntime state;                 \
    return &state;                                                 \
  }
