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
  const std::int64_t stride = workload.number("stride");
  const std::int64_t columns = workload.number("columns");
  const std::int64_t count = columns * workload.number("rows");
  const std::int64_t threads = workload.number("threads");
  auto buffers = std::make_shared<std::vector<std::vector<std::uint32_t>>>(
      static_cast<std::size_t>(threads), std::vector<std::uint32_t>(static_cast<std::size_t>(size * size)));
  const auto read = [=](std::int64_t thread, std::int64_t tile) {
    const auto level0 = [scale](std::int64_t position) { return static_cast<std::int64_t>(position * scale); };
    api->read_region(slide, (*buffers)[static_cast<std::size_t>(thread)].data(), level0(tile % columns * stride),
                     level0(tile / columns * stride), level, size, size);
    if (const char* error = api->error(slide)) throw std::runtime_error(error);
  };
  bench::Contender contender;
  contender.version = std::string("OpenSlide ") + api->version();
  contender.verify = [=] {
    bench::TileDigest digest;
    for (std::int64_t i = 0; i < count; ++i) {
      read(0, i);
      const auto rgb = rgb_of(buffers->front());
      digest.add(i % columns * stride, i / columns * stride, rgb.data(), rgb.size());
    }
    return digest;
  };
  contender.pass = [=] {
    bench::in_parallel(count, threads, [&](std::int64_t thread, std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) read(thread, i);
    });
    return count;
  };
  return contender;
}

}  // namespace

int main(int argc, char** argv) { return bench::serve(argc, argv, make); }
