// Reading images from their places in a file, as a job of images does it: ranges of neighbours, on one thread. The
// places are a file of doubles, all offsets and then all lengths.
#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>

#include "engine/image_source.h"
#include "protocol.h"

namespace {

using namespace microtome;

constexpr std::int64_t kClaim = 32;  // images of one claim of a worker

struct Reading {
  explicit Reading(engine::ImagePlaces places)
      : list(std::move(places)),
        source(list, preprocess::ImageResize::PilBilinear, 224, std::make_shared<engine::LargeImageRoom>(budget),
               metrics) {}
  MemoryBudget budget{std::int64_t{1} << 30};
  StageMetrics metrics;
  engine::ImageList list;
  engine::ImageSource source;
  engine::TileReader reader;
};

bench::Contender make(const bench::Workload& workload) {
  std::ifstream file(workload.text("streams"), std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto* const numbers = reinterpret_cast<const double*>(bytes.data());
  const auto count = static_cast<std::ptrdiff_t>(bytes.size() / sizeof(double) / 2);
  const auto reading = std::make_shared<Reading>(
      engine::ImagePlaces{workload.text("slide"), {numbers, numbers + count}, {numbers + count, numbers + 2 * count}});
  bench::Contender contender;
  contender.version = "microtome::engine::ImageSource";
  contender.pass = [=] {
    for (std::int64_t first = 0; first < count; first += kClaim) {
      reading->source.fetch(reading->reader, {first, std::min<std::int64_t>(first + kClaim, count)});
      reading->source.release(reading->reader);
    }
    return static_cast<std::int64_t>(count);
  };
  return contender;
}

}  // namespace

int main(int argc, char** argv) { return bench::serve(argc, argv, make); }
