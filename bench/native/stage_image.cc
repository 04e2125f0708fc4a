// Our decoding and resizing of images that are no slides, alone: files that lie in memory to tensors, one kept decoder
// and one kept tensor for each thread.
#include <cstdint>
#include <memory>

#include "core/large_memory.h"
#include "decode/codec_libraries.h"
#include "decode/image_decoder.h"
#include "preprocess/image_resize.h"
#include "preprocess/preprocess.h"
#include "protocol.h"
#include "streams.h"

namespace {

struct Worker {
  microtome::decode::ImageDecoder decoder;
  microtome::preprocess::ImageResizeScratch scratch;
  std::vector<std::uint8_t> pixels;
  microtome::LargeBytes tensor;
};

bench::Contender make(const bench::Workload& workload) {
  microtome::decode::set_codec_paths({workload.text("library"), {}});
  const std::int64_t size = workload.number("size");
  const std::int64_t threads = workload.number("threads");
  microtome::preprocess::TensorFormat how;
  how.size_px = size;
  how.mean = {0.485, 0.456, 0.406};
  how.std = {0.229, 0.224, 0.225};
  auto streams = std::make_shared<bench::Streams>(bench::read_streams(workload.text("streams")));
  auto workers = std::make_shared<std::vector<Worker>>(static_cast<std::size_t>(threads));
  for (Worker& worker : *workers) {
    worker.pixels.resize(microtome::rgb_bytes(size));
    worker.tensor.resize(how.bytes_per_tile());
  }
  bench::Contender contender;
  contender.version = "microtome::decode::ImageDecoder, resize_image, to_tensor";
  contender.pass = [=] {
    const auto count = static_cast<std::int64_t>(streams->tiles.size());
    bench::in_parallel(count, threads, [&](std::int64_t thread, std::int64_t item) {
      Worker& worker = (*workers)[static_cast<std::size_t>(thread)];
      auto facts = worker.decoder.look(streams->distinct[streams->tiles[static_cast<std::size_t>(item)]]);
      const microtome::ConstRgbView image = worker.decoder.decode(facts);
      const microtome::RgbView pixels{worker.pixels.data(), size, size, 3 * size};
      microtome::preprocess::resize_image(image, pixels, microtome::preprocess::ImageResize::PilBilinear,
                                          worker.scratch);
      microtome::preprocess::to_tensor(pixels, how, worker.tensor.data());
    });
    return count;
  };
  return contender;
}

}  // namespace

int main(int argc, char** argv) { return bench::serve(argc, argv, make); }
