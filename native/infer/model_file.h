// The files of a model as the runtime gets them: each is opened once, looked at, and hashed as it is read, so that what
// runs is what was checked.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/cancel_token.h"
#include "infer/model.h"

namespace microtome::infer {

// An open regular file that is not empty. Throws FILE_NOT_FOUND, FILE_UNREADABLE, MODEL_INVALID.
class OpenModelFile {
 public:
  explicit OpenModelFile(const std::string& path);
  ~OpenModelFile();
  OpenModelFile(const OpenModelFile&) = delete;
  OpenModelFile& operator=(const OpenModelFile&) = delete;

  [[nodiscard]] std::uint64_t size() const noexcept { return static_cast<std::uint64_t>(info_.st_size); }
  // Throws MODEL_INVALID when the file ends before.
  void read(std::byte* to, std::size_t count, std::uint64_t offset) const;
  // Whether the path still means this file, and nobody wrote to it since it was opened.
  [[nodiscard]] bool is_unchanged() const noexcept;

 private:
  std::string path_;
  int fd_;
  struct stat info_{};
};

// The whole of a file in memory.
struct FileBytes {
  std::unique_ptr<std::byte[]> data;
  std::size_t size = 0;
};
using GraphBytes = FileBytes;

// Weights that the runtime is given, by the name that the graph has for them.
struct NamedBytes {
  std::string name;
  FileBytes bytes;
};

// Throws as OpenModelFile does, MODEL_INVALID for what cannot be an ONNX model (a git-LFS pointer, a file that does not
// begin like one, more than 2 GiB) and for bytes that are not those of file.sha256, OUT_OF_MEMORY, CANCELLED.
[[nodiscard]] GraphBytes read_graph(const OpenModelFile& from, const ModelFile& file, const CancelToken* cancel);

// Reads a file of weights to its end. Throws MODEL_INVALID for bytes that are not those of file.sha256, CANCELLED.
void require_weights(const OpenModelFile& from, const ModelFile& file, const CancelToken* cancel);

// Reads a file of weights into memory. Throws as require_weights does, and OUT_OF_MEMORY.
[[nodiscard]] FileBytes read_weights(const OpenModelFile& from, const ModelFile& file, const CancelToken* cancel);

// MODEL_INVALID for a file that changed after the model was read.
[[nodiscard]] Error changed(const std::string& path);

}  // namespace microtome::infer
