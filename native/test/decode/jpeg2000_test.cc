// JPEG 2000: what a stream must be before OpenJPEG sees it, and, where it is compiled in, pixels and colours.
#include <cmath>
#include <random>

#include "core/error.h"
#include "decode/bad_tile.h"
#include "decode/codec_probes.h"
#include "decode/jpeg2000_color.h"
#include "decode/jpeg2000_stream.h"
#include "decode/openjpeg_assertion.h"
#include "decode/tile_codecs.h"
#include "test/decode/encoders.h"

namespace {

using namespace microtome;
using namespace microtome::decode;
using namespace microtome::test;
using slide::Compression;
using slide::Photometric;

Bytes probe() {
  const auto tile = codec_probe(Compression::Jpeg2000).tile;
  return {tile.begin(), tile.end()};
}

bool is_bad(const Bytes& stream, int components = 3) {
  try {
    (void)read_jpeg2000(stream, components);
  } catch (const BadTile&) {
    return true;
  }
  return false;
}

// Where a marker segment's content begins.
std::size_t content_of(const Bytes& stream, std::uint8_t marker) {
  for (std::size_t i = 0; i + 1 < stream.size(); ++i)
    if (stream[i] == 0xFF && stream[i + 1] == marker) return i + 4;
  return 0;
}

Bytes changed(Bytes stream, std::size_t at, std::initializer_list<std::uint8_t> bytes) {
  std::copy(bytes.begin(), bytes.end(), stream.begin() + static_cast<std::ptrdiff_t>(at));
  return stream;
}

TEST(the_header_is_read) {
  const Jpeg2000Stream stream = read_jpeg2000(probe(), 3);
  CHECK_EQ(stream.width_px, 2);
  CHECK_EQ(stream.height_px, 2);
  CHECK_EQ(stream.components.size(), 3u);
  CHECK_EQ(stream.components[1].bits, 8);
  CHECK(!stream.components[1].is_signed);
  CHECK_EQ(stream.components[2].dx, 1);
  CHECK(stream.component_transform);
  CHECK(!stream.by_openjpeg);
}

TEST(a_stream_cut_anywhere_is_damage) {
  const Bytes whole = probe();
  // Without its end marker it is whole: its last tile-part says where it ends. This one does; a part of length 0
  // reaches to the marker.
  const std::size_t length_at = content_of(whole, 0x90) + 2;
  const auto length = static_cast<std::uint8_t>(whole.size() - 2 - (length_at - 6));
  const Bytes sized = changed(whole, length_at, {0, 0, 0, length});
  CHECK(!is_bad(sized));
  CHECK(!is_bad(Bytes(sized.begin(), sized.end() - 2)));
  for (std::size_t bytes = 0; bytes + 2 < sized.size(); ++bytes)
    CHECK(is_bad(Bytes(sized.begin(), sized.begin() + static_cast<std::ptrdiff_t>(bytes))));
  const Bytes open_ended = changed(whole, length_at, {0, 0, 0, 0});
  CHECK(!is_bad(open_ended));
  for (std::size_t bytes = 0; bytes < open_ended.size(); ++bytes)
    CHECK(is_bad(Bytes(open_ended.begin(), open_ended.begin() + static_cast<std::ptrdiff_t>(bytes))));
}

// Each would cost time or memory out of proportion, or is not what a tile of a slide is.
TEST(headers_that_ask_for_too_much_are_refused) {
  const Bytes good = probe();
  const std::size_t siz = content_of(good, 0x51), cod = content_of(good, 0x52), sot = content_of(good, 0x90);
  CHECK(!is_bad(good));
  CHECK(is_bad(good, 2));                                           // more components than asked for
  CHECK(is_bad(changed(good, siz + 2, {0x7F, 0xFF, 0xFF, 0xFF})));  // two thousand million pixels wide
  CHECK(is_bad(changed(good, siz + 2, {0, 0, 0x80, 0})));           // 16384 tiles
  CHECK(is_bad(changed(good, siz + 2, {0, 0, 0, 4})));              // two tiles, one of them missing
  CHECK(is_bad(changed(good, siz + 10, {0, 0, 0, 1})));             // does not begin at 0
  CHECK(is_bad(changed(good, siz + 18, {0, 0, 0, 0})));             // tiles without a width
  CHECK(is_bad(changed(good, siz + 36 + 1, {0})));                  // a component without a width
  CHECK(is_bad(changed(good, cod + 2, {0, 0})));                    // no layers
  CHECK(is_bad(changed(good, cod + 5, {33})));                      // 34 resolutions
  CHECK(is_bad(changed(good, sot, {0, 1})));                        // a tile that is not there
  CHECK(is_bad(changed(good, sot + 7, {2})));                       // of two parts
  CHECK(is_bad(changed(good, sot + 2, {0, 0xFF, 0, 0})));           // beyond the end
}

TEST(precincts_and_layers_are_bounded_together) {
  // 1024 x 1024 as one tile, precincts of 1 x 1: the header alone asks for millions.
  Bytes stream = probe();
  const std::size_t siz = content_of(stream, 0x51);
  for (const std::size_t at : {2u, 6u, 18u, 22u}) stream = changed(stream, siz + at, {0, 0, 4, 0});
  CHECK(!is_bad(stream));
  const std::size_t cod = content_of(stream, 0x52);
  CHECK(!is_bad(changed(stream, cod + 2, {0xFF, 0xFF})));  // many layers of one precinct each
  Bytes fine = changed(stream, cod, {1});
  fine[cod - 1] = 13;
  fine.insert(fine.begin() + static_cast<std::ptrdiff_t>(cod) + 10, 0x00);  // the size of a precinct: 2^0 x 2^0
  CHECK(is_bad(fine));
  fine[cod + 10] = 0x77;  // 128 x 128: 3 * 64 and a few
  CHECK(!is_bad(fine));
  CHECK(is_bad(changed(fine, cod + 2, {0xFF, 0xFF})));
}

TEST(colours_follow_the_writer) {
  Jpeg2000Stream stream;
  stream.components.resize(3);
  const auto color = [&](Compression compression, Photometric tag, bool transform, bool openjpeg) {
    stream.component_transform = transform;
    stream.by_openjpeg = openjpeg;
    return jpeg2000_color(compression, tag, stream);
  };
  using enum Jpeg2000Color;
  for (const Photometric tag : {Photometric::Rgb, Photometric::YCbCr})
    for (const bool openjpeg : {false, true}) {
      CHECK(color(Compression::Jpeg2000YCbCr, tag, false, openjpeg) == YCbCr);
      CHECK(color(Compression::Jpeg2000YCbCr, tag, true, openjpeg) == AsDecoded);
      CHECK(color(Compression::Jpeg2000Rgb, tag, false, openjpeg) == AsDecoded);
      CHECK(color(Compression::Jpeg2000Rgb, tag, true, openjpeg) == AsDecoded);
      CHECK(color(Compression::Jpeg2000, tag, true, openjpeg) == AsDecoded);
      CHECK(color(Compression::Jpeg2000, tag, false, openjpeg) == (tag == Photometric::YCbCr ? YCbCr : AsDecoded));
    }
  CHECK(color(Compression::Jpeg2000Lossy, Photometric::Rgb, true, true) == YCbCrOfLibvips);
  CHECK(color(Compression::Jpeg2000Lossy, Photometric::Rgb, true, false) == AsDecoded);
  CHECK(color(Compression::Jpeg2000Lossy, Photometric::YCbCr, false, false) == YCbCr);
  stream.boxed = true;
  CHECK(color(Compression::Jpeg2000Lossy, Photometric::Rgb, true, true) == AsDecoded);
  stream.components.resize(1);
  CHECK(color(Compression::Jpeg2000YCbCr, Photometric::YCbCr, false, false) == AsDecoded);
}

TEST(ycbcr_becomes_rgb_as_jfif_says) {
  int worst = 0;
  for (int y = 0; y < 256; y += 5)
    for (int cb = 0; cb < 256; cb += 3)
      for (int cr = 0; cr < 256; cr += 3) {
        Bytes pixel{static_cast<std::uint8_t>(y), static_cast<std::uint8_t>(cb), static_cast<std::uint8_t>(cr), 77};
        jpeg2000_to_rgb(Jpeg2000Color::YCbCr, 4, pixel);
        const double exact[] = {y + 1.402 * (cr - 128), y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128),
                                y + 1.772 * (cb - 128)};
        for (std::size_t c = 0; c < 3; ++c)
          worst = std::max(worst, std::abs(pixel[c] - static_cast<int>(std::lround(std::clamp(exact[c], 0.0, 255.0)))));
        CHECK_EQ(int{pixel[3]}, 77);
      }
  CHECK(worst <= 1);  // where the exact value is next to a half
}

