// NVIDIA's driver, opened at run time: a machine without it loses nothing. Opened under its own name, not as a private
// copy: every library in the process that uses a GPU must share it. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/driver_table.h"

namespace microtome::gpu {

struct DeviceFacts {
  int ordinal = 0;
  std::string name;  // as in "Tesla K80"
  int compute_major = 0;
  int compute_minor = 0;
  int multiprocessors = 0;
  std::int64_t memory_bytes = 0;
  std::array<std::uint8_t, 16> uuid{};

  [[nodiscard]] std::string compute_capability() const {
    return std::to_string(compute_major) + "." + std::to_string(compute_minor);
  }
  // As nvidia-smi writes it, "GPU-" and 32 digits in five groups.
  [[nodiscard]] std::string uuid_text() const;
};

class Driver {
  struct Key {};  // only open() has one

 public:
  static constexpr const char* kLibrary = "libcuda.so.1";
  // CUDA 11.4: what driver 470 reports.
  static constexpr int kLeastVersion = 11040;

  // Opens and initialises the driver. Throws DEVICE_UNAVAILABLE, and says why: no driver, one that is too old, no GPU.
  // The library is never closed.
  [[nodiscard]] static std::shared_ptr<const Driver> open(const std::string& library = kLibrary);
  explicit Driver(Key /*key*/) {}

  [[nodiscard]] const DriverTable& table() const noexcept { return table_; }
  // CUDA version of the driver: 1000 * major + 10 * minor.
  [[nodiscard]] int version() const noexcept { return version_; }
  [[nodiscard]] std::string version_text() const;
  // Those that CUDA_VISIBLE_DEVICES leaves, in the driver's order. At least one.
  [[nodiscard]] const std::vector<DeviceFacts>& devices() const noexcept { return devices_; }
  // Throws DEVICE_UNAVAILABLE, and says how many there are.
  [[nodiscard]] const DeviceFacts& device(int ordinal) const;

 private:
  void bind(void* library, const std::string& name);
  [[nodiscard]] DeviceFacts facts_of(int ordinal) const;

  DriverTable table_;
  int version_ = 0;
  std::vector<DeviceFacts> devices_;
};

}  // namespace microtome::gpu
