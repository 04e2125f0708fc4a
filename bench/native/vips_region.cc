// libvips at its best: tiffload once, one region kept, vips_region_prepare for each tile. Nothing is copied out of the
// region while the clock runs.
#include <cstdint>
#include <memory>

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
  const auto stride = static_cast<int>(workload.number("stride"));
  const std::int64_t columns = workload.number("columns");
  const std::int64_t count = columns * workload.number("rows");
  const std::int64_t threads = workload.number("threads");
  // One region per thread, each used by its thread only; the calling thread's is made here.
  auto regions = std::make_shared<std::vector<void*>>(static_cast<std::size_t>(threads), nullptr);
  const auto prepare = [=](std::int64_t thread, std::int64_t tile) {
    void*& region = (*regions)[static_cast<std::size_t>(thread)];
    if (region == nullptr) region = api->region_new(image);
    const Rect rect{static_cast<int>(tile % columns) * stride, static_cast<int>(tile / columns) * stride, size, size};
    if (api->prepare(region, &rect) != 0) throw std::runtime_error(api->error());
    return rect;
  };
  bench::Contender contender;
  contender.version = std::string("libvips ") + api->version();
  contender.verify = [=] {
    bench::TileDigest digest;
    for (std::int64_t i = 0; i < count; ++i) {
      const Rect rect = prepare(0, i);
      std::size_t bytes = 0;
      unsigned char* pixels = api->fetch(regions->front(), rect.left, rect.top, size, size, &bytes);
      if (pixels == nullptr) throw std::runtime_error(api->error());
      digest.add(rect.left, rect.top, pixels, bytes);
      api->free(pixels);
    }
    return digest;
  };
  contender.pass = [=] {
    bench::in_parallel(count, threads, [&](std::int64_t thread, std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) prepare(thread, i);
    });
    return count;
  };
  return contender;
}

}  // namespace

int main(int argc, char** argv) { return bench::serve(argc, argv, make); }
