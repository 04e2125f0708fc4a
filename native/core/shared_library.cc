#include "core/shared_library.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

namespace microtome {
namespace {

// Closes on scope exit unless released.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

std::optional<std::vector<char>> read_file(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info{};
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  std::vector<char> bytes(static_cast<std::size_t>(info.st_size));
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::pread(file.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

template <typename T>
const T* at(const std::vector<char>& bytes, std::uint64_t offset, std::uint64_t count = 1) {
  if (offset > bytes.size() || count > (bytes.size() - offset) / sizeof(T) || offset % alignof(T) != 0) return nullptr;
  return reinterpret_cast<const T*>(bytes.data() + offset);
}

// Changes the SONAME in place: its first two characters after "lib" become those of no other library. False when the
// file is not a 64-bit ELF library with a SONAME of that form.
bool rename_soname(std::vector<char>& bytes) {
  const auto* header = at<Elf64_Ehdr>(bytes, 0);
  if (header == nullptr || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
      header->e_ident[EI_CLASS] != ELFCLASS64)
    return false;
  const auto* segments = at<Elf64_Phdr>(bytes, header->e_phoff, header->e_phnum);
  if (segments == nullptr) return false;
  const auto file_offset = [&](std::uint64_t address) -> std::uint64_t {
    for (int i = 0; i < header->e_phnum; ++i) {
      const auto& segment = segments[i];
      if (segment.p_type == PT_LOAD && address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_filesz)
        return address - segment.p_vaddr + segment.p_offset;
    }
    return bytes.size();
  };
  for (int i = 0; i < header->e_phnum; ++i) {
    if (segments[i].p_type != PT_DYNAMIC) continue;
    const std::uint64_t count = segments[i].p_filesz / sizeof(Elf64_Dyn);
    const auto* entries = at<Elf64_Dyn>(bytes, segments[i].p_offset, count);
    if (entries == nullptr) return false;
    std::uint64_t names = bytes.size();
    std::optional<std::uint64_t> soname;
    for (std::uint64_t k = 0; k < count && entries[k].d_tag != DT_NULL; ++k) {
      if (entries[k].d_tag == DT_STRTAB) names = file_offset(entries[k].d_un.d_ptr);
      if (entries[k].d_tag == DT_SONAME) soname = entries[k].d_un.d_val;
    }
    if (!soname || names >= bytes.size() || *soname >= bytes.size() - names) return false;
    char* name = bytes.data() + names + *soname;
    const std::size_t room = bytes.size() - names - *soname;
    if (::strnlen(name, room) < 6 || ::strnlen(name, room) == room || std::memcmp(name, "lib", 3) != 0) return false;
    name[0] = 'm';
    name[1] = 't';
    name[2] = '_';
    return true;
  }
  return false;
}

// The loader names a library by the path it was opened with, so the descriptor stays open for the life of the process:
// its number, and with it the path, must not be used again.
void* open_renamed(const std::string& path) {
  auto bytes = read_file(path);
  if (!bytes || !rename_soname(*bytes)) return nullptr;
  Descriptor memory(::memfd_create("microtome", MFD_CLOEXEC));
  if (memory.get() < 0) return nullptr;
  for (std::size_t done = 0; done < bytes->size();) {
    const ssize_t put = ::write(memory.get(), bytes->data() + done, bytes->size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return nullptr;
    done += static_cast<std::size_t>(put);
  }
  void* handle = ::dlopen(("/proc/self/fd/" + std::to_string(memory.get())).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle != nullptr) memory.release();
  return handle;
}

}  // namespace

SharedLibrary SharedLibrary::open_private(const std::string& path, Stage stage) {
  if (path.empty()) throw Error(Code::RUNTIME_MISSING, stage, "a library that is needed is not installed");
  if (void* handle = open_renamed(path)) return {handle, path, true};
  if (void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return {handle, path, false};
  const char* reason = ::dlerror();
  throw Error(Code::RUNTIME_MISSING, stage,
              "cannot open the library " + path + ": " + (reason == nullptr ? "no reason given" : reason))
      .with_path(path);
}

void* SharedLibrary::find(const char* symbol) const noexcept { return ::dlsym(handle_, symbol); }

}  // namespace microtome
