// A folder of this process alone, for a library that looks for others beside the file that it was opened from. It has
// links only, nobody else can write to it, and it is taken away again while libraries opened through it stay. They keep
// the path of a descriptor of it, which stays open for the life of the process: from then on nothing can be found
// there, and nobody can put anything there.
#pragma once

#include <string>
#include <vector>

#include "core/error.h"

namespace microtome {

class LibraryFolder {
 public:
  // Throws RUNTIME_MISSING (stage as given) where no folder for temporary files can be written to.
  explicit LibraryFolder(Stage stage);
  ~LibraryFolder();
  LibraryFolder(const LibraryFolder&) = delete;
  LibraryFolder& operator=(const LibraryFolder&) = delete;

  // Throws RUNTIME_MISSING. `name` has no slash.
  void link(const std::string& name, const std::string& target);
  // What a library of this name is opened as.
  [[nodiscard]] std::string path_of(const std::string& name) const;
  // Where it lies; empty once it was taken away.
  [[nodiscard]] const std::string& place() const noexcept { return place_; }
  void remove() noexcept;

 private:
  Stage stage_;
  std::string place_;
  int descriptor_ = -1;
  std::vector<std::string> names_;
};

}  // namespace microtome
