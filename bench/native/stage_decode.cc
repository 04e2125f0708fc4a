// Our decoder of baseline JPEG alone: complete streams that lie in memory, one kept decoder and one kept buffer for
// each thread. No file, no TIFF, no copy.
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <utility>

#include "decode/baseline_jpeg.h"
#include "decode/jpeg_stream.h"
#include "protocol.h"
#include "streams.h"

namespace {

using microtome::decode::BaselineJpeg;

bench::Contender make(const bench::Workload& workload) {
  if (!BaselineJpeg::available()) throw std::runtime_error("this processor has no AVX2");
  bench::Streams streams = bench::read_streams(workload.text("streams"));
  for (auto& stream : streams.distinct) {
    microtome::decode::JpegStream complete;
    microtome::decode::splice_jpeg({}, stream, 3, microtome::decode::JpegColor::YCbCr, complete);
    stream = complete.bytes;
  }
  auto decoders = std::make_shared<std::vector<BaselineJpeg>>(static_cast<std::size_t>(workload.number("threads")));
  const auto decode = [decoders](std::int64_t thread, const std::vector<std::uint8_t>& stream, std::uint8_t* out) {
    BaselineJpeg& decoder = (*decoders)[static_cast<std::size_t>(thread)];
    const microtome::decode::TileWindow whole{0, 0, {out, bench::kSidePx, bench::kSidePx, 3 * bench::kSidePx}};
    if (!decoder.decode(stream, bench::kSidePx, bench::kSidePx, {&whole, 1}))
      throw std::runtime_error("a tile is not one that our own decoder takes on");
  };
  return bench::decode_grid(workload, std::move(streams), "microtome::decode::BaselineJpeg", decode);
}

}  // namespace

int main(int argc, char** argv) { return bench::serve(argc, argv, make); }
