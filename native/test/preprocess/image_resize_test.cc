// Resizing of images that are no slides. test/peers/crops.test.ts compares it with Pillow and OpenCV; here are figures
// of theirs for a small image, and what holds for every image.
#include "preprocess/image_resize.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "core/large_memory.h"
#include "test/check.h"
#include "test/support/heap_count.h"

using namespace microtome;
using namespace microtome::preprocess;

namespace {

using Pixels = std::vector<std::uint8_t>;
constexpr ImageResize kAll[] = {ImageResize::PilBilinear, ImageResize::PilBicubic, ImageResize::OpencvArea};

Pixels resized(Pixels pixels, std::int64_t width, std::int64_t out_width, std::int64_t out_height, ImageResize how) {
  const std::int64_t height = std::ssize(pixels) / (3 * width);
  Pixels out(static_cast<std::size_t>(3 * out_width * out_height));
  ImageResizeScratch scratch;
  resize_image({pixels.data(), width, height, 3 * width}, {out.data(), out_width, out_height, 3 * out_width}, how,
               scratch);
  return out;
}

Pixels grey(const std::vector<int>& values) {
  Pixels out;
  for (const int value : values) out.insert(out.end(), 3, static_cast<std::uint8_t>(value));
  return out;
}

}  // namespace

TEST(one_colour_stays_one_colour) {
  for (const ImageResize how : kAll)
    for (const auto& [width, height] : {std::pair{1, 1}, {7, 300}, {300, 7}, {224, 224}, {500, 400}}) {
      const Pixels out = resized(Pixels(static_cast<std::size_t>(3 * width * height), 201), width, 64, 50, how);
      CHECK(std::all_of(out.begin(), out.end(), [](std::uint8_t value) { return value == 201; }));
    }
}

TEST(the_same_size_is_a_copy) {
  Pixels pixels;
  for (int i = 0; i < 3 * 9 * 5; ++i) pixels.push_back(static_cast<std::uint8_t>(i * 89));
  for (const ImageResize how : kAll) CHECK(resized(pixels, 9, 9, 5, how) == pixels);
}

// Made with Pillow 13.0.0 and OpenCV 5.0.0.
TEST(small_images_have_the_figures_of_pillow_and_opencv) {
  const std::vector<int> from{0, 255, 30, 200, 90, 10, 250, 60, 5, 5, 255, 0, 128, 64, 32, 16, 7, 77, 177, 247};
  const struct {
    std::int64_t width, height;
    ImageResize how;
    std::vector<int> values;
  } cases[] = {
      {2, 3, ImageResize::PilBilinear, {99, 135, 60, 98, 72, 123}},
      {2, 3, ImageResize::PilBicubic, {96, 141, 55, 96, 68, 126}},
      {2, 3, ImageResize::OpencvArea, {96, 131, 32, 112, 64, 137}},
      {7, 6, ImageResize::PilBilinear, {0,  91, 237, 143, 42,  139, 200, 68, 69, 71, 133, 188, 131, 95,
                                        40, 28, 10,  130, 237, 106, 25,  56, 47, 32, 96,  151, 62,  7,
                                        98, 87, 70,  68,  69,  72,  74,  7,  32, 72, 127, 182, 222, 247}},
      {7, 6, ImageResize::PilBicubic, {0,   87, 255, 148, 23,  140, 219, 81, 67, 60, 139, 201, 133, 85,
                                       37,  13, 0,   149, 255, 107, 8,   56, 44, 26, 102, 156, 47,  0,
                                       113, 99, 73,  56,  49,  62,  69,  0,  21, 71, 130, 189, 238, 255}},
      {7, 6, ImageResize::OpencvArea, {0,   64, 255, 143, 30,  158, 200, 72, 69, 59, 132, 206, 117, 88,
                                       39,  31, 7,   130, 253, 81,  24,  54, 48, 29, 97,  166, 46,  6,
                                       104, 94, 66,  64,  61,  62,  62,  7,  25, 77, 127, 177, 230, 247}},
      {3, 8, ImageResize::PilBilinear, {76, 143, 149, 72,  137, 135, 62, 130, 114, 24, 130, 89,
                                        38, 104, 59,  103, 53,  24,  63, 92,  136, 28, 127, 226}},
      {3, 8, ImageResize::PilBicubic, {77, 146, 147, 71,  140, 138, 53, 134, 119, 6,  144, 93,
                                       30, 111, 50,  112, 47,  14,  62, 90,  146, 12, 133, 251}},
      {3, 8, ImageResize::OpencvArea, {64, 143, 158, 66,  137, 137, 70, 130, 108, 18, 130, 72,
                                       26, 113, 55,  112, 48,  20,  59, 95,  145, 25, 127, 230}},
      {2, 5, ImageResize::PilBilinear, {114, 135, 79, 134, 41, 110, 87, 30, 61, 193}},
      {2, 5, ImageResize::PilBicubic, {113, 136, 74, 140, 35, 117, 91, 25, 51, 203}},
      {2, 5, ImageResize::OpencvArea, {128, 115, 50, 155, 5, 128, 96, 24, 42, 212}},
  };
  for (const auto& [width, height, how, values] : cases) {
    const Pixels out = resized(grey(from), 4, width, height, how);
    const int most = how == ImageResize::OpencvArea ? 1 : 0;
    for (std::size_t i = 0; i < values.size(); ++i) CHECK(std::abs(out[3 * i] - values[i]) <= most);
  }
}

TEST(channels_do_not_mix) {
  Pixels pixels;
  for (int i = 0; i < 40 * 30; ++i) pixels.insert(pixels.end(), {255, 0, 128});
  for (const ImageResize how : kAll) {
    const Pixels out = resized(pixels, 40, 17, 50, how);
    for (std::size_t i = 0; i < out.size(); i += 3) CHECK(out[i] == 255 && out[i + 1] == 0 && out[i + 2] == 128);
  }
}

// What a scorer reserves is what is taken; and nothing large is left behind.
TEST(a_resize_takes_no_more_than_it_says) {
  for (const ImageResize how : kAll)
    for (const auto& [width, height, out] :
         {std::tuple{65535, 1, 3}, {1, 65535, 3}, {20000, 3, 224}, {3, 20000, 224}, {600, 450, 224}, {5, 4, 300}}) {
      Pixels from(static_cast<std::size_t>(3 * width * height), 90);
      Pixels to(static_cast<std::size_t>(3 * out * out));
      ImageResizeScratch scratch;
      const std::int64_t before = test::heap_count.now_bytes;
      std::int64_t peak = test::heap_peak_bytes(
          [&] { resize_image({from.data(), width, height, 3 * width}, {to.data(), out, out, 3 * out}, how, scratch); });
      if (scratch.rows.capacity() >= LargeMemory::kLeastBytes) peak += std::ssize(scratch.rows);
      CHECK(peak <= resize_scratch_bytes(width, height, out, out));
      scratch.trim(100);
      CHECK(test::heap_count.now_bytes - before <= 6 * 100);
      CHECK(scratch.rows.capacity() <= 100);
    }
}

TEST_MAIN
