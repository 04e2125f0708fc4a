// For the decode tests: where the codec libraries are, tiny encoders, and a one-level slide of given stored tiles.
// MICROTOME_JPEG_LIBRARY and MICROTOME_VIPS_LIBRARY name the libraries; without them the tests that need one say
// "skipped".
#pragma once

#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "decode/tile_decoder.h"
#include "test/check.h"
#include "test/support/bytes.h"
#include "test/support/fake_slide.h"
#include "test/support/jpeg_tool.h"
#include "test/support/windows.h"

namespace microtome::test {

using Bytes = std::vector<std::uint8_t>;

inline bool use_codecs() {
  decode::set_codec_paths({library_path("MICROTOME_JPEG_LIBRARY"), library_path("MICROTOME_VIPS_LIBRARY")});
  return true;
}

inline bool have_jpeg(const char* test) {
  use_codecs();
  if (!library_path("MICROTOME_JPEG_LIBRARY").empty()) return true;
  std::printf("skipped: %s\n", test);
  return false;
}

inline bool have_vips(const char* test) {
  use_codecs();
  if (!library_path("MICROTOME_VIPS_LIBRARY").empty()) return true;
  std::printf("skipped: %s\n", test);
  return false;
}

// Smooth colours with some detail, different in every channel.
inline Bytes picture(int width, int height, int seed = 0) {
  Bytes rgb;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      rgb.push_back(static_cast<std::uint8_t>((x * 3 + y + seed) & 255));
      rgb.push_back(static_cast<std::uint8_t>((x + y * 5 + seed * 7) & 255));
      rgb.push_back(static_cast<std::uint8_t>((255 - x - y / 2 + seed) & 255));
    }
  return rgb;
}

// zlib with stored blocks only.
inline Bytes deflate_stored(const Bytes& data) {
  Bytes out{0x78, 0x01};
  std::size_t done = 0;
  do {
    const std::size_t length = std::min<std::size_t>(65535, data.size() - done);
    out.push_back(done + length == data.size() ? 1 : 0);
    for (const std::size_t value : {length, ~length}) {
      out.push_back(static_cast<std::uint8_t>(value));
      out.push_back(static_cast<std::uint8_t>(value >> 8));
    }
    out.insert(out.end(), data.begin() + static_cast<std::ptrdiff_t>(done),
               data.begin() + static_cast<std::ptrdiff_t>(done + length));
    done += length;
  } while (done < data.size());
  std::uint32_t a = 1, b = 0;
  for (const std::uint8_t byte : data) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  for (const std::uint32_t value : {b >> 8, b, a >> 8, a}) out.push_back(static_cast<std::uint8_t>(value));
  return out;
}

// TIFF's LZW with literals only: the table is cleared before its codes would need a tenth bit.
inline Bytes lzw_literals(const Bytes& data) {
  Bytes out;
  std::uint32_t pending = 0;
  int bits = 0;
  const auto put = [&](std::uint32_t code) {
    pending = pending << 9 | code;
    bits += 9;
    while (bits >= 8) {
      out.push_back(static_cast<std::uint8_t>(pending >> (bits - 8)));
      bits -= 8;
    }
  };
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (i % 200 == 0) put(256);
    put(data[i]);
  }
  put(257);
  if (bits > 0) out.push_back(static_cast<std::uint8_t>(pending << (8 - bits)));
  return out;
}

// A level of one size; its tiles are given afterwards.
inline slide::Storage storage_of(std::int64_t width, std::int64_t height, std::int64_t tile_width,
                                 std::int64_t tile_height, slide::Compression compression) {
  slide::Storage storage;
  storage.width_px = width;
  storage.height_px = height;
  storage.tile_width_px = tile_width;
  storage.tile_height_px = tile_height;
  storage.tiled = true;
  storage.compression = compression;
  return storage;
}

// A level that is one tile large, grey below three samples.
inline slide::Storage one_tile_storage(std::int64_t width, std::int64_t height, slide::Compression compression,
                                       int samples, int bits) {
  auto storage = storage_of(width, height, width, height, compression);
  storage.samples = samples;
  storage.bits = bits;
  storage.photometric = samples >= 3 ? slide::Photometric::Rgb : slide::Photometric::MinIsBlack;
  return storage;
}

// Windows of a tile, one of all of it among them, have its pixels, and nothing beside them is written.
inline void check_windows(decode::TileDecoder& decoder, const slide::Slide& slide, const RgbImage& tile) {
  const std::int64_t width = tile.width_px, height = tile.height_px, stride = 3 * width + 5;
  const auto check = [&](const std::vector<decode::TileWindow>& windows) {
    std::vector<Bytes> pixels(windows.size(), Bytes(static_cast<std::size_t>(stride * height), 78));
    std::vector<decode::TileWindow> filled = windows;
    for (std::size_t i = 0; i < windows.size(); ++i) filled[i].to.data = pixels[i].data();
    decoder.decode(slide, slide.levels()[0].storage, 0, {0, 0, 0}, filled);
    int wrong = 0;
    for (std::size_t i = 0; i < windows.size(); ++i)
      for (std::int64_t at = 0; at < stride * height; ++at) {
        const std::int64_t x = at % stride, y = at / stride;
        const bool inside = x < 3 * windows[i].to.width_px && y < windows[i].to.height_px;
        const auto from = static_cast<std::size_t>(3 * (width * (y + windows[i].y) + windows[i].x) + x);
        wrong += pixels[i][static_cast<std::size_t>(at)] != (inside ? tile.data[from] : 78);
      }
    CHECK_EQ(wrong, 0);
  };
  check({{0, 0, {nullptr, width, height, stride}}});
  check({{1, 1, {nullptr, width - 1, height - 1, stride}}, {0, 0, {nullptr, width / 2, 1, stride}}});
  check({});
  for (const decode::TileWindow& outside :
       {decode::TileWindow{1, 0, {nullptr, width, 1, stride}}, {0, 1, {nullptr, 1, height, stride}}})
    CHECK_THROWS(INTERNAL, decoder.decode(slide, slide.levels()[0].storage, 0, {0, 0, 0}, {&outside, 1}));
}

// Decodes the only tile of a level that is one tile large.
inline Bytes decode_single(const slide::Storage& storage, const std::vector<Bytes>& planes) {
  FakeSlide slide;
  slide.add_level(storage);
  for (std::size_t i = 0; i < planes.size(); ++i) slide.set_tile(0, 0, 0, planes[i], static_cast<int>(i));
  RgbImage image(storage.tile_width_px, storage.tile_height_px, 77);
  decode::TileDecoder decoder;
  decoder.decode(slide, slide.levels()[0].storage, 0, {0, 0, 0}, all_of(image.view()));
  check_windows(decoder, slide, image);
  return plain(image.data);
}

inline int largest_difference(const Bytes& a, const Bytes& b) {
  if (a.size() != b.size()) return 256;
  int most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

}  // namespace microtome::test
