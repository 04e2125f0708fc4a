#include "infer/model_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <new>
#include <string_view>

#include "core/error.h"
#include "core/sha256.h"

namespace microtome::infer {
namespace {

constexpr std::string_view kLfsPointer = "version https://git-lfs";

constexpr std::uint64_t kMaxGraphBytes = (std::uint64_t{1} << 31) - 1;  // the runtime counts in 31 bits
constexpr std::size_t kPieceBytes = std::size_t{4} << 20;               // between two looks at the token

Error refused(Code code, const std::string& path, const std::string& found) {
  return Error(code, Stage::Infer, found).with_path(path);
}

// An ONNX file is a protocol-buffer message whose fields may come in any order: the first byte is the number and type
// of one of the model's fields, or the first of two bytes of it.
bool begins_like_onnx(std::string_view head) {
  static constexpr std::uint8_t kOneByteTags[] = {0x08, 0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72};
  static constexpr std::uint8_t kTwoByteTags[] = {0xa2, 0xca, 0xd2};  // followed by 0x01
  if (head.size() < 2 || head.substr(std::min<std::size_t>(head.size(), 4), 4) == "ORTM") return false;
  const auto first = static_cast<std::uint8_t>(head[0]);
  if (std::find(std::begin(kOneByteTags), std::end(kOneByteTags), first) != std::end(kOneByteTags)) return true;
  return std::find(std::begin(kTwoByteTags), std::end(kTwoByteTags), first) != std::end(kTwoByteTags) && head[1] == 1;
}

void require_onnx_head(std::string_view head, const std::string& path) {
  if (head.substr(0, kLfsPointer.size()) == kLfsPointer)
    throw refused(Code::MODEL_INVALID, path, path + " is a git-LFS pointer, not the model itself (run: git lfs pull)");
  if (!begins_like_onnx(head)) throw refused(Code::MODEL_INVALID, path, path + " is not an ONNX file");
}

FileBytes read_whole(const OpenModelFile& from, const ModelFile& file, const CancelToken* cancel) {
  FileBytes bytes{nullptr, static_cast<std::size_t>(from.size())};
  try {
    bytes.data = std::make_unique_for_overwrite<std::byte[]>(bytes.size);
  } catch (const std::bad_alloc&) {
    throw refused(Code::OUT_OF_MEMORY, file.path,
                  "no memory for the " + std::to_string(bytes.size) + " bytes of " + file.path);
  }
  Sha256 hash;
  for (std::size_t at = 0; at < bytes.size; at += kPieceBytes) {
    if (cancel != nullptr) cancel->check(Stage::Infer);
    const std::size_t count = std::min(kPieceBytes, bytes.size - at);
    from.read(bytes.data.get() + at, count, at);
    if (!file.sha256.empty()) hash.add({bytes.data.get() + at, count});
  }
  if (!file.sha256.empty() && hash.finish() != file.sha256) throw changed(file.path);
  return bytes;
}

}  // namespace

OpenModelFile::OpenModelFile(const std::string& path)
    // Non-blocking: a named pipe must be refused, not waited for.
    : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (fd_ < 0) {
    const bool absent = errno == ENOENT || errno == ENOTDIR;
    throw refused(absent ? Code::FILE_NOT_FOUND : Code::FILE_UNREADABLE, path,
                  "the model file " + path + (absent ? " does not exist" : " cannot be opened: ") +
                      (absent ? "" : std::strerror(errno)));
  }
  const bool regular = ::fstat(fd_, &info_) == 0 && S_ISREG(info_.st_mode);
  if (regular && info_.st_size > 0) return;
  ::close(fd_);
  throw refused(Code::MODEL_INVALID, path,
                regular ? "the model file " + path + " is empty"
                        : path + " is not a regular file, a file of a model was expected");
}

OpenModelFile::~OpenModelFile() { ::close(fd_); }

void OpenModelFile::read(std::byte* to, std::size_t count, std::uint64_t offset) const {
  while (count > 0) {
    const ssize_t got = ::pread(fd_, to, count, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw refused(Code::FILE_UNREADABLE, path_, path_ + " cannot be read: " + std::strerror(errno));
    if (got == 0) throw changed(path_);
    to += got;
    count -= static_cast<std::size_t>(got);
    offset += static_cast<std::uint64_t>(got);
  }
}

bool OpenModelFile::is_unchanged() const noexcept {
  struct stat now{};
  const auto same = [](const timespec& a, const timespec& b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; };
  return ::stat(path_.c_str(), &now) == 0 && now.st_dev == info_.st_dev && now.st_ino == info_.st_ino &&
         now.st_size == info_.st_size && same(now.st_mtim, info_.st_mtim) && same(now.st_ctim, info_.st_ctim);
}

GraphBytes read_graph(const OpenModelFile& from, const ModelFile& file, const CancelToken* cancel) {
  if (from.size() > kMaxGraphBytes)
    throw refused(Code::MODEL_INVALID, file.path,
                  file.path + " has " + std::to_string(from.size()) + " bytes, an ONNX file has less than 2 GiB");
  std::array<std::byte, 64> head{};
  const auto head_bytes = std::min<std::size_t>(head.size(), from.size());
  from.read(head.data(), head_bytes, 0);
  require_onnx_head({reinterpret_cast<const char*>(head.data()), head_bytes}, file.path);

  return read_whole(from, file, cancel);
}

FileBytes read_weights(const OpenModelFile& from, const ModelFile& file, const CancelToken* cancel) {
  return read_whole(from, file, cancel);
}

void require_weights(const OpenModelFile& from, const ModelFile& file, const CancelToken* cancel) {
  const auto piece = std::make_unique_for_overwrite<std::byte[]>(kPieceBytes);
  Sha256 hash;
  for (std::uint64_t at = 0; at < from.size(); at += kPieceBytes) {
    if (cancel != nullptr) cancel->check(Stage::Infer);
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, from.size() - at));
    from.read(piece.get(), count, at);
    hash.add({piece.get(), count});
  }
  if (hash.finish() != file.sha256) throw changed(file.path);
}

Error changed(const std::string& path) {
  return refused(Code::MODEL_INVALID, path, path + " was changed after the model was read");
}

}  // namespace microtome::infer
