// images_tool LIST: does what each line of LIST says, and prints a line of JSON for each.
//   resize HOW FILE WIDTH OUT_WIDTH OUT_HEIGHT OUT   a raw RGB image, as images that are no slides are
//   decode FILE OUT                                  a JPEG or PNG to raw RGB; prints its sides and marks, or the code
#include <cstdio>
#include <sstream>

#include "decode/codec_libraries.h"
#include "decode/image_decoder.h"
#include "preprocess/image_resize.h"
#include "test/support/jpeg_tool.h"
#include "test/tools/raw_rgb.h"

using namespace microtome;

namespace {

void resize(std::istringstream& words) {
  std::string how, file, out;
  std::int64_t width = 0, out_width = 0, out_height = 0;
  words >> how >> file >> width >> out_width >> out_height >> out;
  const auto kind = how == "opencv-area"   ? preprocess::ImageResize::OpencvArea
                    : how == "pil-bicubic" ? preprocess::ImageResize::PilBicubic
                                           : preprocess::ImageResize::PilBilinear;
  std::vector<std::uint8_t> pixels = test::read_bytes(file);
  const std::int64_t height = static_cast<std::int64_t>(pixels.size()) / (3 * width);
  std::vector<std::uint8_t> made(static_cast<std::size_t>(3 * out_width * out_height));
  preprocess::ImageResizeScratch scratch;
  preprocess::resize_image({pixels.data(), width, height, 3 * width},
                           {made.data(), out_width, out_height, 3 * out_width}, kind, scratch);
  test::write_bytes(out, made);
  std::puts("{}");
}

void decode_image(std::istringstream& words, decode::ImageDecoder& decoder) {
  std::string file, out;
  words >> file >> out;
  const std::vector<std::uint8_t> bytes = test::read_bytes(file);
  try {
    decode::ImageFacts facts = decoder.look(bytes);
    const ConstRgbView image = decoder.decode(facts);
    test::write_bytes(out, {image.data, static_cast<std::size_t>(3 * image.width_px * image.height_px)});
    std::printf("{\"widthPx\": %lld, \"heightPx\": %lld, \"marks\": %d}\n", static_cast<long long>(image.width_px),
                static_cast<long long>(image.height_px), facts.marks);
  } catch (const Error& error) {
    std::printf("{\"code\": \"%s\"}\n", std::string(code_name(error.code())).c_str());
  }
}

}  // namespace

int main(int count, char** arguments) {
  return test::run_tool([&] {
    if (count != 2) throw Error(Code::INVALID_OPTION, Stage::Options, "expected a list");
    decode::set_codec_paths({test::library_path("MICROTOME_JPEG_LIBRARY"), {}});
    decode::ImageDecoder decoder;
    const std::vector<std::uint8_t> list = test::read_bytes(arguments[1]);
    std::istringstream lines(std::string(list.begin(), list.end()));
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string task;
      words >> task;
      if (task == "resize") resize(words);
      if (task == "decode") decode_image(words, decoder);
    }
  });
}
