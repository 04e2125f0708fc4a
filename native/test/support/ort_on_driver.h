// Joins the two stand-ins: the runtime's device memory and streams are the fake driver's.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "test/fake/onnxruntime/fake_onnxruntime.h"
#include "test/support/fake_driver.h"

namespace microtome::test {

inline void join_fakes(FakeOnnxRuntime& runtime) {
  runtime.host_view = [](std::uint64_t pointer, std::size_t) { return FakeDriver::view(pointer); };
  runtime.enqueue = [](void* stream, std::function<void()> work) {
    auto kept = std::make_unique<std::function<void()>>(std::move(work));
    const auto run = [](void* of) {
      const std::unique_ptr<std::function<void()>> own(static_cast<std::function<void()>*>(of));
      (*own)();
    };
    if (FakeDriver::enqueue(stream, run, kept.get(), 0) == 0) static_cast<void>(kept.release());
  };
  runtime.wait = [](void* stream) { FakeDriver::call<int(void*)>("fake_cuda_wait")(stream); };
}

}  // namespace microtome::test
