#include "infer/device_runtime.h"

#include <dlfcn.h>

#include <memory>
#include <mutex>
#include <utility>

#include "core/library_folder.h"
#include "infer/providers.h"

namespace microtome::infer {
namespace {

struct Opened {
  std::mutex mutex;
  DeviceRuntime files;
  std::unique_ptr<DeviceLibraries> libraries;
};

Opened& opened() {
  static auto* one = std::make_unique<Opened>().release();  // sessions may end after static objects
  return *one;
}

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// 8601 for TensorRT 8.6.1, 100300 for 10.3.0.
std::string version_text(int number) {
  if (number <= 0) return {};
  const int major = number >= 10000 ? number / 10000 : number / 1000;
  const int rest = number >= 10000 ? number % 10000 : number % 1000;
  return std::to_string(major) + "." + std::to_string(rest / 100) + "." + std::to_string(rest % 100);
}

std::string tensorrt_version_of(const SharedLibrary& library) {
  using VersionFunction = int();
  VersionFunction* version = nullptr;
  return library.bind("getInferLibVersion", version) ? version_text(version()) : std::string();
}

Error other_runtime(const std::string& core) {
  return {Code::DEVICE_UNAVAILABLE, Stage::Infer,
          "this process has opened another ONNX Runtime with providers for devices, beside which " + core +
              " cannot be used",
          "use one set of libraries in one process"};
}

}  // namespace

DeviceLibraries& DeviceLibraries::get(const DeviceRuntime& files) {
  auto& one = opened();
  std::scoped_lock lock(one.mutex);
  if (one.libraries != nullptr && !(one.files == files) && one.libraries->is_useless())
    static_cast<void>(one.libraries.release());  // libraries are never unloaded
  if (one.libraries == nullptr) {
    one.libraries = std::unique_ptr<DeviceLibraries>(new DeviceLibraries(files));
    one.files = files;
  }
  if (!(one.files == files)) throw other_runtime(files.core);
  return *one.libraries;
}

DeviceLibraries::DeviceLibraries(const DeviceRuntime& files) {
  if (::dlsym(RTLD_DEFAULT, "Provider_GetHost") != nullptr) throw other_runtime(files.core);
  preload(files.preload);
  LibraryFolder folder(Stage::Infer);
  for (const auto& provider : files.providers) folder.link(file_name(provider), provider);
  const SharedLibrary core = SharedLibrary::open_private_in(folder, files.core, Stage::Infer);
  runtime_ = std::make_unique<OrtRuntime>(core).release();
  for (const char* provider : kProviders) try_provider(provider, folder, files);
}

// The loader takes a library that is open already for one of the same name that another one needs.
void DeviceLibraries::preload(const std::vector<std::string>& paths) {
  for (const auto& path : paths) {
    try {
      const SharedLibrary library = SharedLibrary::open_shared(path, Stage::Infer);
      if (file_name(path).rfind("libnvinfer.so", 0) == 0) tensorrt_version_ = tensorrt_version_of(library);
    } catch (const Error& error) {
      not_opened_.push_back(error.found());
    }
  }
}

// Where a library cannot be opened, the text that says why comes from setting options; appending says less.
void DeviceLibraries::try_provider(const std::string& provider, const LibraryFolder& folder,
                                   const DeviceRuntime& files) {
  auto failure = provider_failure(*runtime_, provider);
  if (!failure) return;
  // The user knows files by their own paths.
  for (const auto& path : files.providers) {
    const std::string link = folder.path_of(file_name(path));
    for (auto at = failure->find(link); at != std::string::npos; at = failure->find(link, at + path.size()))
      failure->replace(at, link.size(), path);
  }
  std::string text = *failure;
  const std::string unfound = folder.path_of("");
  for (auto at = text.find(unfound); at != std::string::npos; at = text.find(unfound)) text.erase(at, unfound.size());
  for (const auto& library : not_opened_) text += "; " + library;
  unusable_[provider] = text;
}

void DeviceLibraries::require(const std::string& provider) const {
  const auto found = unusable_.find(provider);
  if (found == unusable_.end()) return;
  throw Error(Code::DEVICE_UNAVAILABLE, Stage::Infer,
              "ONNX Runtime " + runtime_->report().version + " at " + runtime_->report().path + " cannot use " +
                  (provider == "cuda" ? "CUDA" : "TensorRT") + ": " + found->second)
      .with_path(runtime_->report().path);
}

}  // namespace microtome::infer
