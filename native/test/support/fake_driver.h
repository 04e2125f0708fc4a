// The fake driver (test/fake/cuda), opened for one test: the world is new, and at the end nothing may live in it and no
// call may have been wrong.
#pragma once

#include <dlfcn.h>

#include <memory>
#include <string>

#include "gpu/driver.h"
#include "test/check.h"
#include "test/fake/cuda/fake_cuda.h"

namespace microtome::test {

class FakeDriver {
 public:
  FakeDriver() {
    call<void()>("fake_cuda_reset")();
    call<void(FakeCudaKernels)>("fake_cuda_set_kernels")(nullptr);
  }
  ~FakeDriver() {
    const FakeCudaCounts left = counts();
    CHECK_EQ(std::string(left.misuse), "");
    CHECK_EQ(left.misuses, 0);
    CHECK_EQ(left.contexts, 0);
    CHECK_EQ(left.streams, 0);
    CHECK_EQ(left.events, 0);
    CHECK_EQ(left.modules, 0);
    CHECK_EQ(left.allocations, 0);
    CHECK_EQ(left.pinned, 0);
  }
  FakeDriver(const FakeDriver&) = delete;
  FakeDriver& operator=(const FakeDriver&) = delete;

  // The driver as the library opens it.
  [[nodiscard]] std::shared_ptr<const gpu::Driver> open() const { return gpu::Driver::open(MICROTOME_FAKE_CUDA); }

  void set(const FakeCudaFaults& faults) const { call<void(const FakeCudaFaults*)>("fake_cuda_set_faults")(&faults); }
  void set_device(int ordinal, const FakeCudaDevice& device) const {
    call<void(int, const FakeCudaDevice*)>("fake_cuda_set_device")(ordinal, &device);
  }
  void set_kernels(FakeCudaKernels kernels) const { call<void(FakeCudaKernels)>("fake_cuda_set_kernels")(kernels); }
  [[nodiscard]] FakeCudaCounts counts() const {
    FakeCudaCounts all;
    call<void(FakeCudaCounts*)>("fake_cuda_counts")(&all);
    return all;
  }
  // For what feigns to use the device.
  [[nodiscard]] static int enqueue(void* stream, FakeCudaWork work, void* of, std::int64_t ns) {
    return call<int(void*, FakeCudaWork, void*, std::int64_t)>("fake_cuda_enqueue")(stream, work, of, ns);
  }
  [[nodiscard]] static void* view(std::uint64_t address) {
    return call<void*(std::uint64_t)>("fake_cuda_view")(address);
  }
  void start_clock(const FakeCudaSpeed& speed) const {
    call<void(const FakeCudaSpeed*)>("fake_cuda_start_clock")(&speed);
  }
  [[nodiscard]] std::int64_t now() const { return call<std::int64_t()>("fake_cuda_now")(); }
  void sleep(std::int64_t ns) const { call<void(std::int64_t)>("fake_cuda_sleep")(ns); }
  [[nodiscard]] bool advance() const { return call<bool()>("fake_cuda_advance")(); }

  // A function of the fake.
  template <typename Function>
  [[nodiscard]] static Function* call(const char* name) {
    static void* const library = ::dlopen(MICROTOME_FAKE_CUDA, RTLD_NOW | RTLD_LOCAL);
    auto* const found = library == nullptr ? nullptr : ::dlsym(library, name);
    if (found == nullptr) throw Error(Code::INTERNAL, Stage::Infer, std::string("the fake driver has no ") + name);
    return reinterpret_cast<Function*>(found);
  }
};

}  // namespace microtome::test
