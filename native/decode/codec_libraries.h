// The codec libraries that are opened at run time, libjpeg-turbo and libvips: each at its first use, from the path
// given first; never closed. Everything here is safe to call from any thread.
#pragma once

#include <string>

namespace microtome::decode {

struct TurboJpeg;
struct Vips;

// Both paths come from the package that installs them (see lib/native/runtimes.ts).
struct CodecPaths {
  std::string jpeg;  // libturbojpeg.so.0
  std::string vips;  // libvips-cpp.so.*
};

struct CodecReport {
  bool loaded = false;
  std::string path;
  std::string version;
  std::string error;  // why it is not there
  bool is_private = false;
};

// Remembers the paths; opens nothing. Later paths are ignored.
void set_codec_paths(const CodecPaths& paths);
[[nodiscard]] CodecReport jpeg_report();  // opens the library if needed; never throws
[[nodiscard]] CodecReport vips_report();

// Throw RUNTIME_MISSING naming the library and the loader's reason.
[[nodiscard]] const TurboJpeg& turbojpeg();
[[nodiscard]] const Vips& vips();

// Must run on each thread that decoded, before it ends (frees libvips' per-thread memory). Never throws.
void leave_thread() noexcept;

}  // namespace microtome::decode