#ifdef MICROTOME_WITH_JPEG2000

constexpr int kWidth = 37, kHeight = 21;

slide::Storage storage(Compression compression, int samples = 3, int bits = 8) {
  return one_tile_storage(kWidth, kHeight, compression, samples, bits);
}

// Through the whole of TileDecoder; empty when it says CORRUPT_TILE.
Bytes decode(const slide::Storage& from, const Bytes& stream) {
  try {
    return decode_single(from, {stream});
  } catch (const Error& error) {
    CHECK(error.code() == Code::CORRUPT_TILE);
    return {};
  }
}

TEST(lossless_streams_come_back) {
  const Bytes rgb = picture(kWidth, kHeight);
  const auto planes = planes_of(rgb, 3);
  for (const Compression one : {Compression::Jpeg2000, Compression::Jpeg2000Rgb})
    for (const bool transform : {false, true})
      for (const bool boxes : {false, true})
        for (const int tile_px : {0, 16}) {
          Jpeg2000Options options;
          options.component_transform = transform;
          options.boxes = boxes;
          options.tile_px = tile_px;
          CHECK(decode(storage(one), jpeg2000_encode(planes, kWidth, kHeight, options)) == rgb);
        }
}

TEST(grey_sixteen_bits_and_alpha) {
  const Bytes rgb = picture(kWidth, kHeight);
  std::vector<std::vector<int>> grey{planes_of(rgb, 3)[0]};
  const Bytes from_grey = decode(storage(Compression::Jpeg2000, 1), jpeg2000_encode(grey, kWidth, kHeight));
  CHECK_EQ(from_grey.size(), rgb.size());
  for (std::size_t i = 0; i < from_grey.size(); ++i) CHECK_EQ(int{from_grey[i]}, grey[0][i / 3]);

  Jpeg2000Options wide;
  wide.bits = 16;
  auto planes = planes_of(rgb, 3);
  for (auto& plane : planes)
    for (auto& value : plane) value = value << 8 | 0x5A;
  CHECK(decode(storage(Compression::Jpeg2000, 3, 16), jpeg2000_encode(planes, kWidth, kHeight, wide)) == rgb);

  auto four = storage(Compression::Jpeg2000, 4);
  four.alpha = slide::Alpha::Unassociated;
  four.alpha_sample = 3;
  auto with_alpha = planes_of(rgb, 3);
  with_alpha.emplace_back(kWidth * kHeight, 255);
  CHECK(decode(four, jpeg2000_encode(with_alpha, kWidth, kHeight)) == rgb);
}

