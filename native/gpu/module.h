// Kernels of ours on a GPU: a text in PTX, compiled by the driver for the GPU that is there.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "gpu/context.h"
#include "gpu/launch_size.h"
#include "gpu/stream.h"

namespace microtome::gpu {

class Module {
 public:
  // `ptx` ends with a zero byte behind its last character. Throws DEVICE_UNAVAILABLE where the driver refuses the text
  // (with the compiler's first line), RUNTIME_MISSING where the driver lacks its compiler, OUT_OF_MEMORY.
  Module(std::shared_ptr<const Context> context, const char* ptx);
  ~Module();
  Module(Module&& other) noexcept
      : context_(std::move(other.context_)), module_(std::exchange(other.module_, nullptr)) {}
  Module& operator=(Module&&) = delete;

  // Valid as long as the module. Throws INTERNAL where there is none of that name.
  [[nodiscard]] CuFunction function(const char* name) const;
  // Puts the kernel on the stream. Returns at once; what `parameters` point to is copied before.
  void launch(const Stream& stream, CuFunction function, const LaunchSize& size, void** parameters) const;

 private:
  std::shared_ptr<const Context> context_;
  CuModule module_ = nullptr;
};

}  // namespace microtome::gpu
