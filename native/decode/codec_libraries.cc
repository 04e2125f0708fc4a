#include "decode/codec_libraries.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

#include "core/error.h"
#include "decode/turbojpeg_library.h"
#include "decode/vips_library.h"

namespace microtome::decode {
namespace {

// A library that is opened at the first use. Found or not, the outcome stands for the life of the process, and what
// was opened is never freed: threads may still be in it while the process ends.
template <typename Api>
class Lazy {
 public:
  constexpr explicit Lazy(const char* name) : name_(name) {}

  void set_path(const std::string& path) {
    std::scoped_lock lock(mutex_);
    if (path_.empty()) path_ = path;
  }

  const Api& get() {
    if (const Api* api = open_.load(std::memory_order_acquire)) return *api;
    std::scoped_lock lock(mutex_);
    if (const Api* api = open_.load(std::memory_order_acquire)) return *api;
    if (path_.empty()) throw Error(Code::RUNTIME_MISSING, Stage::Decode, std::string(name_) + " is not installed");
    if (failure_) throw *failure_;
    try {
      open_.store(std::make_unique<const Api>(Api::open(path_)).release(), std::memory_order_release);
    } catch (const Error& error) {
      failure_ = error;
      throw;
    }
    return *open_.load(std::memory_order_acquire);
  }

  [[nodiscard]] const Api* if_open() const noexcept { return open_.load(std::memory_order_acquire); }

  [[nodiscard]] CodecReport report() {
    CodecReport report;
    {
      std::scoped_lock lock(mutex_);
      report.path = path_;
    }
    try {
      const Api& api = get();
      report.loaded = true;
      report.path = api.path;
      report.version = api.version;
      report.is_private = api.is_private;
    } catch (const std::exception& error) {
      report.error = error.what();
    }
    return report;
  }

 private:
  const char* name_;
  std::mutex mutex_;
  std::string path_;
  std::optional<Error> failure_;
  std::atomic<const Api*> open_{nullptr};
};

Lazy<TurboJpeg>& lazy_jpeg() {
  static Lazy<TurboJpeg>& library = *std::make_unique<Lazy<TurboJpeg>>("libturbojpeg").release();
  return library;
}
Lazy<Vips>& lazy_vips() {
  static Lazy<Vips>& library = *std::make_unique<Lazy<Vips>>("libvips").release();
  return library;
}

}  // namespace

const TurboJpeg& turbojpeg() { return lazy_jpeg().get(); }
const Vips& vips() { return lazy_vips().get(); }

void set_codec_paths(const CodecPaths& paths) {
  lazy_jpeg().set_path(paths.jpeg);
  lazy_vips().set_path(paths.vips);
}

CodecReport jpeg_report() { return lazy_jpeg().report(); }
CodecReport vips_report() { return lazy_vips().report(); }

void leave_thread() noexcept {
  if (const Vips* api = lazy_vips().if_open()) api->thread_shutdown();
}

}  // namespace microtome::decode
