#include "openslide/openslide_library.h"

#include <memory>
#include <mutex>
#include <optional>

#include "core/error.h"

namespace microtome::openslide {
namespace {

struct Opening {
  std::mutex mutex;
  std::string path;
  const Api* api = nullptr;  // never destroyed: threads may be inside the library when the process ends
  std::optional<Error> failure;
};

Opening& opening() {
  static Opening one;
  return one;
}

}  // namespace

void set_library_path(const std::string& path) {
  Opening& one = opening();
  std::scoped_lock lock(one.mutex);
  if (path.empty() || path == one.path) return;
  if (!one.path.empty() && !one.failure)
    throw Error(Code::INVALID_OPTION, Stage::Options,
                "[[openslidePath]] is " + path + ", but this process uses " + one.path + " already");
  one.path = path;
  one.failure.reset();
}

const Api& library() {
  Opening& one = opening();
  std::scoped_lock lock(one.mutex);
  if (one.api != nullptr) return *one.api;
  if (one.failure) throw Error(*one.failure);
  if (one.path.empty()) throw Error(Code::DRIVER_MISSING, Stage::Slide, "OpenSlide is not there");
  try {
    one.api = std::make_unique<const Api>(Api::load(one.path)).release();
  } catch (const Error& error) {
    one.failure = error;
    throw;
  }
  return *one.api;
}

LibraryReport library_report() {
  try {
    const Api& api = library();
    return {.loaded = true, .path = api.path, .version = api.version, .error = "", .is_private = api.is_private};
  } catch (const std::exception& error) {
    LibraryReport report;
    Opening& one = opening();
    std::scoped_lock lock(one.mutex);
    report.path = one.path;
    report.error = error.what();
    return report;
  }
}

}  // namespace microtome::openslide
