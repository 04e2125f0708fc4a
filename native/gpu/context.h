// The primary context of one GPU: the one that ONNX Runtime and nvJPEG use too, so that addresses and streams mean the
// same to all. It is shared by the whole process, counts its users, and is never reset by us. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/error.h"
#include "gpu/driver.h"

namespace microtome::gpu {

class Context {
  struct Key {};  // only retain() has one

 public:
  // Throws DEVICE_UNAVAILABLE for a GPU that is not there or that another process has for itself, OUT_OF_MEMORY.
  [[nodiscard]] static std::shared_ptr<const Context> retain(std::shared_ptr<const Driver> driver, int ordinal);
  Context(Key /*key*/, std::shared_ptr<const Driver> driver, int ordinal);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // While it lives the context is the one of the calling thread; then the one before is again.
  class Scope {
   public:
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    friend class Context;
    explicit Scope(const Context& context);
    const DriverTable* table_ = nullptr;
  };
  // Throws DEVICE_LOST where the context cannot be used any more.
  [[nodiscard]] Scope enter() const { return Scope(*this); }

  [[nodiscard]] const Driver& driver() const noexcept { return *driver_; }
  [[nodiscard]] const DriverTable& table() const noexcept { return driver_->table(); }
  [[nodiscard]] const DeviceFacts& device() const noexcept { return *device_; }
  // `GPU 0 "Tesla K80"`, for messages.
  [[nodiscard]] std::string label() const;
  // As nvidia-smi would say it. Throws DEVICE_LOST.
  [[nodiscard]] std::int64_t free_bytes() const;

  // Throws driver_error() unless it is success. `what` as there.
  void check(CuResult result, std::string_view what) const;

 private:
  const std::shared_ptr<const Driver> driver_;
  const DeviceFacts* const device_;
  CuDevice handle_ = 0;
  CuContext context_ = nullptr;
};

}  // namespace microtome::gpu
