// The limit: libjpeg-turbo alone. tj3Decompress8 on complete streams that lie in memory, one kept handle and one kept
// buffer per thread. No file, no TIFF, no copy.
#include <cstdint>
#include <memory>

#include "protocol.h"
#include "streams.h"

namespace {

constexpr int kInitDecompress = 1;  // TJINIT_DECOMPRESS
constexpr int kPixelsRgb = 0;       // TJPF_RGB

struct TurboJpeg {
  void* (*init)(int kind) = nullptr;
  void (*destroy)(void* handle) = nullptr;
  int (*decompress8)(void* handle, const unsigned char* jpeg, std::size_t bytes, unsigned char* out, int pitch,
                     int pixel_format) = nullptr;
  char* (*error_text)(void* handle) = nullptr;
};

struct Worker {
  std::unique_ptr<void, void (*)(void*)> handle;
  std::vector<std::uint8_t> pixels;
};

bench::Contender make(const bench::Workload& workload) {
  auto api = std::make_shared<TurboJpeg>();
  const bench::Library library(workload.text("library"));
  library.bind("tj3Init", api->init);
  library.bind("tj3Destroy", api->destroy);
  library.bind("tj3Decompress8", api->decompress8);
  library.bind("tj3GetErrorStr", api->error_text);

  const std::int64_t side = workload.number("size");
  if (workload.number("stride") != side || side != 256)
    throw std::runtime_error("bare decoding knows whole stored tiles of 256 pixels only");
  const std::int64_t columns = workload.number("columns");
  const std::int64_t threads = workload.number("threads");
  auto streams = std::make_shared<bench::Streams>(bench::read_streams(workload.text("streams")));
  if (static_cast<std::int64_t>(streams->tiles.size()) != columns * workload.number("rows"))
    throw std::runtime_error("the streams are not those of the grid");

  auto workers = std::make_shared<std::vector<Worker>>();
  for (std::int64_t i = 0; i < threads; ++i)
    workers->push_back({{api->init(kInitDecompress), api->destroy},
                        std::vector<std::uint8_t>(static_cast<std::size_t>(3 * side * side))});

  const auto decode = [api, streams, side](Worker& worker, std::int64_t tile) {
    const auto& jpeg = streams->distinct[streams->tiles[static_cast<std::size_t>(tile)]];
    if (api->decompress8(worker.handle.get(), jpeg.data(), jpeg.size(), worker.pixels.data(),
                         static_cast<int>(3 * side), kPixelsRgb) != 0)
      throw std::runtime_error(api->error_text(worker.handle.get()));
  };
  const auto count = static_cast<std::int64_t>(streams->tiles.size());
  bench::Contender contender;
  contender.version = "libjpeg-turbo, " + std::to_string(threads) + " thread(s)";
  contender.verify = [=] {
    bench::TileDigest digest;
    Worker& worker = workers->front();
    for (std::int64_t i = 0; i < count; ++i) {
      decode(worker, i);
      digest.add(i % columns * side, i / columns * side, worker.pixels.data(), worker.pixels.size());
    }
    return digest;
  };
  contender.pass = [=] {
    bench::in_parallel(count, threads, [&](std::int64_t thread, std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) decode((*workers)[static_cast<std::size_t>(thread)], i);
    });
    return count;
  };
  return contender;
}

}  // namespace

int main(int argc, char** argv) { return bench::serve(argc, argv, make); }
