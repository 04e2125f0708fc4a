// Slides of the stand-in for OpenSlide, in a folder of the test. For one file of a program: it defines the stand-in's state.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "openslide/openslide_driver.h"
#include "openslide/openslide_library.h"
#include "slide/driver.h"
#include "slide/slide.h"
#include "test/check.h"
#include "test/fake/openslide/fake_openslide.h"

extern "C" FakeOpenslideState* fake_openslide_state() {
  static FakeOpenslideState state;
  return &state;
}

namespace microtome::test {

inline FakeOpenslideState& fake() { return *fake_openslide_state(); }

// The libraries, made by CMake: one that works, one that is too old, one that lacks a function.
inline const std::string kFake = MICROTOME_FAKE_OPENSLIDE;
inline const std::string kOldFake = MICROTOME_OLD_FAKE_OPENSLIDE;
inline const std::string kBareFake = MICROTOME_BARE_FAKE_OPENSLIDE;

class Folder {
 public:
  Folder() {
    std::string path = (std::filesystem::temp_directory_path() / "openslide-test-XXXXXX").string();
    path_ = ::mkdtemp(path.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string put(const std::string& name, const std::string& bytes) const {
    std::ofstream(path_ + "/" + name, std::ios::binary) << bytes;
    return path_ + "/" + name;
  }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

inline std::shared_ptr<const slide::Slide> open_slide(const std::string& path, const slide::OpenOptions& options = {}) {
  return slide::Slide::open(slide::open_file(path), options, {.others = {openslide::openslide_driver()}});
}

// What is thrown; nothing is a failure of the test.
template <typename Body>
Error error_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error;
  }
  CHECK(false);
  return {Code::INTERNAL, Stage::Slide, "nothing was thrown"};
}

inline bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace microtome::test
