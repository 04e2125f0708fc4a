// OpenSlide through its C API: one handle, openslide_read_region into a kept buffer. Its pixels are left as they come
// (premultiplied ARGB words) while the clock runs.
#include <cstdint>
#include <memory>

#include "protocol.h"

namespace {

struct OpenSlide {
  const char* (*version)() = nullptr;
  void* (*open)(const char* path) = nullptr;
  const char* (*error)(void* slide) = nullptr;
  double (*downsample)(void* slide, std::int32_t level) = nullptr;
  void (*read_region)(void* slide, std::uint32_t* out, std::int64_t x, std::int64_t y, std::int32_t level,
                      std::int64_t width, std::int64_t height) = nullptr;
};

std::vector<std::uint8_t> rgb_of(const std::vector<std::uint32_t>& argb) {
  std::vector<std::uint8_t> rgb;
  rgb.reserve(3 * argb.size());
  for (const std::uint32_t pixel : argb)
    for (const int shift : {16, 8, 0}) rgb.push_back(static_cast<std::uint8_t>(pixel >> shift));
  return rgb;
}

bench::Contender make(const bench::Workload& workload) {
  auto api = std::make_shared<OpenSlide>();
  const bench::Library library(workload.text("library"));
  library.bind("openslide_get_version", api->version);
  library.bind("openslide_open", api->open);
  library.bind("openslide_get_error", api->error);
  library.bind("openslide_get_level_downsample", api->downsample);
  library.bind("openslide_read_region", api->read_region);
  void* slide = api->open(workload.text("slide").c_str());
  if (slide == nullptr) throw std::runtime_error("OpenSlide does not know the format");
  if (const char* error = api->error(slide)) throw std::runtime_error(error);

  const auto level = static_cast<std::int32_t>(workload.number("level"));
  const double scale = api->downsample(slide, level);
  const std::int64_t size = workload.number("size");
  auto buffers = std::make_shared<std::vector<std::vector<std::uint32_t>>>(
      static_cast<std::size_t>(workload.number("threads")),
      std::vector<std::uint32_t>(static_cast<std::size_t>(size * size)));
  const auto read = [=](const bench::Tile& tile) {
    const auto level0 = [scale](std::int64_t position) { return static_cast<std::int64_t>(position * scale); };
    api->read_region(slide, (*buffers)[static_cast<std::size_t>(tile.thread)].data(), level0(tile.x), level0(tile.y),
                     level, size, size);
    if (const char* error = api->error(slide)) throw std::runtime_error(error);
  };
  const auto pixels = [=](const bench::Tile& tile, bench::TileDigest& digest) {
    const auto rgb = rgb_of(buffers->front());
    digest.add(tile.x, tile.y, rgb.data(), rgb.size());
  };
  return bench::grid_contender(workload, std::string("OpenSlide ") + api->version(), read, pixels);
}

}  // namespace

int main(int argc, char** argv) { return bench::serve(argc, argv, make); }
