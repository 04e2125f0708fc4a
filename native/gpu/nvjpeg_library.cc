#include "gpu/nvjpeg_library.h"

#include <dlfcn.h>

#include <string_view>

#include "core/error.h"
#include "gpu/process_end.h"

namespace microtome::gpu {
namespace {

Error missing(const std::string& path, std::string_view reason) {
  return Error(Code::RUNTIME_MISSING, Stage::Decode, "cannot use the library " + path + ": " + std::string(reason))
      .with_path(path);
}

template <typename Function>
bool find(void* library, const char* name, Function*& out) {
  out = reinterpret_cast<Function*>(::dlsym(library, name));
  return out != nullptr;
}

}  // namespace

std::shared_ptr<const NvjpegLibrary> NvjpegLibrary::open(const std::string& path) {
  if (path.empty())
    throw Error(Code::RUNTIME_MISSING, Stage::Decode, "nvJPEG (libnvjpeg.so of CUDA 11, 12 or 13) was not found");
  void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* const reason = ::dlerror();
    throw missing(path, reason == nullptr ? "the loader gives no reason" : reason);
  }
  watch_process_end();
  auto opened = std::make_shared<NvjpegLibrary>(Key());
  opened->path_ = path;
  opened->bind(library);
  opened->read_version();
  return opened;
}

void NvjpegLibrary::bind(void* library) {
  const auto need = [&](const char* name, auto*& out) {
    if (!find(library, name, out)) throw missing(path_, std::string("it lacks the function ") + name);
  };
  need("nvjpegGetProperty", api_.get_property);
  need("nvjpegCreateEx", api_.create);
  need("nvjpegDestroy", api_.destroy);
  need("nvjpegJpegStateCreate", api_.state_create);
  need("nvjpegJpegStateDestroy", api_.state_destroy);
  need("nvjpegJpegStreamCreate", api_.stream_create);
  need("nvjpegJpegStreamDestroy", api_.stream_destroy);
  need("nvjpegJpegStreamParseHeader", api_.stream_parse_header);
  need("nvjpegDecodeBatchedSupported", api_.batch_supports);
  need("nvjpegDecodeBatchedInitialize", api_.batch_initialize);
  need("nvjpegDecodeBatched", api_.batch_decode);
  (void)find(library, "nvjpegGetHardwareDecoderInfo", api_.hardware_info);
}

void NvjpegLibrary::read_version() {
  int major = 0, minor = 0, patch = 0;
  const bool is_known = api_.get_property(NvjpegApi::kVersionMajor, &major) == NvjpegApi::kSuccess &&
                        api_.get_property(NvjpegApi::kVersionMinor, &minor) == NvjpegApi::kSuccess &&
                        api_.get_property(NvjpegApi::kVersionPatch, &patch) == NvjpegApi::kSuccess;
  if (is_known) version_ = std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

}  // namespace microtome::gpu
