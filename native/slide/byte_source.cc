#include "slide/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "core/error.h"

namespace microtome::slide {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

std::string reason(int error) { return std::system_category().message(error); }

[[noreturn]] void fail_open(const std::string& path, int error) {
  if (error == ENOENT || error == ENOTDIR)
    throw Error(Code::FILE_NOT_FOUND, Stage::Slide, "there is no file at this path").with_path(path);
  // A socket, or a device without a driver: there, but not something that has bytes at positions.
  if (error == ENXIO || error == ENODEV)
    throw Error(Code::NOT_A_SLIDE, Stage::Slide, "found a device or socket, expected a regular file").with_path(path);
  if (error == EMFILE || error == ENFILE) {
    TooManyFiles many(Code::FILE_UNREADABLE, Stage::Slide, "the file cannot be opened: " + reason(error),
                      "raise the limit of open files (ulimit -n), or close files");
    many.with_path(path);
    throw many;
  }
  throw Error(Code::FILE_UNREADABLE, Stage::Slide, "the file cannot be opened: " + reason(error)).with_path(path);
}

class FileSource final : public ByteSource {
 public:
  FileSource(Descriptor descriptor, std::uint64_t size, std::string path)
      : descriptor_(std::move(descriptor)), size_(size), path_(std::move(path)) {}

  [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }
  [[nodiscard]] const std::string& name() const noexcept override { return path_; }
  [[nodiscard]] const std::string* file_path() const noexcept override { return &path_; }

  void read(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    if (offset > size_ || out.size() > size_ - offset) truncated(offset, out.size());
    while (!out.empty()) {
      const ssize_t count = ::pread(descriptor_.get(), out.data(), out.size(), static_cast<off_t>(offset));
      if (count < 0) {
        if (errno == EINTR) continue;
        throw Error(Code::FILE_UNREADABLE, Stage::Slide,
                    "reading " + std::to_string(out.size()) + " bytes at " + std::to_string(offset) +
                        " failed: " + reason(errno))
            .with_path(path_);
      }
      if (count == 0) truncated(offset, out.size());  // the file has shrunk since it was opened
      out = out.subspan(static_cast<std::size_t>(count));
      offset += static_cast<std::uint64_t>(count);
    }
  }

 private:
  [[noreturn]] void truncated(std::uint64_t offset, std::size_t bytes) const {
    throw Error(Code::TRUNCATED, Stage::Slide,
                "expected " + std::to_string(bytes) + " bytes at " + std::to_string(offset) +
                    ", beyond the end of the file (" + std::to_string(size_) + " bytes when opened)")
        .with_path(path_);
  }

  Descriptor descriptor_;
  std::uint64_t size_;
  std::string path_;
};

}  // namespace

Fetch::Asking::Asking(std::shared_ptr<Fetch> fetch) : fetch_(std::move(fetch)) { fetch_->enter(); }

Fetch::Asking::~Asking() { fetch_->leave(); }

void Fetch::enter() {
  std::scoped_lock lock(mutex_);
  ++inside_;
}

void Fetch::leave() {
  Done done;
  Outcome outcome;
  {
    std::scoped_lock lock(mutex_);
    if (--inside_ > 0 || !outcome_ || !done_) return;
    done.swap(done_);
    outcome = *std::exchange(outcome_, Outcome{});
  }
  done(std::move(outcome.failure), std::move(outcome.kept));
}

void Fetch::complete(std::exception_ptr failure, std::shared_ptr<const void> kept) {
  {
    std::scoped_lock lock(mutex_);
    if (outcome_) return;
    outcome_ = Outcome{std::move(failure), std::move(kept)};
    forget_ = nullptr;
    ++inside_;
  }
  leave();
}

void Fetch::abandon() {
  std::function<void()> forget;
  {
    std::scoped_lock lock(mutex_);
    if (outcome_) return;
    outcome_ = Outcome{std::make_exception_ptr(Error(Code::CANCELLED, Stage::Slide, "the bytes are no longer wanted")),
                       nullptr};
    abandoned_ = true;
    forget.swap(forget_);
    ++inside_;
  }
  if (forget) forget();
  leave();
}

bool Fetch::has_ended() const {
  std::scoped_lock lock(mutex_);
  return outcome_.has_value();
}

void Fetch::on_abandon(std::function<void()> forget) {
  {
    std::scoped_lock lock(mutex_);
    if (!abandoned_) {
      if (!outcome_) forget_ = std::move(forget);
      return;
    }
  }
  forget();  // the thread that asks is inside the source, and `done` waits for it
}

void ByteSource::fetch(std::span<const ByteRange> /*ranges*/, const std::shared_ptr<Fetch>& fetch) const {
  fetch->complete(nullptr, nullptr);
}

std::shared_ptr<const ByteSource> open_file(const std::string& path) {
  if (path.find('\0') != std::string::npos) fail_open(path, ENOENT);
  // Non-blocking, because opening a FIFO for reading waits for a writer; it changes nothing for regular files.
  int fd = -1;
  do {
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) fail_open(path, errno);
  Descriptor descriptor(fd);

  struct stat status{};
  if (::fstat(descriptor.get(), &status) != 0) fail_open(path, errno);
  if (S_ISDIR(status.st_mode))
    throw Error(Code::NOT_A_SLIDE, Stage::Slide, "found a folder, expected a file").with_path(path);
  if (!S_ISREG(status.st_mode))
    throw Error(Code::NOT_A_SLIDE, Stage::Slide, "found a device, pipe or socket, expected a regular file")
        .with_path(path);
  return std::make_shared<FileSource>(std::move(descriptor), static_cast<std::uint64_t>(status.st_size), path);
}

}  // namespace microtome::slide
