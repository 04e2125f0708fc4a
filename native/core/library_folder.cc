#include "core/library_folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace microtome {
namespace {

// Nothing is run from these places: links lead out of them, so they may forbid it.
constexpr const char* kPlaces[] = {"/tmp", "/dev/shm", "/var/tmp"};

std::string make_folder() {
  for (const char* place : kPlaces) {
    std::string path = std::string(place) + "/microtome-XXXXXX";
    if (::mkdtemp(path.data()) != nullptr) return path;
  }
  return {};
}

}  // namespace

LibraryFolder::LibraryFolder(Stage stage) : stage_(stage), place_(make_folder()) {
  const std::string reason = place_.empty() ? std::strerror(errno) : "";
  if (!place_.empty()) descriptor_ = ::open(place_.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor_ >= 0) return;
  remove();
  throw Error(Code::RUNTIME_MISSING, stage, "no folder for links to libraries can be made in /tmp: " + reason,
              "let this process write to /tmp, /dev/shm or /var/tmp");
}

LibraryFolder::~LibraryFolder() { remove(); }

void LibraryFolder::link(const std::string& name, const std::string& target) {
  if (::symlinkat(target.c_str(), descriptor_, name.c_str()) != 0)
    throw Error(Code::RUNTIME_MISSING, stage_,
                "no link to " + target + " can be made in " + place_ + ": " + std::strerror(errno),
                "let this process write to " + place_);
  names_.push_back(name);
}

std::string LibraryFolder::path_of(const std::string& name) const {
  return "/proc/self/fd/" + std::to_string(descriptor_) + "/" + name;
}

void LibraryFolder::remove() noexcept {
  if (place_.empty()) return;
  for (const auto& name : names_) ::unlinkat(descriptor_, name.c_str(), 0);
  ::rmdir(place_.c_str());
  names_.clear();
  place_.clear();
}

}  // namespace microtome
