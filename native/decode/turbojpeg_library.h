// The part of the TurboJPEG 3 C API (libjpeg-turbo) that is used here, declared in our own words and filled at run
// time. Immutable once opened; the functions may be called from any thread, a handle from one thread at a time.
#pragma once

#include <cstddef>
#include <string>

#include "core/shared_library.h"

namespace microtome::decode {

struct TurboJpeg {
  using Handle = void*;

  // Values of the C enumerations, by the names they have there.
  static constexpr int kInitDecompress = 1;  // TJINIT_DECOMPRESS
  static constexpr int kStopOnWarning = 0;   // TJPARAM_STOPONWARNING
  static constexpr int kScanLimit = 13;      // TJPARAM_SCANLIMIT
  static constexpr int kMaxMemory = 23;      // TJPARAM_MAXMEMORY, megabytes
  static constexpr int kPixelsRgb = 0;       // TJPF_RGB
  static constexpr int kPixelsGrey = 6;      // TJPF_GRAY
  static constexpr int kPixelsCmyk = 11;     // TJPF_CMYK

  struct ScalingFactor {  // tjscalingfactor
    int numerator;
    int denominator;
  };

  Handle (*init)(int kind) = nullptr;
  void (*destroy)(Handle handle) = nullptr;
  int (*set)(Handle handle, int parameter, int value) = nullptr;
  int (*set_scaling)(Handle handle, ScalingFactor factor) = nullptr;
  int (*decompress8)(Handle handle, const unsigned char* jpeg, std::size_t bytes, unsigned char* out, int pitch,
                     int pixel_format) = nullptr;
  char* (*error_text)(Handle handle) = nullptr;

  std::string path;
  std::string version;
  bool is_private = false;

  // Throws RUNTIME_MISSING when the file cannot be opened or lacks the version 3 functions.
  static TurboJpeg open(const std::string& path);
};

}  // namespace microtome::decode
