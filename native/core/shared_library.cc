#include "core/shared_library.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
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

// A copy of the file in memory, under another SONAME. Below 0: there is none.
int renamed_copy(const std::string& path) {
  auto bytes = read_file(path);
  if (!bytes || !rename_soname(*bytes)) return -1;
  Descriptor memory(::memfd_create("microtome", MFD_CLOEXEC));
  if (memory.get() < 0) return -1;
  for (std::size_t done = 0; done < bytes->size();) {
    const ssize_t put = ::write(memory.get(), bytes->data() + done, bytes->size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return -1;
    done += static_cast<std::size_t>(put);
  }
  return memory.release();
}

void* open_local(const std::string& path) { return ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL); }

// The loader names a library by the path it was opened with, so the descriptor stays open for the life of the process:
// its number, and with it the path, must not be used again.
void* open_renamed(const std::string& path, LibraryFolder* folder) {
  Descriptor memory(renamed_copy(path));
  if (memory.get() < 0) return nullptr;
  std::string name = "/proc/self/fd/" + std::to_string(memory.get());
  if (folder != nullptr) {
    const std::string file = "private-" + path.substr(path.rfind('/') + 1);
    folder->link(file, name);
    name = folder->path_of(file);
  }
  void* handle = open_local(name);
  if (handle != nullptr) memory.release();
  return handle;
}

Error cannot_open(const std::string& path, Stage stage) {
  const char* reason = ::dlerror();
  return Error(Code::RUNTIME_MISSING, stage,
               "cannot open the library " + path + ": " + (reason == nullptr ? "no reason given" : reason))
      .with_path(path);
}

void require_path(const std::string& path, Stage stage) {
  if (path.empty()) throw Error(Code::RUNTIME_MISSING, stage, "a library that is needed is not installed");
}

// The tables of a loaded library that say which function of another library each of its calls goes to.
struct Imports {
  const Elf64_Sym* symbols = nullptr;
  const char* names = nullptr;
  const Elf64_Rela* entries[2] = {};  // calls through stubs, and through pointers
  std::size_t counts[2] = {};
};

Imports imports_of(const link_map& map) {
  Imports imports;
  // The loader has made these addresses absolute.
  for (const auto* entry = map.l_ld; entry->d_tag != DT_NULL; ++entry) {
    const auto address = entry->d_un.d_ptr;
    const std::size_t count = entry->d_un.d_val / sizeof(Elf64_Rela);
    if (entry->d_tag == DT_SYMTAB) imports.symbols = reinterpret_cast<const Elf64_Sym*>(address);
    if (entry->d_tag == DT_STRTAB) imports.names = reinterpret_cast<const char*>(address);
    if (entry->d_tag == DT_JMPREL) imports.entries[0] = reinterpret_cast<const Elf64_Rela*>(address);
    if (entry->d_tag == DT_PLTRELSZ) imports.counts[0] = count;
    if (entry->d_tag == DT_RELA) imports.entries[1] = reinterpret_cast<const Elf64_Rela*>(address);
    if (entry->d_tag == DT_RELASZ) imports.counts[1] = count;
  }
  return imports;
}

// Where the loader made memory read-only again after it had filled in the tables.
struct ReadOnlyPart {
  std::uintptr_t library = 0;
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
};

int find_read_only_part(dl_phdr_info* info, std::size_t, void* out) {
  auto& part = *static_cast<ReadOnlyPart*>(out);
  if (info->dlpi_addr != part.library) return 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    if (info->dlpi_phdr[i].p_type != PT_GNU_RELRO) continue;
    part.begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
    part.end = part.begin + info->dlpi_phdr[i].p_memsz;
  }
  return 1;
}

bool write_pointer(std::uintptr_t place, void* value, const ReadOnlyPart& read_only) {
  const auto page_bytes = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  auto* page = reinterpret_cast<void*>(place / page_bytes * page_bytes);
  if (::mprotect(page, page_bytes, PROT_READ | PROT_WRITE) != 0) return false;
  // Another thread may be calling through it: it must see the old or the new pointer.
  std::atomic_ref<void*>(*reinterpret_cast<void**>(place)).store(value, std::memory_order_release);
  if (place >= read_only.begin && place < read_only.end) ::mprotect(page, page_bytes, PROT_READ);
  return true;
}

}  // namespace

SharedLibrary SharedLibrary::open_private(const std::string& path, Stage stage) {
  require_path(path, stage);
  if (void* handle = open_renamed(path, nullptr)) return {handle, path, true};
  return open_shared(path, stage);
}

SharedLibrary SharedLibrary::open_private_in(LibraryFolder& folder, const std::string& path, Stage stage) {
  require_path(path, stage);
  if (void* handle = open_renamed(path, &folder)) return {handle, path, true};
  const std::string name = path.substr(path.rfind('/') + 1);
  folder.link(name, path);
  if (void* handle = open_local(folder.path_of(name))) return {handle, path, false};
  throw cannot_open(path, stage);
}

SharedLibrary SharedLibrary::open_shared(const std::string& path, Stage stage) {
  require_path(path, stage);
  if (void* handle = open_local(path)) return {handle, path, false};
  throw cannot_open(path, stage);
}

void* SharedLibrary::find(const char* symbol) const noexcept { return ::dlsym(handle_, symbol); }

bool SharedLibrary::redirect(const char* name, void* function, Stage stage) const {
  link_map* map = nullptr;
  if (::dlinfo(handle_, RTLD_DI_LINKMAP, &map) != 0 || map == nullptr) return false;
  ReadOnlyPart read_only{.library = map->l_addr};
  ::dl_iterate_phdr(find_read_only_part, &read_only);
  const Imports imports = imports_of(*map);
  if (imports.symbols == nullptr || imports.names == nullptr) return false;
  bool found = false;
  for (int table = 0; table < 2; ++table) {
    for (std::size_t i = 0; i < imports.counts[table]; ++i) {
      const Elf64_Rela& entry = imports.entries[table][i];
      const auto type = ELF64_R_TYPE(entry.r_info);
      if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT) continue;
      const Elf64_Sym& symbol = imports.symbols[ELF64_R_SYM(entry.r_info)];
      if (std::strcmp(imports.names + symbol.st_name, name) != 0) continue;
      if (!write_pointer(map->l_addr + entry.r_offset, function, read_only))
        throw Error(Code::RUNTIME_MISSING, stage, "cannot change which " + std::string(name) + " " + path_ + " calls")
            .with_path(path_);
      found = true;
    }
  }
  return found;
}

}  // namespace microtome
