#include "decode/vips_library.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace microtome::decode {
namespace {

// Each thread's last message. A fixed size, since the handler is called from C and must not throw.
constexpr std::size_t kLogBytes = 512;
thread_local std::array<char, kLogBytes> t_last_log{};

void keep_log(const char* /*domain*/, int /*level*/, const char* message, void* /*data*/) {
  if (message == nullptr) return;
  const std::size_t length = std::min(std::strlen(message), kLogBytes - 1);
  std::memcpy(t_last_log.data(), message, length);
  t_last_log[length] = '\0';
}

using LogHandler = void (*)(const char*, int, const char*, void*);

bool bind_all(const SharedLibrary& library, Vips& api) {
  return library.bind("vips_version_string", api.version_string) && library.bind("vips_version", api.version_part) &&
         library.bind("vips_operation_new", api.operation_new) && library.bind("vips_object_build", api.object_build) &&
         library.bind("vips_object_unref_outputs", api.object_unref_outputs) &&
         library.bind("g_object_set", api.object_set) && library.bind("g_object_get", api.object_get) &&
         library.bind("g_object_unref", api.object_unref) && library.bind("vips_blob_new", api.blob_new) &&
         library.bind("vips_area_unref", api.area_unref) &&
         library.bind("vips_image_new_from_memory", api.image_from_memory) &&
         library.bind("vips_image_set_blob_copy", api.image_set_blob) &&
         library.bind("vips_image_get_width", api.image_width) &&
         library.bind("vips_image_get_height", api.image_height) &&
         library.bind("vips_image_get_bands", api.image_bands) &&
         library.bind("vips_image_get_format", api.image_format) && library.bind("vips_region_new", api.region_new) &&
         library.bind("vips_region_fetch", api.region_fetch) && library.bind("g_free", api.free) &&
         library.bind("vips_error_buffer_copy", api.error_copy) && library.bind("vips_error_clear", api.error_clear) &&
         library.bind("vips_thread_shutdown", api.thread_shutdown);
}

}  // namespace

Vips Vips::open(const std::string& path) {
  const SharedLibrary library = SharedLibrary::open_private(path, Stage::Decode);
  const auto missing = [&](const std::string& why) {
    return Error(Code::RUNTIME_MISSING, Stage::Decode, "the library " + path + " " + why).with_path(path);
  };
  Vips api;
  int (*init)(const char*) = nullptr;
  unsigned (*set_log_handler)(const char*, int, LogHandler, void*) = nullptr;
  if (!bind_all(library, api) || !library.bind("vips_init", init) ||
      !library.bind("g_log_set_handler", set_log_handler))
    throw missing("lacks functions of libvips; expected libvips 8.14 or newer with its GLib");
  // All levels, the fatal and recursion flags included: a library prints nothing.
  for (const char* domain : {"VIPS", "GLib", "GLib-GObject", "GLib-GIO", "GModule"})
    set_log_handler(domain, -1, keep_log, nullptr);
  if (init("microtome") != 0) throw missing("could not be initialised");
  api.path = library.path();
  api.version = api.version_string();
  api.is_private = library.is_private();
  return api;
}

const char* Vips::last_log() noexcept { return t_last_log.data(); }
void Vips::clear_log() noexcept { t_last_log[0] = '\0'; }

}  // namespace microtome::decode
