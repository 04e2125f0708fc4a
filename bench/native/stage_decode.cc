// Our decoder of baseline JPEG alone: complete streams that lie in memory, one kept decoder and one kept buffer for
// each thread. No file, no TIFF, no copy.
#include <cstdint>
#include <memory>
#include <stdexcept>

#include "decode/baseline_jpeg.h"
#include "decode/jpeg_stream.h"
#include "protocol.h"
#include "streams.h"

namespace {

constexpr std::int64_t kSidePx = 256;

struct Worker {
  microtome::decode::BaselineJpeg decoder;
  std::vector<std::uint8_t> pixels = std::vector<std::uint8_t>(static_cast<std::size_t>(3 * kSidePx * kSidePx));
};

bench::Contender make(const bench::Workload& workload) {
  if (!microtome::decode::BaselineJpeg::available()) throw std::runtime_error("this processor has no AVX2");
  if (workload.number("stride") != kSidePx || workload.number("size") != kSidePx)
    throw std::runtime_error("decoding alone knows whole stored tiles of 256 pixels only");
  const std::int64_t threads = workload.number("threads");
  auto streams = std::make_shared<bench::Streams>(bench::read_streams(workload.text("streams")));
  for (auto& stream : streams->distinct) {
    microtome::decode::JpegStream complete;
    microtome::decode::splice_jpeg({}, stream, 3, microtome::decode::JpegColor::YCbCr, complete);
    stream = complete.bytes;
  }
  auto workers = std::make_shared<std::vector<Worker>>(static_cast<std::size_t>(threads));
  const auto decode = [streams](Worker& worker, std::int64_t tile) {
    const auto& stream = streams->distinct[streams->tiles[static_cast<std::size_t>(tile)]];
    if (!worker.decoder.decode(stream, kSidePx, kSidePx, worker.pixels.data(), 3 * kSidePx))
      throw std::runtime_error("a tile is not one that our own decoder takes on");
  };
  const auto count = static_cast<std::int64_t>(streams->tiles.size());
  bench::Contender contender;
  contender.version = "microtome::decode::BaselineJpeg, " + std::to_string(threads) + " thread(s)";
  contender.verify = [=, columns = workload.number("columns")] {
    bench::TileDigest digest;
    Worker& worker = workers->front();
    for (std::int64_t i = 0; i < count; ++i) {
      decode(worker, i);
      digest.add(i % columns * kSidePx, i / columns * kSidePx, worker.pixels.data(), worker.pixels.size());
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
