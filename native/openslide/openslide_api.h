// The part of OpenSlide's C API that is used here, declared in our own words and filled at run time. Immutable once
// opened; the functions may be called from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace microtome::openslide {

struct Api {
  // An open slide (openslide_t). An error of any call stays with it: every later call does nothing.
  struct Osr;
  struct Cache;

  const char* (*detect_vendor)(const char* path) = nullptr;  // null: no slide that it knows
  Osr* (*open)(const char* path) = nullptr;                  // null: no slide; else ask error()
  void (*close)(Osr* osr) = nullptr;
  const char* (*error)(Osr* osr) = nullptr;  // null: none
  std::int32_t (*level_count)(Osr* osr) = nullptr;
  void (*level_dimensions)(Osr* osr, std::int32_t level, std::int64_t* width, std::int64_t* height) = nullptr;
  double (*level_downsample)(Osr* osr, std::int32_t level) = nullptr;
  // Premultiplied ARGB in the byte order of the machine; x and y are pixels of level 0, width and height of `level`.
  void (*read_region)(Osr* osr, std::uint32_t* out, std::int64_t x, std::int64_t y, std::int32_t level,
                      std::int64_t width, std::int64_t height) = nullptr;
  const char* const* (*property_names)(Osr* osr) = nullptr;  // ends with a null pointer
  const char* (*property_value)(Osr* osr, const char* name) = nullptr;
  const char* const* (*associated_names)(Osr* osr) = nullptr;
  void (*associated_dimensions)(Osr* osr, const char* name, std::int64_t* width, std::int64_t* height) = nullptr;
  void (*read_associated)(Osr* osr, const char* name, std::uint32_t* out) = nullptr;
  std::int64_t (*icc_profile_size)(Osr* osr) = nullptr;
  void (*read_icc_profile)(Osr* osr, void* out) = nullptr;
  Cache* (*create_cache)(std::size_t bytes) = nullptr;
  void (*set_cache)(Osr* osr, Cache* cache) = nullptr;
  void (*release_cache)(Cache* cache) = nullptr;

  std::string path;
  std::string version;  // "4.0.1"
  bool is_private = false;

  // Opens the library as a private copy. Throws DRIVER_MISSING when it cannot be opened, is older than version 4 or
  // lacks a function.
  static Api load(const std::string& path);
};

}  // namespace microtome::openslide
