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
  const std::int64_t threads = workload.number("threads");
  const std::int64_t count = workload.number("columns") * workload.number("rows");
  microtome::preprocess::TensorFormat how;
  how.size_px = size;
  how.mean = {0.485, 0.456, 0.406};
  how.std = {0.229, 0.224, 0.225};
  const auto values = static_cast<std::size_t>(3 * size * size);
  auto workers = std::make_shared<std::vector<Worker>>(static_cast<std::size_t>(threads));
  for (Worker& worker : *workers) {
    worker.pixels.resize(values * static_cast<std::size_t>(batch));
    worker.tensor.resize(how.bytes_per_tile() * static_cast<std::size_t>(batch));
    // Any samples will do: the work does not depend on them.
    for (std::size_t i = 0; i < worker.pixels.size(); ++i)
      worker.pixels[i] = static_cast<std::uint8_t>(i * 2654435761u >> 24);
  }
  bench::Contender contender;
  contender.version = "microtome::preprocess::to_tensor";
  contender.pass = [=] {
    bench::in_parallel(count, threads, [&](std::int64_t thread, std::int64_t begin, std::int64_t end) {
      Worker& worker = (*workers)[static_cast<std::size_t>(thread)];
      for (std::int64_t i = begin; i < end; ++i) {
        const auto at = static_cast<std::size_t>(i % batch);
        microtome::preprocess::to_tensor({worker.pixels.data() + at * values, size, size, 3 * size}, how,
                                         worker.tensor.data() + at * how.bytes_per_tile());
      }
    });
    return count;
  };
  return contender;
}

}  // namespace

int main(int argc, char** argv) { return bench::serve(argc, argv, make); }
