// A device for the stand-in of ONNX Runtime, made of the host's memory: addresses that the host cannot use, and streams
// whose work is put off until somebody waits.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "core/device_handles.h"
#include "test/fake/onnxruntime/fake_onnxruntime.h"

namespace microtome::test {

class HostDevice {
 public:
  explicit HostDevice(FakeOnnxRuntime& runtime) {
    runtime.host_view = [this](std::uint64_t pointer, std::size_t bytes) { return view(pointer, bytes); };
    runtime.enqueue = [this](void* stream, std::function<void()> work) { streams_[stream].push_back(std::move(work)); };
    runtime.wait = [this](void* stream) { wait(stream); };
  }

  DevicePointer allocate(std::size_t bytes) {
    const DevicePointer at = next_;
    next_ += (bytes + 0xffff) & ~std::uint64_t{0xffff};
    blocks_[at].resize(bytes);
    return at;
  }
  void free(DevicePointer at) { blocks_.erase(at); }
  void write(DevicePointer at, const void* from, std::size_t bytes) { std::memcpy(view(at, bytes), from, bytes); }
  void read(DevicePointer at, void* to, std::size_t bytes) { std::memcpy(to, view(at, bytes), bytes); }

  void wait(void* stream) {
    auto& queue = streams_[stream];
    while (!queue.empty()) {
      const auto work = std::move(queue.front());
      queue.pop_front();
      work();
    }
  }
  [[nodiscard]] std::size_t waiting(void* stream) { return streams_[stream].size(); }

 private:
  void* view(std::uint64_t pointer, std::size_t bytes) {
    auto found = blocks_.upper_bound(pointer);
    if (found == blocks_.begin()) return nullptr;
    --found;
    const std::uint64_t offset = pointer - found->first;
    if (offset > found->second.size() || bytes > found->second.size() - offset) return nullptr;
    return found->second.data() + offset;
  }

  std::uint64_t next_ = 0x7f00'0000'0000;
  std::map<std::uint64_t, std::vector<std::uint8_t>> blocks_;
  std::map<void*, std::deque<std::function<void()>>> streams_;
};

}  // namespace microtome::test