// Aperio's 33003: no transform, chroma whole or of half the size, repeated.
TEST(aperio_ycbcr_is_converted_and_repeated) {
  for (const auto& [dx, dy] : {std::pair{1, 1}, std::pair{2, 1}, std::pair{2, 2}}) {
    Jpeg2000Options options;
    options.chroma_dx = dx;
    options.chroma_dy = dy;
    const int width = (kWidth + dx - 1) / dx, height = (kHeight + dy - 1) / dy;
    std::vector<std::vector<int>> planes(3);
    for (int i = 0; i < kWidth * kHeight; ++i) planes[0].push_back(i % 256);
    for (int i = 0; i < width * height; ++i) {
      planes[1].push_back((100 + i) % 256);
      planes[2].push_back((200 + 3 * i) % 256);
    }
    Bytes expected;
    for (int y = 0; y < kHeight; ++y)
      for (int x = 0; x < kWidth; ++x) {
        const auto chroma = static_cast<std::size_t>(y / dy * width + x / dx);
        for (const int value :
             {planes[0][static_cast<std::size_t>(y * kWidth + x)], planes[1][chroma], planes[2][chroma]})
          expected.push_back(static_cast<std::uint8_t>(value));
      }
    const Bytes raw = expected;
    jpeg2000_to_rgb(Jpeg2000Color::YCbCr, 3, expected);
    const Bytes stream = jpeg2000_encode(planes, kWidth, kHeight, options);
    CHECK(decode(storage(Compression::Jpeg2000YCbCr), stream) == expected);
    CHECK(decode(storage(Compression::Jpeg2000Rgb), stream) == raw);
  }
}

