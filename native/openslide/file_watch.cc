#include "openslide/file_watch.h"

#include <sys/stat.h>

#include "core/error.h"

namespace microtome::openslide {
namespace {

constexpr std::uint32_t kTilesBetween = 32;

}  // namespace

bool FileWatch::File::same_as(const File& other) const noexcept {
  return device == other.device && inode == other.inode && bytes == other.bytes && changed_ns == other.changed_ns;
}

std::optional<FileWatch::File> FileWatch::look_at(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return File{.path = path,
              .device = status.st_dev,
              .inode = status.st_ino,
              .bytes = status.st_size,
              .changed_ns = status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec};
}

FileWatch::FileWatch(const std::string& slide, const std::vector<std::string>& others) {
  const auto own = look_at(slide);
  if (!own) throw Error(Code::FILE_NOT_FOUND, Stage::Slide, "there is no file at this path").with_path(slide);
  files_.push_back(*own);
  for (const std::string& path : others) {
    if (path == slide) continue;
    const auto file = look_at(path);
    if (!file)
      throw Error(Code::SLIDE_INCOMPLETE, Stage::Slide, path + ", a file of the slide, is not there").with_path(slide);
    files_.push_back(*file);
  }
}

void FileWatch::require(const File& file, const std::string& slide) {
  const auto now = look_at(file.path);
  if (now && now->same_as(file)) return;
  const std::string what = now ? " was written or replaced" : " was removed";
  const std::string name = file.path == slide ? std::string("the file") : file.path;
  throw Error(Code::SLIDE_CHANGED, Stage::Slide, name + what + " while the slide was open").with_path(slide);
}

void FileWatch::require_same() const {
  for (const File& file : files_) require(file, files_.front().path);
}

void FileWatch::require_same_sometimes() const {
  const bool all = tiles_.fetch_add(1, std::memory_order_relaxed) % kTilesBetween == 0;
  if (all)
    require_same();
  else
    require(files_.front(), files_.front().path);
}

}  // namespace microtome::openslide
