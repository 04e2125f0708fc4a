#include "infer/model_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string_view>

#include "core/error.h"

namespace microtome::infer {
namespace {

constexpr std::string_view kLfsPointer = "version https://git-lfs";

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

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

}  // namespace

void require_onnx_file(const std::string& path) {
  // Non-blocking: a named pipe must be refused, not waited for.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) {
    const bool absent = errno == ENOENT || errno == ENOTDIR;
    throw refused(absent ? Code::FILE_NOT_FOUND : Code::FILE_UNREADABLE, path,
                  "the model file " + path + (absent ? " does not exist" : " cannot be opened: ") +
                      (absent ? "" : std::strerror(errno)));
  }
  struct stat info{};
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode))
    throw refused(Code::MODEL_INVALID, path, path + " is not a regular file, an .onnx file was expected");
  if (info.st_size == 0) throw refused(Code::MODEL_INVALID, path, "the model file " + path + " is empty");

  std::array<char, 64> bytes{};
  const ssize_t got = ::pread(file.get(), bytes.data(), bytes.size(), 0);
  if (got < 0) throw refused(Code::FILE_UNREADABLE, path, path + " cannot be read: " + std::strerror(errno));
  const std::string_view head(bytes.data(), static_cast<std::size_t>(got));
  if (head.substr(0, kLfsPointer.size()) == kLfsPointer)
    throw refused(Code::MODEL_INVALID, path, path + " is a git-LFS pointer, not the model itself (run: git lfs pull)");
  if (!begins_like_onnx(head)) throw refused(Code::MODEL_INVALID, path, path + " is not an ONNX file");
}

}  // namespace microtome::infer
