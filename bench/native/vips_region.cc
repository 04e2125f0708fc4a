// libvips at its best: tiffload once, one region kept, vips_region_prepare for each tile. Nothing is copied out of the
// region while the clock runs.
#include <cstdint>
#include <memory>
#include <utility>

#include "protocol.h"

namespace {

struct Rect {
  int left, top, width, height;  // VipsRect
};

struct Vips {
  int (*init)(const char* program) = nullptr;
  const char* (*version)() = nullptr;
  const char* (*error)() = nullptr;
  void (*concurrency_set)(int threads) = nullptr;
  int (*tiffload)(const char* path, void** out, ...) = nullptr;
  void* (*region_new)(void* image) = nullptr;
  int (*prepare)(void* region, const Rect* rect) = nullptr;
  unsigned char* (*fetch)(void* region, int left, int top, int width, int height, std::size_t* bytes) = nullptr;
  void (*free)(void* memory) = nullptr;
};

std::shared_ptr<Vips> open_library(const std::string& path) {
  auto api = std::make_shared<Vips>();
  const bench::Library library(path);
  library.bind("vips_init", api->init);
  library.bind("vips_version_string", api->version);
  library.bind("vips_error_buffer", api->error);
  library.bind("vips_concurrency_set", api->concurrency_set);
  library.bind("vips_tiffload", api->tiffload);
  library.bind("vips_region_new", api->region_new);
  library.bind("vips_region_prepare", api->prepare);
  library.bind("vips_region_fetch", api->fetch);
  library.bind("g_free", api->free);
  return api;
}

bench::Contender make(const bench::Workload& workload) {
  const auto api = open_library(workload.text("library"));
  if (api->init("bench") != 0) throw std::runtime_error(api->error());
  api->concurrency_set(1);
  void* image = nullptr;
  const auto page = static_cast<int>(workload.number("level"));
  if (api->tiffload(workload.text("slide").c_str(), &image, "page", page, nullptr) != 0)
    throw std::runtime_error(api->error());

  const auto size = static_cast<int>(workload.number("size"));
  // One region per thread, each used by its thread only.
  auto regions = std::make_shared<std::vector<void*>>(static_cast<std::size_t>(workload.number("threads")), nullptr);
  const auto read = [=](const bench::Tile& tile) {
    void*& region = (*regions)[static_cast<std::size_t>(tile.thread)];
    if (region == nullptr) region = api->region_new(image);
    const Rect rect{static_cast<int>(tile.x), static_cast<int>(tile.y), size, size};
    if (api->prepare(region, &rect) != 0) throw std::runtime_error(api->error());
  };
  const auto pixels = [=](const bench::Tile& tile, bench::TileDigest& digest) {
    std::size_t bytes = 0;
    const auto [x, y] = std::pair(static_cast<int>(tile.x), static_cast<int>(tile.y));
    unsigned char* found = api->fetch(regions->front(), x, y, size, size, &bytes);
    if (found == nullptr) throw std::runtime_error(api->error());
    digest.add(x, y, found, bytes);
    api->free(found);
  };
  return bench::grid_contender(workload, std::string("libvips ") + api->version(), read, pixels);
}

}  // namespace

int main(int argc, char** argv) { return bench::serve(argc, argv, make); }
