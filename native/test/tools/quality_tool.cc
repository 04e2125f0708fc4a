// quality_tool FILE WIDTH: prints the quality of a raw RGB image as a line of JSON.
#include "preprocess/quality.h"
#include "test/tools/raw_rgb.h"

using namespace microtome;

int main(int count, char** words) {
  return test::run_tool([&] {
    if (count != 3) throw Error(Code::INVALID_OPTION, Stage::Options, "expected a file and its width");
    const std::vector<std::uint8_t> pixels = test::read_bytes(words[1]);
    const std::int64_t width = std::atoll(words[2]);
    const std::int64_t height = static_cast<std::int64_t>(pixels.size()) / (3 * width);
    preprocess::QualityScratch scratch;
    const preprocess::Quality found = preprocess::measure_quality({pixels.data(), width, height, 3 * width}, scratch);
    std::printf("{\"sharpness\":%.17g,\"white\":%.17g,\"black\":%.17g,\"grey\":%.17g,\"pen\":%.17g}\n", found.sharpness,
                found.white, found.black, found.grey, found.pen);
  });
}
