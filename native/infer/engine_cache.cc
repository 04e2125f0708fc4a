#include "infer/engine_cache.h"

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

std::string make_engine_folder(const std::string& cache, const EngineKey& key) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(cache) / engine_folder_name(key);
  std::error_code error;
  fs::create_directories(folder, error);
  // Engines are programs that the device will run: nobody else may put one there.
  if (!error) fs::permissions(folder, fs::perms::owner_all, error);
  return error ? std::string() : folder.string();
}

}  // namespace microtome::infer
