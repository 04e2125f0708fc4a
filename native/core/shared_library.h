// Opens a shared library as a private copy. The dynamic loader identifies libraries by SONAME, so a library opened
// from its file would be handed to (or taken from) any other addon in the process that needs the same name, even in
// another version. The file is therefore copied into anonymous memory with its SONAME replaced, and opened from
// there with local binding. Where anonymous executable memory is forbidden, the file itself is opened.
#pragma once

#include <string>

#include "core/error.h"
#include "core/library_folder.h"

namespace microtome {

class SharedLibrary {
 public:
  // Throws RUNTIME_MISSING (stage as given) with the loader's reason. Libraries are never unloaded: their threads and
  // thread-local destructors may outlive us.
  static SharedLibrary open_private(const std::string& path, Stage stage);
  // The same, opened through a link in `folder`: there it looks for what it opens itself.
  static SharedLibrary open_private_in(LibraryFolder& folder, const std::string& path, Stage stage);
  // The file itself, under the names that it has for others. The same throws.
  static SharedLibrary open_shared(const std::string& path, Stage stage);

  [[nodiscard]] void* find(const char* symbol) const noexcept;  // nullptr when absent
  template <typename Function>
  bool bind(const char* symbol, Function*& out) const noexcept {
    out = reinterpret_cast<Function*>(find(symbol));
    return out != nullptr;
  }
  // Makes the library call `function` where it calls `name`, a function of another library; nobody else's calls change.
  // False when it has no such call. Throws RUNTIME_MISSING when the table of its calls cannot be written.
  bool redirect(const char* name, void* function, Stage stage) const;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] bool is_private() const noexcept { return private_; }

 private:
  SharedLibrary(void* handle, std::string path, bool is_private)
      : handle_(handle), path_(std::move(path)), private_(is_private) {}
  void* handle_;
  std::string path_;
  bool private_;
};

}  // namespace microtome
