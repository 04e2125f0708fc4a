// libjpeg-turbo for tests that need a JPEG, or its pixels from other code than ours. MICROTOME_JPEG_LIBRARY names it.
#pragma once

#include <dlfcn.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace microtome::test {

using Bytes = std::vector<std::uint8_t>;

inline std::string library_path(const char* variable) {
  const char* path = std::getenv(variable);
  return path == nullptr ? "" : path;
}

// libjpeg-turbo's own calls, to make JPEGs and to decode them independently of the code under test.
class JpegTool {
 public:
  struct Options {
    bool rgb_inside = false;  // store RGB components instead of YCbCr
    bool grey = false;
    bool progressive = false;
    bool half_chroma = true;  // 4:2:0
    bool half_width = false;  // 4:2:2
    int quality = 90;
  };

  JpegTool() : library_(::dlopen(library_path("MICROTOME_JPEG_LIBRARY").c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (library_ == nullptr) throw std::runtime_error("the JPEG library cannot be opened");
    bind("tj3Init", init_);
    bind("tj3Destroy", destroy_);
    bind("tj3Set", set_);
    bind("tj3Compress8", compress_);
    bind("tj3Decompress8", decompress_);
    bind("tj3DecompressToYUVPlanes8", decompress_planes_);
    bind("tj3Free", free_);
  }

  // `rgb` has three samples a pixel, also for grey (whose colours are then mixed by the encoder).
  Bytes encode(const Bytes& rgb, int width, int height, Options options) const {
    void* handle = init_(0);
    set_(handle, 3, options.quality);
    set_(handle, 4, subsampling(options));
    set_(handle, 8, options.grey ? 2 : options.rgb_inside ? 0 : 1);  // colour space
    set_(handle, 12, options.progressive ? 1 : 0);
    unsigned char* buffer = nullptr;
    std::size_t bytes = 0;
    const int failed = compress_(handle, rgb.data(), width, 0, height, 0, &buffer, &bytes);
    Bytes out;
    if (failed == 0) out.assign(buffer, buffer + bytes);
    free_(buffer);
    destroy_(handle);
    if (failed != 0) throw std::runtime_error("the test's JPEG could not be made");
    return out;
  }
  Bytes encode(const Bytes& rgb, int width, int height) const { return encode(rgb, width, height, Options()); }

  Bytes decode(const Bytes& jpeg, int width, int height) const {
    void* handle = init_(1);
    Bytes rgb(static_cast<std::size_t>(3 * width * height));
    const int failed = decompress_(handle, jpeg.data(), jpeg.size(), rgb.data(), 0, 0);
    destroy_(handle);
    if (failed != 0) throw std::runtime_error("the test's JPEG could not be read back");
    return rgb;
  }

  // The samples of a YCbCr or grey stream as they are stored, one plane for each component.
  struct Planes {
    std::array<Bytes, 3> samples;
    std::array<int, 3> stride_bytes{};
  };
  Planes planes(const Bytes& jpeg, int width, int height) const {
    Planes planes;
    std::array<unsigned char*, 3> out{};
    for (std::size_t i = 0; i < 3; ++i) {
      planes.stride_bytes[i] = width + 16;  // room for any padding
      planes.samples[i].resize(static_cast<std::size_t>(planes.stride_bytes[i] * (height + 16)));
      out[i] = planes.samples[i].data();
    }
    void* handle = init_(1);
    const int failed = decompress_planes_(handle, jpeg.data(), jpeg.size(), out.data(), planes.stride_bytes.data());
    destroy_(handle);
    if (failed != 0) throw std::runtime_error("the planes of the test's JPEG could not be read");
    return planes;
  }

 private:
  static int subsampling(const Options& options) {
    if (options.grey) return 3;
    if (options.rgb_inside || !options.half_chroma) return 0;
    return options.half_width ? 1 : 2;
  }

  template <typename Function>
  void bind(const char* name, Function*& out) {
    out = reinterpret_cast<Function*>(::dlsym(library_, name));
    if (out == nullptr) throw std::runtime_error(name);
  }

  void* library_;
  void* (*init_)(int) = nullptr;
  void (*destroy_)(void*) = nullptr;
  int (*set_)(void*, int, int) = nullptr;
  int (*compress_)(void*, const unsigned char*, int, int, int, int, unsigned char**, std::size_t*) = nullptr;
  int (*decompress_)(void*, const unsigned char*, std::size_t, unsigned char*, int, int) = nullptr;
  int (*decompress_planes_)(void*, const unsigned char*, std::size_t, unsigned char**, int*) = nullptr;
  void (*free_)(void*) = nullptr;
};

}  // namespace microtome::test
