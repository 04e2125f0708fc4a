// The input of codec_fuzz: what the tags of a slide say, in six bytes, and one stored tile of it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "slide/slide.h"

namespace microtome::fuzz {

struct CodedTileInput {
  static constexpr std::size_t kHeaderBytes = 6;
  static constexpr std::uint8_t kWide = 1, kBigEndian = 2, kTurned = 4, kPredictor = 8, kStrips = 16, kPlanar = 32;

  std::uint8_t compression = 0;  // slide::Compression, JPEG counting as none
  std::uint8_t colours = 0;      // index into kKinds
  std::uint8_t flags = 0;
  std::uint8_t cut_px = 0;  // by which the image ends before the tile does
  int width_px = 16;        // of the stored tile, 1 to 256
  int height_px = 16;
  std::vector<std::uint8_t> tile;

  struct Kind {
    slide::Photometric photometric;
    int samples;
    slide::Alpha alpha;
  };
  static constexpr std::array<Kind, 10> kKinds{{{slide::Photometric::Rgb, 3, slide::Alpha::None},
                                                {slide::Photometric::Rgb, 4, slide::Alpha::Unassociated},
                                                {slide::Photometric::Rgb, 4, slide::Alpha::Associated},
                                                {slide::Photometric::Rgb, 5, slide::Alpha::None},
                                                {slide::Photometric::MinIsBlack, 1, slide::Alpha::None},
                                                {slide::Photometric::MinIsWhite, 1, slide::Alpha::None},
                                                {slide::Photometric::MinIsBlack, 2, slide::Alpha::Unassociated},
                                                {slide::Photometric::Palette, 1, slide::Alpha::None},
                                                {slide::Photometric::YCbCr, 3, slide::Alpha::None},
                                                {slide::Photometric::Rgb, 3, slide::Alpha::None}}};

  static CodedTileInput parse(std::span<const std::uint8_t> input) {
    CodedTileInput result;
    if (input.size() < kHeaderBytes) return result;
    result.compression = input[0];
    result.colours = input[1];
    result.flags = input[2];
    result.cut_px = input[3];
    result.width_px = 1 + input[4];
    result.height_px = 1 + input[5];
    result.tile.assign(input.begin() + kHeaderBytes, input.end());
    return result;
  }

  [[nodiscard]] std::vector<std::uint8_t> bytes() const {
    std::vector<std::uint8_t> out{compression,
                                  colours,
                                  flags,
                                  cut_px,
                                  static_cast<std::uint8_t>(width_px - 1),
                                  static_cast<std::uint8_t>(height_px - 1)};
    out.insert(out.end(), tile.begin(), tile.end());
    return out;
  }

  // A level of one tile, as the directory reader might have described it.
  [[nodiscard]] slide::Storage storage() const {
    constexpr int kCompressions = static_cast<int>(slide::Compression::Jpeg2000) + 1;
    const Kind& kind = kKinds[colours % kKinds.size()];
    slide::Storage storage;
    storage.tiled = (flags & kStrips) == 0;
    storage.tile_width_px = width_px;
    storage.tile_height_px = height_px;
    storage.width_px = storage.tiled ? std::max(1, width_px - (cut_px & 15)) : width_px;
    storage.height_px = std::max(1, height_px - (cut_px >> 4));
    storage.compression = static_cast<slide::Compression>(compression % kCompressions);
    if (storage.compression == slide::Compression::Jpeg) storage.compression = slide::Compression::None;
    storage.photometric = kind.photometric;
    storage.samples = kind.samples;
    storage.alpha = kind.alpha;
    storage.alpha_sample = kind.alpha == slide::Alpha::None ? -1 : kind.samples - 1;
    const bool palette = kind.photometric == slide::Photometric::Palette;
    storage.bits = (flags & kWide) != 0 && !palette ? 16 : 8;
    storage.big_endian = (flags & kBigEndian) != 0;
    storage.fill_order = (flags & kTurned) != 0 ? 2 : 1;
    storage.predictor = (flags & kPredictor) != 0 ? 2 : 1;
    storage.planar = (flags & kPlanar) != 0 && kind.samples > 1;
    if (palette)
      for (int i = 0; i < 768; ++i) storage.palette.push_back(static_cast<std::uint16_t>(i * 85));
    return storage;
  }
};

}  // namespace microtome::fuzz
