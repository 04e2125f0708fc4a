// Levels of noise, and what area averaging makes of them by its definition.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "test/decode/codec_support.h"

namespace microtome::test {

// The mean over the exact source area of each output pixel, straight from the definition.
inline Bytes reference(const Bytes& from, int width, int height, int out_width, int out_height) {
  Bytes out;
  const auto overlap = [](double a0, double a1, double b0, double b1) {
    return std::max(0.0, std::min(a1, b1) - std::max(a0, b0));
  };
  for (int oy = 0; oy < out_height; ++oy)
    for (int ox = 0; ox < out_width; ++ox)
      for (int c = 0; c < 3; ++c) {
        double sum = 0;  // in units of 1 / (out_width * out_height) source pixels: whole numbers, so exact
        for (int y = oy * height / out_height; y < height && y * out_height < (oy + 1) * height; ++y) {
          const double wy = overlap(y * out_height, (y + 1) * out_height, oy * height, (oy + 1) * height);
          for (int x = 0; x < width; ++x)
            sum += wy * overlap(x * out_width, (x + 1) * out_width, ox * width, (ox + 1) * width) *
                   from[static_cast<std::size_t>(3 * (y * width + x) + c)];
        }
        out.push_back(static_cast<std::uint8_t>(std::floor(sum / (static_cast<double>(width) * height) + 0.5)));
      }
  return out;
}

inline Bytes noise(int width, int height) {
  std::mt19937 random(7);
  Bytes out(static_cast<std::size_t>(3 * width * height));
  for (auto& value : out) value = static_cast<std::uint8_t>(random());
  return out;
}

// The stored tiles of a picture, row by row; what lies beyond it is black.
inline std::vector<Bytes> tiles_of(const Bytes& pixels, int width, int height, int tile) {
  std::vector<Bytes> all;
  for (int top = 0; top < height; top += tile)
    for (int left = 0; left < width; left += tile) {
      Bytes bytes;
      for (int y = top; y < top + tile; ++y)
        for (int x = left; x < left + tile; ++x)
          for (int c = 0; c < 3; ++c)
            bytes.push_back(x < width && y < height ? pixels[static_cast<std::size_t>(3 * (y * width + x) + c)] : 0);
      all.push_back(std::move(bytes));
    }
  return all;
}

// A slide level stored uncompressed.
inline void add_level(FakeSlide& slide, const Bytes& pixels, int width, int height, int tile) {
  const auto storage = storage_of(width, height, tile, tile, slide::Compression::None);
  const auto directory = static_cast<std::size_t>(slide.add_level(storage));
  const auto tiles = tiles_of(pixels, width, height, tile);
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    const auto across = static_cast<std::size_t>(storage.tiles_across());
    slide.set_tile(directory, static_cast<std::int64_t>(i % across), static_cast<std::int64_t>(i / across), tiles[i]);
  }
}

}  // namespace microtome::test
