// Real files, by MICROTOME_TEST_DATA: damaged and hostile ones open or throw an Error, fast; a real pyramid cut and
// flipped never does anything else. Meant to run under the sanitizers.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "slide/slide.h"
#include "test/check.h"
#include "test/support/tiff_writer.h"

using namespace microtome;
using namespace microtome::test;
using slide::Slide;

namespace {

Bytes read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// Opens and looks up the tiles of every level; true when it opened.
bool exercise(std::shared_ptr<const slide::ByteSource> source) {
  try {
    const auto slide = Slide::open(std::move(source));
    for (const auto& level : slide->levels()) {
      const std::int64_t across = level.storage.tiles_across();
      const std::int64_t count = std::min<std::int64_t>(across * level.storage.tiles_down(), 2000);
      for (std::int64_t i = 0; i < count; ++i) {
        try {
          (void)slide->stored_tile(level.directory, i % across, i / across, 0);
        } catch (const Error&) {
        }
      }
    }
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

TEST(damaged_files_open_or_throw_quickly) {
  if (data_dir().empty()) return void(std::printf("skipped: damaged_files_open_or_throw_quickly\n"));
  int opened = 0, refused = 0;
  double slowest_ms = 0;
  for (const auto& entry : std::filesystem::directory_iterator(data_dir() + "/bad")) {
    const auto start = std::chrono::steady_clock::now();
    ++(exercise(slide::open_file(entry.path().string())) ? opened : refused);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    slowest_ms = std::max(slowest_ms, took.count());
    if (took > std::chrono::seconds(1)) fail(__FILE__, __LINE__, entry.path().string() + " took more than a second");
  }
  std::printf("     %d opened, %d refused, slowest %.1f ms\n", opened, refused, slowest_ms);
  CHECK(opened + refused > 200);
  CHECK(refused > opened);
}

TEST(a_real_pyramid_cut_anywhere_never_crashes) {
  const std::string name = "/slides/derived_cmu_pyr_jpeg75_t256.tif";
  if (data_dir().empty()) return void(std::printf("skipped: a_real_pyramid_cut_anywhere_never_crashes\n"));
  const Bytes whole = read_all(data_dir() + name);
  CHECK(whole.size() > 8192);
  std::vector<std::size_t> sizes;
  for (std::size_t size = 0; size < 4096; size += 64) sizes.push_back(size);
  for (std::size_t size = whole.size() - 4096; size < whole.size(); size += 64) sizes.push_back(size);
  for (const std::size_t size : sizes)
    (void)exercise(memory_source({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}));
  CHECK(exercise(memory_source(whole)));
}

TEST(a_real_pyramid_with_flipped_directories_never_crashes) {
  const std::string name = "/slides/derived_cmu_pyr_jpeg75_t256.tif";
  if (data_dir().empty()) return void(std::printf("skipped: a_real_pyramid_with_flipped_directories_never_crashes\n"));
  Bytes bytes = read_all(data_dir() + name);
  CHECK(bytes.size() > 8192);
  // The header, and 400 bytes from the start of each directory.
  std::vector<std::size_t> places = {0, 1, 2, 3, 4, 5, 6, 7};
  const auto u32 = [&](std::size_t at) {
    return bytes[at] | (std::size_t{bytes[at + 1]} << 8) | (std::size_t{bytes[at + 2]} << 16) |
           (std::size_t{bytes[at + 3]} << 24);
  };
  std::size_t directory = u32(4);
  int directories = 0;
  while (directory != 0 && directories < 16) {
    ++directories;
    for (std::size_t at = directory; at < std::min(directory + 400, bytes.size()); ++at) places.push_back(at);
    directory = u32(directory + 2 + std::size_t{12} * (bytes[directory] | (std::size_t{bytes[directory + 1]} << 8)));
  }
  CHECK_EQ(directories, 5);
  int refused = 0;
  for (const std::size_t at : places) {
    const std::uint8_t kept = bytes[at];
    for (const int flip : {0x01, 0x80, 0xFF}) {
      bytes[at] = static_cast<std::uint8_t>(kept ^ flip);
      if (!exercise(memory_source(bytes))) ++refused;
    }
    bytes[at] = kept;
  }
  CHECK(refused > 10);
}

TEST_MAIN
