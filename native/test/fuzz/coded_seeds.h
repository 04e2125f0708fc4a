// Tiles and slides of every compression but JPEG, from the encoders that this build has.
#pragma once

#include <functional>
#include <string>

#include "decode/built_in_codecs.h"
#include "decode/codec_probes.h"
#include "test/decode/encoders.h"
#include "test/fuzz/coded_tile.h"
#include "test/support/tiff_writer.h"

namespace microtome::fuzz {

using slide::Compression;
using test::Bytes;
namespace tag = test::tag;

// Called with each seed and a name for it.
using Keep = std::function<void(const std::string& name, const Bytes& bytes)>;

struct CodedSeed {
  std::string name;
  Compression compression;
  std::uint64_t code;  // of TIFF; 0: no slide is made of it
  int side_px;
  Bytes tile;
  std::uint8_t colours = 0;
  std::uint8_t flags = 0;
};

// The smallest images of the codecs whose encoder may be missing come from their probes.
inline void add_probes(std::vector<CodedSeed>& seeds) {
  constexpr int kCompressions = static_cast<int>(Compression::Jpeg2000) + 1;
  for (int i = 0; i < kCompressions; ++i) {
    const auto compression = static_cast<Compression>(i);
    const decode::CodecProbe probe = decode::codec_probe(compression);
    if (probe.tile.empty()) continue;
    const Bytes tile(probe.tile.begin(), probe.tile.end());
    seeds.push_back({"probe-" + std::to_string(i), compression, 0, static_cast<int>(probe.side_px), tile});
  }
}

#ifdef MICROTOME_WITH_JPEG2000
inline void add_jpeg2000(std::vector<CodedSeed>& seeds) {
  const auto planes = [](int count, int most, int chroma_step) {
    std::vector<std::vector<int>> result(static_cast<std::size_t>(count));
    for (int c = 0; c < count; ++c) {
      const int step = c == 1 || c == 2 ? chroma_step : 1;
      for (int i = 0; i < (16 / step) * (16 / step); ++i)
        result[static_cast<std::size_t>(c)].push_back((i * (7 + c) + 40 * c) % (most + 1));
    }
    return result;
  };
  const auto add = [&](const char* name, Compression compression, std::uint64_t code, int count,
                       test::Jpeg2000Options options, std::uint8_t colours) {
    const auto pixels = planes(count, (1 << options.bits) - 1, options.chroma_dx);
    const Bytes tile = test::jpeg2000_encode(pixels, 16, 16, options);
    const std::uint8_t flags = options.bits == 16 ? CodedTileInput::kWide : 0;
    seeds.push_back({std::string("jpeg2000-") + name, compression, code, 16, tile, colours, flags});
  };
  add("rgb", Compression::Jpeg2000Rgb, 33005, 3, {}, 0);
  add("transformed", Compression::Jpeg2000, 34712, 3, {.component_transform = true}, 0);
  add("ycbcr", Compression::Jpeg2000YCbCr, 33003, 3, {}, 0);
  add("ycbcr-tag", Compression::Jpeg2000, 34712, 3, {}, 8);
  add("ycbcr-420", Compression::Jpeg2000YCbCr, 33003, 3, {.chroma_dx = 2, .chroma_dy = 2}, 8);
  add("rgb16", Compression::Jpeg2000, 34712, 3, {.bits = 16}, 0);
  add("grey", Compression::Jpeg2000, 34712, 1, {}, 4);
  add("grey16", Compression::Jpeg2000, 34712, 1, {.bits = 16}, 4);
  add("alpha", Compression::Jpeg2000, 34712, 4, {}, 1);
  add("tiles", Compression::Jpeg2000, 34712, 3, {.tile_px = 8}, 0);
  add("boxes", Compression::Jpeg2000, 34712, 3, {.boxes = true}, 0);
  add("signed", Compression::Jpeg2000, 34712, 3, {.is_signed = true}, 0);
}
#endif

inline std::vector<CodedSeed> coded_seeds() {
  std::vector<CodedSeed> seeds;
  const Bytes pixels = test::picture(16, 16);
  const Bytes large = test::picture(48, 48);
  seeds.push_back({"none", Compression::None, 1, 16, pixels});
  seeds.push_back({"deflate", Compression::Deflate, 8, 16, test::deflate_encode(pixels)});
  seeds.push_back({"deflate-48", Compression::Deflate, 32946, 48, test::deflate_encode(large)});
  seeds.push_back({"deflate-stored", Compression::Deflate, 8, 16, test::deflate_stored(pixels)});
  seeds.push_back({"lzw", Compression::Lzw, 5, 16, test::lzw_encode(pixels)});
  seeds.push_back({"lzw-48", Compression::Lzw, 5, 48, test::lzw_encode(large)});
  seeds.push_back({"lzw-old", Compression::Lzw, 5, 48, test::lzw_encode(large, {.old_style = true})});
#ifdef MICROTOME_WITH_ZSTD
  seeds.push_back({"zstd", Compression::Zstd, 50000, 16, test::zstd_encode(pixels)});
  seeds.push_back({"zstd-stream", Compression::Zstd, 50000, 48, test::zstd_encode(large, false)});
#endif
#ifdef MICROTOME_WITH_WEBP
  seeds.push_back({"webp", Compression::WebP, 50001, 16, test::webp_encode(pixels, 16, 16, 3)});
  seeds.push_back({"webp-lossy", Compression::WebP, 50001, 48, test::webp_encode(large, 48, 48, 3, 60)});
  seeds.push_back({"webp-alpha", Compression::WebP, 50001, 16, test::webp_encode(test::picture(16, 22), 16, 16, 4), 1});
#endif
#ifdef MICROTOME_WITH_JPEG2000
  if (decode::built_in_codec(Compression::Jpeg2000) != nullptr) add_jpeg2000(seeds);
#endif
  add_probes(seeds);
  return seeds;
}

// As it is, and with every layout and kind of pixel, most of which will not fit the stream.
inline void keep_coded_tiles(const Keep& keep) {
  using Input = CodedTileInput;
  for (const CodedSeed& seed : coded_seeds()) {
    Input input;
    input.compression = static_cast<std::uint8_t>(seed.compression);
    input.colours = seed.colours;
    input.flags = seed.flags;
    input.width_px = input.height_px = seed.side_px;
    input.tile = seed.tile;
    keep(seed.name, input.bytes());
    for (const std::uint8_t flags : {Input::kPredictor, Input::kTurned, Input::kStrips, Input::kPlanar}) {
      input.flags = seed.flags | flags;
      keep(seed.name + "-" + std::to_string(flags), input.bytes());
    }
    input.cut_px = 0x35;
    input.flags = Input::kWide | Input::kBigEndian | Input::kPredictor;
    input.width_px = std::max(1, seed.side_px / 2);
    for (std::uint8_t kind = 0; kind < Input::kKinds.size(); ++kind) {
      input.colours = kind;
      keep(seed.name + "-kind-" + std::to_string(kind), input.bytes());
    }
  }
}

inline void keep_coded_slides(const Keep& keep) {
  for (const CodedSeed& seed : coded_seeds()) {
    if (seed.code == 0) continue;
    const auto& kind = CodedTileInput::kKinds[seed.colours];
    const auto side = static_cast<std::uint64_t>(seed.side_px);
    const std::uint64_t bits = (seed.flags & CodedTileInput::kWide) != 0 ? 16 : 8;
    auto image = test::tiff_image(2 * side - 2, side, side, static_cast<std::uint64_t>(kind.samples), bits);
    image.set(tag::kCompression, {seed.code}).tiles({seed.tile, seed.tile});
    if (kind.photometric == slide::Photometric::YCbCr) image.set(tag::kPhotometric, {6});
    if (kind.alpha != slide::Alpha::None) image.set(tag::kExtraSamples, {2});
    keep("coded-" + seed.name, test::TiffWriter().add(image).bytes());
    keep("coded-predictor-" + seed.name, test::TiffWriter({true, true}).add(image.set(tag::kPredictor, {2})).bytes());
  }
}

}  // namespace microtome::fuzz
