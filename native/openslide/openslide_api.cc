#include "openslide/openslide_api.h"

#include <charconv>

#include "core/error.h"
#include "core/shared_library.h"

namespace microtome::openslide {
namespace {

constexpr int kOldestMajor = 4;

// "4.0.1" gives 4; 0 when the text has another form.
int major_of(const std::string& version) {
  int major = 0;
  const char* const end = version.data() + version.size();
  const auto parsed = std::from_chars(version.data(), end, major);
  return parsed.ec == std::errc() && parsed.ptr != end && *parsed.ptr == '.' ? major : 0;
}

[[noreturn]] void refuse(const std::string& path, const std::string& found) {
  throw Error(Code::DRIVER_MISSING, Stage::Slide, found).with_path(path);
}

SharedLibrary open_library(const std::string& path) {
  try {
    return SharedLibrary::open_private(path, Stage::Slide);
  } catch (const Error& error) {
    refuse(path, error.found());
  }
}

// Binds one function after the other and remembers the first that is not there.
class Binder {
 public:
  explicit Binder(const SharedLibrary& library) : library_(library) {}
  template <typename Function>
  Binder& bind(const char* name, Function*& out) {
    if (!library_.bind(name, out) && missing_ == nullptr) missing_ = name;
    return *this;
  }
  [[nodiscard]] const char* missing() const noexcept { return missing_; }

 private:
  const SharedLibrary& library_;
  const char* missing_ = nullptr;
};

// Before anything else, so that an old library is called old: it lacks functions, too.
std::string checked_version(const SharedLibrary& library, const std::string& path) {
  const char* (*get_version)() = nullptr;
  const char* const told = library.bind("openslide_get_version", get_version) ? get_version() : nullptr;
  if (told == nullptr) refuse(path, path + " is not OpenSlide: openslide_get_version is missing");
  std::string version = told;
  if (major_of(version) < kOldestMajor)
    refuse(path,
           path + " is OpenSlide " + version + ", version " + std::to_string(kOldestMajor) + " or newer is needed");
  return version;
}

}  // namespace

Api Api::load(const std::string& path) {
  const SharedLibrary library = open_library(path);
  Api api;
  api.version = checked_version(library, path);
  Binder binder(library);
  binder.bind("openslide_detect_vendor", api.detect_vendor)
      .bind("openslide_open", api.open)
      .bind("openslide_close", api.close)
      .bind("openslide_get_error", api.error)
      .bind("openslide_get_level_count", api.level_count)
      .bind("openslide_get_level_dimensions", api.level_dimensions)
      .bind("openslide_get_level_downsample", api.level_downsample)
      .bind("openslide_read_region", api.read_region)
      .bind("openslide_get_property_names", api.property_names)
      .bind("openslide_get_property_value", api.property_value)
      .bind("openslide_get_associated_image_names", api.associated_names)
      .bind("openslide_get_associated_image_dimensions", api.associated_dimensions)
      .bind("openslide_read_associated_image", api.read_associated)
      .bind("openslide_get_icc_profile_size", api.icc_profile_size)
      .bind("openslide_read_icc_profile", api.read_icc_profile)
      .bind("openslide_cache_create", api.create_cache)
      .bind("openslide_set_cache", api.set_cache)
      .bind("openslide_cache_release", api.release_cache);
  if (binder.missing() != nullptr)
    refuse(path, path + " is OpenSlide " + api.version + " without the function " + binder.missing());
  api.path = library.path();
  api.is_private = library.is_private();
  return api;
}

}  // namespace microtome::openslide
