// The two dozen C functions of libvips and GLib that are used here, declared in our own words and filled at run time.
// Immutable once opened; safe to call from any thread. Objects are opaque pointers.
#pragma once

#include <cstddef>
#include <string>

#include "core/shared_library.h"

namespace microtome::decode {

struct Vips {
  // Values of the C enumerations, by the names they have there.
  static constexpr int kFailOnWarning = 3;     // VIPS_FAIL_ON_WARNING
  static constexpr int kAccessSequential = 1;  // VIPS_ACCESS_SEQUENTIAL
  static constexpr int kFormatUchar = 0;       // VIPS_FORMAT_UCHAR
  static constexpr int kIntentPerceptual = 0;  // VIPS_INTENT_PERCEPTUAL
  static constexpr int kIntentRelative = 1;    // VIPS_INTENT_RELATIVE
  static constexpr int kFormatUshort = 2;      // VIPS_FORMAT_USHORT

  const char* (*version_string)() = nullptr;
  int (*version_part)(int which) = nullptr;  // 0 major, 1 minor, 2 micro

  void* (*operation_new)(const char* name) = nullptr;
  int (*object_build)(void* object) = nullptr;
  void (*object_unref_outputs)(void* object) = nullptr;
  void (*object_set)(void* object, const char* name, ...) = nullptr;  // g_object_set
  void (*object_get)(void* object, const char* name, ...) = nullptr;  // g_object_get
  void (*object_unref)(void* object) = nullptr;                       // g_object_unref

  void* (*blob_new)(void (*free)(void*, void*), const void* data, std::size_t bytes) = nullptr;
  void (*area_unref)(void* area) = nullptr;

  // Over the caller's bytes, which outlive it.
  void* (*image_from_memory)(const void* data, std::size_t bytes, int width, int height, int bands,
                             int format) = nullptr;
  void (*image_set_blob)(void* image, const char* name, const void* data, std::size_t bytes) = nullptr;  // copies
  int (*image_width)(const void* image) = nullptr;
  int (*image_height)(const void* image) = nullptr;
  int (*image_bands)(const void* image) = nullptr;
  int (*image_format)(const void* image) = nullptr;

  void* (*region_new)(void* image) = nullptr;
  // Computes the window and returns a packed copy, to be given to `free`; nullptr on failure.
  unsigned char* (*region_fetch)(void* region, int left, int top, int width, int height, std::size_t* bytes) = nullptr;
  void (*free)(void* memory) = nullptr;  // g_free

  char* (*error_copy)() = nullptr;  // the process-wide error text, to be given to `free`
  void (*error_clear)() = nullptr;
  void (*thread_shutdown)() = nullptr;

  std::string path;
  std::string version;
  bool is_private = false;

  // Opens and initialises the library, and sees to it that its log goes nowhere but to last_log(). Throws
  // RUNTIME_MISSING.
  static Vips open(const std::string& path);

  // What the library logged last on this thread; empty when nothing since clear_log().
  static const char* last_log() noexcept;
  static void clear_log() noexcept;
};

}  // namespace microtome::decode
