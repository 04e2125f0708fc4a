// Our normalisation alone: tiles to planar float tensors, nothing else. Each worker fills a tensor of one batch again
// and again from as many tiles, as the pipeline does between decoding and inference.
#include <cstdint>
#include <memory>

#include "core/large_memory.h"
#include "preprocess/preprocess.h"
#include "protocol.h"

namespace {

struct Worker {
  std::vector<std::uint8_t> pixels;
  microtome::LargeBytes tensor;  // the memory that the pipeline has
};

bench::Contender make(const bench::Workload& workload) {
  const std::int64_t size = workload.number("size");
  const std::int64_t batch = workload.number("batch");
  microtome::preprocess::TensorFormat how;
  how.size_px = size;
  how.mean = {0.485, 0.456, 0.406};
  how.std = {0.229, 0.224, 0.225};
  const auto values = static_cast<std::size_t>(3 * size * size);
  auto workers = std::make_shared<std::vector<Worker>>(static_cast<std::size_t>(workload.number("threads")));
  for (Worker& worker : *workers) {
    worker.pixels.resize(values * static_cast<std::size_t>(batch));
    worker.tensor.resize(how.bytes_per_tile() * static_cast<std::size_t>(batch));
    // Any samples will do: the work does not depend on them.
    for (std::size_t i = 0; i < worker.pixels.size(); ++i)
      worker.pixels[i] = static_cast<std::uint8_t>(i * 2654435761u >> 24);
  }
  return bench::grid_contender(workload, "microtome::preprocess::to_tensor", [=](const bench::Tile& tile) {
    Worker& worker = (*workers)[static_cast<std::size_t>(tile.thread)];
    const auto at = static_cast<std::size_t>(tile.index % batch);
    microtome::preprocess::to_tensor({worker.pixels.data() + at * values, size, size, 3 * size}, how,
                                     worker.tensor.data() + at * how.bytes_per_tile());
  });
}

}  // namespace

int main(int argc, char** argv) { return bench::serve(argc, argv, make); }
