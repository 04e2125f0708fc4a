// A folder of links from which libraries are opened: it is for this process alone, and when it is gone nothing can be
// put into its place.
#include "core/library_folder.h"

#include <dlfcn.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/shared_library.h"
#include "test/check.h"
#include "test/support/models.h"

using namespace microtome;
namespace fs = std::filesystem;

namespace {

std::string jpeg_library() {
  const char* path = std::getenv("MICROTOME_JPEG_LIBRARY");
  return path == nullptr ? "" : path;
}

// Where the loader says that a function of the library comes from.
std::string opened_as(const SharedLibrary& library) {
  Dl_info info{};
  return ::dladdr(library.find("tjInitDecompress"), &info) != 0 ? info.dli_fname : "";
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST(links_are_found_through_the_descriptor_and_nobody_else_may_write) {
  LibraryFolder folder(Stage::Infer);
  CHECK((fs::status(folder.place()).permissions() & fs::perms::mask) == fs::perms::owner_all);
  folder.link("liba.so", "/dev/null");
  CHECK(fs::is_symlink(folder.place() + "/liba.so"));
  CHECK_EQ(fs::read_symlink(folder.path_of("liba.so")).string(), std::string("/dev/null"));
  CHECK_THROWS(RUNTIME_MISSING, folder.link("liba.so", "/dev/null"));
}

TEST(a_folder_that_was_removed_stays_empty) {
  std::string place;
  std::string through;
  {
    LibraryFolder folder(Stage::Infer);
    place = folder.place();
    through = folder.path_of("liba.so");
    folder.link("liba.so", "/dev/null");
    folder.remove();
    CHECK_EQ(folder.place(), std::string());
  }
  CHECK(!fs::exists(place));
  CHECK(!fs::exists(through));
  // A folder of the same name is not the one that the descriptor means.
  fs::create_directory(place);
  std::ofstream(place + "/liba.so") << "another";
  CHECK(!fs::exists(through));
  std::error_code error;
  fs::create_symlink("/dev/null", through, error);
  CHECK(static_cast<bool>(error));
  fs::remove_all(place);
}

TEST(a_library_sees_the_folder_that_it_was_opened_from) {
  if (jpeg_library().empty()) return static_cast<void>(std::printf("skipped: a_library_sees_the_folder\n"));
  LibraryFolder folder(Stage::Infer);
  const auto copy = SharedLibrary::open_private_in(folder, jpeg_library(), Stage::Infer);
  CHECK(copy.is_private());
  CHECK_EQ(copy.path(), jpeg_library());
  CHECK(opened_as(copy).rfind(folder.path_of(""), 0) == 0);
  const auto shared = SharedLibrary::open_shared(jpeg_library(), Stage::Infer);
  CHECK(!shared.is_private());
  CHECK_EQ(opened_as(shared), jpeg_library());
}

TEST(a_library_whose_name_cannot_be_changed_is_opened_through_a_link) {
  if (jpeg_library().empty()) return static_cast<void>(std::printf("skipped: a_library_whose_name\n"));
  const test::TemporaryFolder other;
  std::string bytes = bytes_of(jpeg_library());
  for (auto at = bytes.find("libturbojpeg.so"); at != std::string::npos; at = bytes.find("libturbojpeg.so", at + 1))
    bytes[at] = 'x';
  const std::string path = other.write("libodd.so", bytes);
  LibraryFolder folder(Stage::Infer);
  const auto library = SharedLibrary::open_private_in(folder, path, Stage::Infer);
  CHECK(!library.is_private());
  CHECK_EQ(opened_as(library), folder.path_of("libodd.so"));
  CHECK_THROWS(RUNTIME_MISSING,
               static_cast<void>(SharedLibrary::open_private_in(folder, "/nowhere/libb.so", Stage::Infer)));
  CHECK_THROWS(RUNTIME_MISSING, static_cast<void>(SharedLibrary::open_shared("/nowhere/libb.so", Stage::Infer)));
  CHECK_THROWS(RUNTIME_MISSING, static_cast<void>(SharedLibrary::open_private_in(folder, "", Stage::Infer)));
}

TEST_MAIN
