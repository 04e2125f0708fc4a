// resize_tool FILE WIDTH SIDE OUT: reduces or enlarges a raw RGB image to SIDE x SIDE, as tiles are.
#include "preprocess/preprocess.h"
#include "test/tools/raw_rgb.h"

using namespace microtome;

int main(int count, char** words) {
  return test::run_tool([&] {
    if (count != 5) throw Error(Code::INVALID_OPTION, Stage::Options, "expected a file, its width, a side and a file");
    std::vector<std::uint8_t> pixels = test::read_bytes(words[1]);
    const std::int64_t width = std::atoll(words[2]);
    const std::int64_t height = static_cast<std::int64_t>(pixels.size()) / (3 * width);
    const std::int64_t side = std::atoll(words[3]);
    std::vector<std::uint8_t> out(static_cast<std::size_t>(3 * side * side));
    preprocess::ResizeScratch scratch;
    preprocess::resize({pixels.data(), width, height, 3 * width}, {out.data(), side, side, 3 * side}, scratch);
    test::write_bytes(words[4], out);
  });
}
