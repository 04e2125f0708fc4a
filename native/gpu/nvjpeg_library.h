// nvJPEG, opened at run time from a path that somebody found. Opened as it is and never closed: it registers its code
// with the driver, and threads may still be in it while the process ends. Any thread.
#pragma once

#include <memory>
#include <string>

#include "gpu/nvjpeg_api.h"

namespace microtome::gpu {

class NvjpegLibrary {
  struct Key {};  // only open() has one

 public:
  // Throws RUNTIME_MISSING, and says why: no such file, or a library that lacks a function.
  [[nodiscard]] static std::shared_ptr<const NvjpegLibrary> open(const std::string& path);
  explicit NvjpegLibrary(Key /*key*/) {}

  [[nodiscard]] const NvjpegApi& api() const noexcept { return api_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  // "12.4.0"; empty where the library does not say.
  [[nodiscard]] const std::string& version() const noexcept { return version_; }

 private:
  void bind(void* library);
  void read_version();

  NvjpegApi api_;
  std::string path_;
  std::string version_;
};

}  // namespace microtome::gpu
