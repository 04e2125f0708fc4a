#include "infer/engine_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <span>

#include "core/sha256.h"

namespace microtome::infer {

std::string engine_folder_name(const EngineKey& key) {
  Sha256 hash;
  // Each part with its length, so that no two keys read the same.
  const auto add = [&](const std::string& part) {
    const std::string text = std::to_string(part.size()) + ":" + part;
    hash.add(std::as_bytes(std::span(text)));
  };
  add(key.device);
  add(key.tensorrt_version);
  add(key.runtime_version);
  for (const auto& one : key.model_sha256) add(one);
  add(key.fp16 ? "fp16" : "fp32");
  add(std::to_string(key.rows));
  return "tensorrt-" + key.tensorrt_version + "-" + hash.finish().substr(0, 40);
}

// Engines are programs that the device will run. So the folder must be a folder, not a link to one, must be ours, and
// nobody else may write to it.
std::string make_engine_folder(const std::string& cache, const EngineKey& key) {
  const std::string folder = (std::filesystem::path(cache) / engine_folder_name(key)).string();
  std::error_code error;
  std::filesystem::create_directories(cache, error);
  if (::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) return {};
  const int opened = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (opened < 0) return {};
  struct stat found{};
  const bool is_ours = ::fstat(opened, &found) == 0 && found.st_uid == ::geteuid() && ::fchmod(opened, S_IRWXU) == 0;
  ::close(opened);
  return is_ours ? folder : std::string();
}

}  // namespace microtome::infer