TEST(other_sizes_depths_and_samplings_are_damage) {
  const auto planes = planes_of(picture(kWidth, kHeight), 3);
  const Bytes stream = jpeg2000_encode(planes, kWidth, kHeight);
  CHECK(decode(storage(Compression::Jpeg2000, 4), stream).empty());
  CHECK(decode(storage(Compression::Jpeg2000, 3, 16), stream).empty());
  auto wider = storage(Compression::Jpeg2000);
  wider.width_px = wider.tile_width_px = kWidth + 1;
  CHECK(decode(wider, stream).empty());
  Jpeg2000Options quarter;
  quarter.chroma_dx = 4;
  std::vector<std::vector<int>> narrow{planes[0], planes[1], planes[2]};
  for (std::size_t c : {1u, 2u}) narrow[c].resize(static_cast<std::size_t>((kWidth + 3) / 4 * kHeight));
  CHECK(decode(storage(Compression::Jpeg2000), jpeg2000_encode(narrow, kWidth, kHeight, quarter)).empty());
  Jpeg2000Options below_zero;
  below_zero.is_signed = true;
  std::vector<std::vector<int>> zeros(3, std::vector<int>(kWidth * kHeight, 0));
  CHECK(decode(storage(Compression::Jpeg2000), jpeg2000_encode(zeros, kWidth, kHeight, below_zero)).empty());
}

TEST(a_tile_that_is_cut_is_never_decoded) {
  const Bytes stream = jpeg2000_encode(planes_of(picture(kWidth, kHeight), 3), kWidth, kHeight);
  for (std::size_t bytes = 1; bytes + 2 < stream.size(); bytes += 7)
    CHECK(decode(storage(Compression::Jpeg2000),
                 Bytes(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(bytes)))
              .empty());
  Bytes longer = stream;
  longer.insert(longer.end(), 100, 0x33);
  CHECK(decode(storage(Compression::Jpeg2000), longer) == picture(kWidth, kHeight));
}

// Any bytes give pixels or an error (run with sanitizers).
TEST(noise_gives_pixels_or_an_error) {
  std::mt19937 random(4);
  const Bytes stream = jpeg2000_encode(planes_of(picture(kWidth, kHeight), 3), kWidth, kHeight);
  int bad = 0;
  for (int round = 0; round < 400; ++round) {
    Bytes noisy = stream;
    for (int flips = 1 + round % 3; flips > 0; --flips)
      noisy[random() % noisy.size()] ^= static_cast<std::uint8_t>(1u << random() % 8);
    bad += decode(storage(Compression::Jpeg2000), noisy).empty();
  }
  CHECK(bad > 0);
}

// Not in OpenJPEG's public header: begins with an assertion on its arguments.
extern "C" void opj_copy_image_header(const opj_image_t* from, opj_image_t* to);

TEST(an_assertion_of_openjpeg_does_not_end_the_process) {
  bool thrown = false;
  try {
    opj_copy_image_header(nullptr, nullptr);
  } catch (const OpenJpegAssertion&) {
    thrown = true;
  }
  CHECK(thrown);
}

TEST(a_tile_out_of_proportion_is_refused_before_it_is_decoded) {
  Bytes stream = probe();
  const std::size_t siz = content_of(stream, 0x51);
  for (const std::size_t at : {2u, 6u, 18u, 22u}) stream = changed(stream, siz + at, {0, 0, 0x10, 0});  // 4096 x 4096
  auto huge = storage_of(4096, 4096, 4096, 4096, Compression::Jpeg2000);
  CHECK_THROWS(LIMIT_EXCEEDED, decode_single(huge, {stream}));
}

#endif  // MICROTOME_WITH_JPEG2000

}  // namespace

TEST_MAIN
