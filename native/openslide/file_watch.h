// The files of a slide as they were when it was opened. Safe to use from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace microtome::openslide {

class FileWatch {
 public:
  // Throws FILE_NOT_FOUND for the slide itself, SLIDE_INCOMPLETE for another file that is not there.
  FileWatch(const std::string& slide, const std::vector<std::string>& others);

  // Throws SLIDE_CHANGED where a file has another size, time or inode, or is gone.
  void require_same() const;
  // The same after each tile, at little cost: the slide's own file each time, the others each 32nd time. Whoever is done
  // with the slide asks for all of them.
  void require_same_sometimes() const;

 private:
  struct File {
    std::string path;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t bytes = 0;
    std::int64_t changed_ns = 0;  // since 1970

    [[nodiscard]] bool same_as(const File& other) const noexcept;
  };
  static std::optional<File> look_at(const std::string& path);
  static void require(const File& file, const std::string& slide);

  std::vector<File> files_;  // the slide's own first
  mutable std::atomic<std::uint32_t> tiles_{0};
};

}  // namespace microtome::openslide
