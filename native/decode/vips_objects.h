// Ownership of libvips' objects, and what it says of a failure. Internal to this folder.
#pragma once

#include <memory>
#include <string>

#include "decode/vips_library.h"

namespace microtome::decode {

class Unref {
 public:
  explicit Unref(void (*release)(void*)) : release_(release) {}
  void operator()(void* object) const { release_(object); }

 private:
  void (*release_)(void*);
};
using Owned = std::unique_ptr<void, Unref>;

// libvips keeps one error text for the whole process: with several threads it may speak of another tile too, or have
// been taken by another; then what this thread logged must do. Only the wording of a message depends on it.
[[nodiscard]] std::string failure_text(const Vips& vips);

}  // namespace microtome::decode
