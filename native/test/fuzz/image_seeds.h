// Seeds for image_fuzz: a JPEG of every kind, and PNGs.
#pragma once

#include <string>

#include "test/fuzz/generated_seeds.h"
#include "test/support/png_writer.h"

namespace microtome::fuzz {

// Beside an image: turned to the right.
inline Bytes turned_block() {
  return {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0};
}

inline void keep_image_jpegs(const test::JpegTool& tool, const Keep& keep) {
  using Options = test::JpegTool::Options;
  const std::pair<const char*, Options> kinds[] = {
      {"420", {}}, {"444", {.half_chroma = false}}, {"grey", {.grey = true}}, {"progressive", {.progressive = true}}};
  for (const auto& [name, options] : kinds) {
    Bytes jpeg = tool.encode(test::picture(37, 21), 37, 21, options);
    keep(std::string("jpeg-") + name, jpeg);
    Bytes body{0xFF, 0xE1, 0, 34, 'E', 'x', 'i', 'f', 0, 0};
    const Bytes block = turned_block();
    body.insert(body.end(), block.begin(), block.end());
    jpeg.insert(jpeg.begin() + 2, body.begin(), body.end());
    keep(std::string("jpeg-turned-") + name, jpeg);
  }
}

inline void keep_image_pngs(const Keep& keep) {
  const std::pair<int, int> kinds[] = {{0, 1}, {0, 16}, {2, 8}, {3, 4}, {4, 8}, {6, 16}};
  for (const auto& [colour, bits] : kinds)
    for (const bool interlaced : {false, true}) {
      const int each = colour == 2 ? 3 : colour == 4 ? 2 : colour == 6 ? 4 : 1;
      std::vector<int> samples;
      for (int i = 0; i < 11 * 9 * each; ++i) samples.push_back(i * 37 & ((1 << bits) - 1));
      test::PngWriter writer(11, 9, colour, bits);
      writer.interlaced = interlaced;
      writer.filter = interlaced ? 4 : 2;
      writer.before = {{"eXIf", turned_block()}};
      if (colour == 3) writer.before = {{"PLTE", Bytes(48, 77)}, {"tRNS", {0, 100}}};
      keep("png-" + std::to_string(colour) + "-" + std::to_string(bits) + (interlaced ? "-interlaced" : ""),
           writer.file(samples));
    }
}

}  // namespace microtome::fuzz
