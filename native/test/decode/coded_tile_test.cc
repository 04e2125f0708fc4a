// Tiles that are not JPEG: uncompressed, and through the codecs that are compiled in or libvips.
#include <algorithm>
#include <thread>

#include "decode/built_in_codecs.h"
#include "decode/codec_probes.h"
#include "test/decode/codec_support.h"

namespace {

using namespace microtome;
using namespace microtome::decode;
using namespace microtome::test;
using slide::Compression;
using slide::Photometric;

constexpr int kWidth = 20, kHeight = 12;

slide::Storage storage(Compression compression, int samples = 3, int bits = 8) {
  return one_tile_storage(kWidth, kHeight, compression, samples, bits);
}

Bytes encode(Compression compression, const Bytes& raw) {
  if (compression == Compression::Lzw) return lzw_literals(raw);
  return compression == Compression::Deflate ? deflate_stored(raw) : raw;
}

// 16-bit samples whose upper bytes are `high`.
Bytes widen(const Bytes& high, bool big_endian) {
  Bytes out;
  for (const std::uint8_t value : high) {
    out.push_back(big_endian ? value : 0x5A);
    out.push_back(big_endian ? 0x5A : value);
  }
  return out;
}

const std::vector<Compression>& codecs(const char* test) {
  static const std::vector<Compression> all{Compression::None, Compression::Lzw, Compression::Deflate};
  static const std::vector<Compression> own{Compression::None};
  return have_vips(test) ? all : own;
}

TEST(rgb_comes_back_as_stored) {
  const Bytes rgb = picture(kWidth, kHeight);
  for (const Compression one : codecs(__func__)) CHECK(decode_single(storage(one), {encode(one, rgb)}) == rgb);
}

// Plain RGB goes straight into a destination without gaps; into another one it is copied.
TEST(a_destination_with_gaps_gets_the_same_pixels) {
  const Bytes rgb = picture(kWidth, kHeight);
  for (const Compression one : codecs(__func__)) {
    FakeSlide slide;
    slide.add_level(storage(one));
    slide.set_tile(0, 0, 0, encode(one, rgb));
    constexpr std::size_t kRow = 3 * kWidth, kStride = kRow + 10;
    Bytes wide(kStride * kHeight, 77);
    TileDecoder decoder;
    const RgbView out{wide.data(), kWidth, kHeight, static_cast<std::int64_t>(kStride)};
    decoder.decode(slide, slide.levels()[0].storage, 0, {0, 0, 0}, all_of(out));
    int wrong = 0;
    for (std::size_t i = 0; i < wide.size(); ++i)
      wrong += wide[i] != (i % kStride < kRow ? rgb[i / kStride * kRow + i % kStride] : 77);
    CHECK_EQ(wrong, 0);
  }
}

TEST(sixteen_bits_in_both_byte_orders) {
  const Bytes rgb = picture(kWidth, kHeight);
  for (const Compression one : codecs(__func__))
    for (const bool big : {false, true}) {
      auto wide = storage(one, 3, 16);
      wide.big_endian = big;
      CHECK(decode_single(wide, {encode(one, widen(rgb, big))}) == rgb);
    }
}

TEST(the_predictor_is_undone) {
  if (!have_vips(__func__)) return;
  const Bytes rgb = picture(kWidth, kHeight);
  Bytes differences = rgb;
  for (int y = 0; y < kHeight; ++y)
    for (int i = 3 * kWidth - 1; i >= 3; --i) {
      const auto at = static_cast<std::size_t>(3 * kWidth * y + i);
      differences[at] = static_cast<std::uint8_t>(rgb[at] - rgb[at - 3]);
    }
  for (const Compression one : {Compression::Lzw, Compression::Deflate}) {
    auto predicted = storage(one);
    predicted.predictor = 2;
    CHECK(decode_single(predicted, {encode(one, differences)}) == rgb);
  }
}

TEST(turned_bits_are_turned_back) {
  const Bytes rgb = picture(kWidth, kHeight);
  for (const Compression one : codecs(__func__)) {
    Bytes turned = encode(one, rgb);
    for (auto& byte : turned) {
      int out = 0;
      for (int bit = 0; bit < 8; ++bit) out |= ((byte >> bit) & 1) << (7 - bit);
      byte = static_cast<std::uint8_t>(out);
    }
    auto reversed = storage(one);
    reversed.fill_order = 2;
    CHECK(decode_single(reversed, {turned}) == rgb);
  }
}

// The tags that make a codec library convert (palette, inverted grey, alpha) must not reach it.
TEST(grey_palette_and_alpha_are_converted_here) {
  Bytes grey, with_alpha;
  for (int i = 0; i < kWidth * kHeight; ++i) {
    grey.push_back(static_cast<std::uint8_t>(i));
    for (const int value : {i, 2 * i, 255 - i, 3 * i}) with_alpha.push_back(static_cast<std::uint8_t>(value));
  }
  for (const Compression one : codecs(__func__)) {
    auto inverted = storage(one, 1);
    inverted.photometric = Photometric::MinIsWhite;
    auto indexed = storage(one, 1);
    indexed.photometric = Photometric::Palette;
    for (int c = 0; c < 3; ++c)
      for (int i = 0; i < 256; ++i) indexed.palette.push_back(static_cast<std::uint16_t>((i + 10 * c) % 256 << 8));
    const Bytes from_grey = decode_single(storage(one, 1), {encode(one, grey)});
    const Bytes from_inverted = decode_single(inverted, {encode(one, grey)});
    const Bytes from_indexed = decode_single(indexed, {encode(one, grey)});
    auto alpha = storage(one, 4);
    alpha.alpha = slide::Alpha::Unassociated;
    alpha.alpha_sample = 3;
    const Bytes from_unassociated = decode_single(alpha, {encode(one, with_alpha)});
    alpha.alpha = slide::Alpha::Associated;
    const Bytes from_associated = decode_single(alpha, {encode(one, with_alpha)});
    int wrong = 0;
    for (std::size_t i = 0; i < grey.size(); ++i)
      for (std::size_t c = 0; c < 3; ++c) {
        const int color = with_alpha[4 * i + c], a = with_alpha[4 * i + 3];
        wrong += from_grey[3 * i + c] != grey[i];
        wrong += from_inverted[3 * i + c] != 255 - grey[i];
        wrong += from_indexed[3 * i + c] != (grey[i] + 10 * c) % 256;
        wrong += from_unassociated[3 * i + c] != (2 * (color * a + 255 * (255 - a)) + 255) / 510;
        wrong += from_associated[3 * i + c] != std::min(255, color + 255 - a);
      }
    CHECK_EQ(wrong, 0);
  }
}

TEST(two_and_five_samples_come_back_raw) {
  for (const Compression one : codecs(__func__)) {
    Bytes two, five;
    for (int i = 0; i < kWidth * kHeight; ++i) {
      for (const int value : {i, 99}) two.push_back(static_cast<std::uint8_t>(value));
      for (const int value : {i, i + 1, i + 2, 98, 99}) five.push_back(static_cast<std::uint8_t>(value));
    }
    const Bytes from_two = decode_single(storage(one, 2), {encode(one, two)});
    const Bytes from_five = decode_single(storage(one, 5), {encode(one, five)});
    int wrong = 0;
    for (std::size_t i = 0; i < kWidth * kHeight; ++i)
      for (std::size_t c = 0; c < 3; ++c) {
        wrong += from_two[3 * i + c] != (i & 255);
        wrong += from_five[3 * i + c] != ((i + c) & 255);
      }
    CHECK_EQ(wrong, 0);
  }
}

TEST(planes_are_put_together) {
  const Bytes rgb = picture(kWidth, kHeight);
  for (const Compression one : codecs(__func__))
    for (const int bits : {8, 16}) {
      std::vector<Bytes> planes(3);
      for (std::size_t i = 0; i < rgb.size(); ++i) planes[i % 3].push_back(rgb[i]);
      for (auto& plane : planes) plane = encode(one, bits == 16 ? widen(plane, false) : plane);
      auto planar = storage(one, 3, bits);
      planar.planar = true;
      CHECK(decode_single(planar, planes) == rgb);
      planes.pop_back();
      CHECK_THROWS(CORRUPT_TILE, decode_single(planar, planes));
    }
}

TEST(too_few_bytes_are_damage) {
  const Bytes rgb = picture(kWidth, kHeight);
  CHECK_THROWS(CORRUPT_TILE, decode_single(storage(Compression::None), {Bytes(rgb.begin(), rgb.end() - 1)}));
  if (!have_vips(__func__)) return;
  for (const Compression one : {Compression::Lzw, Compression::Deflate}) {
    const Bytes whole = encode(one, rgb);
    const Bytes half(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(whole.size() / 2));
    CHECK_THROWS(CORRUPT_TILE, decode_single(storage(one), {half}));
    CHECK_THROWS(CORRUPT_TILE, decode_single(storage(one), {Bytes(100, 0xAA)}));
    // Decodes fine, but to fewer rows than the tile has.
    CHECK_THROWS(CORRUPT_TILE, decode_single(storage(one), {encode(one, picture(kWidth, kHeight - 1))}));
  }
}

TEST(a_missing_tile_is_white) {
  FakeSlide slide;
  slide.add_level(storage(Compression::None));
  RgbImage out(kWidth, kHeight, 0);
  TileDecoder decoder;
  const TileState state = decoder.decode(slide, slide.levels()[0].storage, 0, {0, 0, 0}, all_of(out.view()));
  CHECK(state == TileState::Missing);
  CHECK(std::all_of(out.data.begin(), out.data.end(), [](std::uint8_t v) { return v == 255; }));
}

TEST(limits_hold_before_anything_is_read) {
  FakeSlide slide;
  slide.add_level(storage(Compression::None));
  slide.set_tile(0, 0, 0, picture(kWidth, kHeight));
  slide::Limits limits;
  limits.decoded_tile_bytes = 3 * kWidth * kHeight - 1;
  slide.set_limits(limits);
  RgbImage out(kWidth, kHeight);
  TileDecoder decoder;
  CHECK_THROWS(LIMIT_EXCEEDED, decoder.decode(slide, slide.levels()[0].storage, 0, {0, 0, 0}, all_of(out.view())));
  limits = {};
  limits.stored_tile_bytes = 100;
  slide.set_limits(limits);
  CHECK_THROWS(LIMIT_EXCEEDED, decoder.decode(slide, slide.levels()[0].storage, 0, {0, 0, 0}, all_of(out.view())));
  auto huge = storage(Compression::None);
  huge.width_px = huge.tile_width_px = std::int64_t{1} << 40;
  huge.height_px = huge.tile_height_px = std::int64_t{1} << 40;
  CHECK_THROWS(LIMIT_EXCEEDED, decoder.load(slide, huge, 0, {0, 0, 0}));
}

TEST(every_codec_is_either_right_or_refused_by_name) {
  if (!have_vips(__func__)) return;
  const auto names = available_codecs();
  const auto has = [&](const char* name) {
    return std::any_of(names.begin(), names.end(),
                       [&](const CodecSource& one) { return one.codec == name && !one.library.empty(); });
  };
  CHECK(has("none") && has("lzw") && has("deflate") && has("webp"));
  for (const CodecSource& one : names) {
    CHECK(one.library.empty() || one.built_in || one.codec == "jpeg" || one.library == "libvips");
    CHECK(!one.library.empty() || !one.built_in);
  }
  struct Case {
    Compression compression;
    const char* name;
    const char* title;
  };
  for (const Case& one : {Case{Compression::Lzw, "lzw", "LZW"}, Case{Compression::Deflate, "deflate", "Deflate"},
                          Case{Compression::WebP, "webp", "WebP"}, Case{Compression::Zstd, "zstd", "ZSTD"},
                          Case{Compression::Jpeg2000, "jpeg2000", "JPEG 2000"},
                          Case{Compression::Jpeg2000Rgb, "jpeg2000", "JPEG 2000"}}) {
    const auto probe = codec_probe(one.compression);
    const auto tile = storage_of(probe.side_px, probe.side_px, probe.side_px, probe.side_px, one.compression);
    try {
      const Bytes pixels = decode_single(tile, {Bytes(probe.tile.begin(), probe.tile.end())});
      CHECK(has(one.name));
      for (std::size_t i = 0; i < pixels.size(); ++i) CHECK_EQ(int{pixels[i]}, static_cast<int>(10 * (i % 3 + 1)));
    } catch (const Error& error) {
      CHECK(!has(one.name));
      CHECK_EQ(code_name(error.code()), std::string_view("UNSUPPORTED_COMPRESSION"));
      CHECK(error.message().find(one.title) != std::string::npos);
    }
  }
}

TEST(pixels_no_decoder_gets_right_are_refused) {
  auto ycbcr = storage(Compression::Deflate);
  ycbcr.photometric = Photometric::YCbCr;
  CHECK_THROWS(UNSUPPORTED_PIXELS, require_codec(ycbcr, "a"));
  CHECK_THROWS(UNSUPPORTED_PIXELS, require_codec(storage(Compression::WebP, 1), "a"));
  CHECK_THROWS(UNSUPPORTED_PIXELS, require_codec(storage(Compression::WebP, 3, 16), "a"));
  CHECK_THROWS(UNSUPPORTED_PIXELS, require_codec(storage(Compression::Jpeg, 3, 16), "a"));
  CHECK_THROWS(UNSUPPORTED_PIXELS, require_codec(storage(Compression::None, 3, 12), "a"));
  auto few = storage(Compression::None, 2);
  few.photometric = Photometric::Rgb;
  CHECK_THROWS(UNSUPPORTED_PIXELS, require_codec(few, "a"));
}

// Good and bad tiles of one slide from many threads: no tile may see anything of another.
TEST(many_tiles_are_decoded_at_once) {
  if (!have_vips(__func__)) return;
  FakeSlide slide;
  auto level = storage(Compression::Lzw);
  level.width_px = 4 * kWidth;
  slide.add_level(level);
  for (int i = 0; i < 4; ++i) {
    const Bytes tile = lzw_literals(picture(kWidth, kHeight, 50 * i));
    slide.set_tile(0, i, 0, i == 2 ? Bytes(tile.begin(), tile.begin() + 40) : tile);
  }
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (std::size_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      TileDecoder decoder;
      RgbImage out(kWidth, kHeight);
      for (int i = 0; i < 50; ++i) {
        const int column = (i + static_cast<int>(t)) % 4;
        try {
          decoder.decode(slide, slide.levels()[0].storage, 0, {0, column, 0}, all_of(out.view()));
          if (column == 2 || plain(out.data) != picture(kWidth, kHeight, 50 * column)) ++wrong[t];
        } catch (const Error&) {
          if (column != 2) ++wrong[t];
        }
      }
      leave_thread();
    });
  for (auto& thread : threads) thread.join();
  for (const int count : wrong) CHECK_EQ(count, 0);
}

}  // namespace

TEST_MAIN
