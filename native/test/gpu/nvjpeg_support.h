// The fake nvJPEG, for tests: opened like the real one, with its switches.
#pragma once

#include <dlfcn.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "gpu/nvjpeg_handle.h"
#include "test/fake/nvjpeg/fake_nvjpeg.h"

namespace microtome::test {

class FakeNvjpeg {
 public:
  FakeNvjpeg() : library_(::dlopen(MICROTOME_FAKE_NVJPEG, RTLD_NOW | RTLD_LOCAL)) {
    bind("fake_nvjpeg_set", set_);
    bind("fake_nvjpeg_counts", counts_);
    bind("fake_nvjpeg_clear", clear_);
    clear_();
    apply();
  }
  ~FakeNvjpeg() {
    switches = {};
    apply();
  }
  FakeNvjpeg(const FakeNvjpeg&) = delete;
  FakeNvjpeg& operator=(const FakeNvjpeg&) = delete;

  FakeNvjpegSwitches switches;
  void apply() { set_(&switches); }
  [[nodiscard]] FakeNvjpegCounts counts() const {
    FakeNvjpegCounts counts;
    counts_(&counts);
    return counts;
  }

  static std::shared_ptr<const gpu::NvjpegLibrary> open() { return gpu::NvjpegLibrary::open(MICROTOME_FAKE_NVJPEG); }
  static std::shared_ptr<const gpu::NvjpegHandle> handle() {
    std::vector<gpu::NvjpegHandle::Refused> refused;
    return gpu::NvjpegHandle::create(open(), refused);
  }

 private:
  template <typename Function>
  void bind(const char* name, Function*& out) {
    out = reinterpret_cast<Function*>(::dlsym(library_, name));
    if (out == nullptr) throw std::runtime_error(name);
  }

  void* library_;
  void (*set_)(const FakeNvjpegSwitches*) = nullptr;
  void (*counts_)(FakeNvjpegCounts*) = nullptr;
  void (*clear_)() = nullptr;
};

}  // namespace microtome::test
