// Images that are no slides: each outcome of JPEG and PNG, orientation, hostile headers, and seeded damage. What Pillow
// makes of such files is compared in test/peers/crops.test.ts.
#include "decode/image_decoder.h"

#include <array>
#include <cstdlib>
#include <random>
#include <string>

#include "decode/exif.h"
#include "test/check.h"
#include "test/decode/baseline_writer.h"
#include "test/support/heap_count.h"
#include "test/support/png_writer.h"

using namespace microtome;
using namespace microtome::decode;
using test::Bytes;
using test::PngWriter;

namespace {

struct Decoded {
  std::int64_t width = 0, height = 0;
  int marks = 0;
  Bytes rgb;
};

Decoded decoded(const Bytes& file) {
  ImageDecoder decoder;
  ImageFacts facts = decoder.look(file);
  const ConstRgbView image = decoder.decode(facts);
  return {image.width_px, image.height_px, facts.marks,
          Bytes(image.data, image.data + 3 * image.width_px * image.height_px)};
}

template <typename Body>
std::string code_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return std::string(code_name(error.code()));
  }
  return "none";
}

std::string code_of_file(const Bytes& file) {
  return code_of([&] { (void)decoded(file); });
}

Bytes segment(int marker, const Bytes& body) {
  const std::size_t length = body.size() + 2;
  Bytes out{0xFF, static_cast<std::uint8_t>(marker), static_cast<std::uint8_t>(length >> 8),
            static_cast<std::uint8_t>(length)};
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

// Behind the start of image.
Bytes with_segment(Bytes jpeg, const Bytes& one) {
  jpeg.insert(jpeg.begin() + 2, one.begin(), one.end());
  return jpeg;
}

Bytes exif_block(bool little, int value, int entries = 1, int at = 8) {
  Bytes out = little ? Bytes{'I', 'I', 42, 0} : Bytes{'M', 'M', 0, 42};
  const auto put = [&](std::uint32_t number, int bytes) {
    for (int i = 0; i < bytes; ++i)
      out.push_back(static_cast<std::uint8_t>(number >> 8 * (little ? i : bytes - 1 - i)));
  };
  put(static_cast<std::uint32_t>(at), 4);
  put(static_cast<std::uint32_t>(entries), 2);
  put(0x0112, 2);
  put(3, 2);
  put(1, 4);
  put(static_cast<std::uint32_t>(value), 2);
  put(0, 2);
  put(0, 4);
  return out;
}

Bytes app1(const Bytes& block) {
  Bytes body{'E', 'x', 'i', 'f', 0, 0};
  body.insert(body.end(), block.begin(), block.end());
  return segment(0xE1, body);
}

std::size_t find_marker(const Bytes& jpeg, std::uint8_t low, std::uint8_t high) {
  for (std::size_t at = 2; at + 4 < jpeg.size();) {
    if (jpeg[at + 1] >= low && jpeg[at + 1] <= high) return at;
    at += 2 + (static_cast<std::size_t>(jpeg[at + 2]) << 8 | jpeg[at + 3]);
  }
  return 0;
}

std::vector<int> numbers(int count, int most, int seed = 1) {
  std::mt19937 chance(static_cast<unsigned>(seed));
  std::vector<int> all;
  for (int i = 0; i < count; ++i) all.push_back(static_cast<int>(chance() % static_cast<unsigned>(most + 1)));
  return all;
}

}  // namespace

TEST(jpegs_have_the_pixels_of_libjpeg_whatever_their_sides) {
  if (!test::have_jpeg("jpegs_have_the_pixels_of_libjpeg_whatever_their_sides")) return;
  const test::JpegTool tool;
  for (const auto& [width, height] : {std::pair{1, 1}, {7, 3}, {64, 48}, {133, 131}})
    for (const bool progressive : {false, true})
      for (const bool half : {false, true}) {
        const Bytes jpeg =
            tool.encode(test::picture(width, height), width, height, {.progressive = progressive, .half_chroma = half});
        const Decoded image = decoded(jpeg);
        CHECK_EQ(image.width, width);
        CHECK_EQ(image.height, height);
        CHECK_EQ(image.marks, progressive ? image_mark::kProgressive : 0);
        CHECK(image.rgb == tool.decode(jpeg, width, height));
      }
}

TEST(a_grey_jpeg_has_three_equal_samples_and_a_mark) {
  if (!test::have_jpeg("a_grey_jpeg")) return;
  const test::JpegTool tool;
  const Decoded image = decoded(tool.encode(test::picture(33, 20), 33, 20, {.grey = true}));
  CHECK_EQ(image.marks, image_mark::kGrey);
  for (std::size_t i = 0; i < image.rgb.size(); i += 3)
    CHECK(image.rgb[i] == image.rgb[i + 1] && image.rgb[i] == image.rgb[i + 2]);
}

TEST(colours_are_understood_by_their_marker) {
  if (!test::have_jpeg("colours_are_understood_by_their_marker")) return;
  const test::JpegTool tool;
  const Bytes rgb = tool.encode(test::picture(32, 32), 32, 32, {.rgb_inside = true, .quality = 100});
  CHECK(decoded(rgb).rgb == tool.decode(rgb, 32, 32));
}

// A block of each of four components, of one value: 128 and what is told. `adobe`: the transform; -1: no marker.
Bytes four_components(const std::array<int, 4>& above_middle, int adobe) {
  using test::BaselineWriter;
  Bytes quant(65, 8);  // a step of 8 in the first coefficient is one of a sample
  quant[0] = 0;
  Bytes out{0xFF, 0xD8};
  const auto add = [&out](const Bytes& more) { out.insert(out.end(), more.begin(), more.end()); };
  if (adobe >= 0) add(segment(0xEE, {'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, static_cast<std::uint8_t>(adobe)}));
  add(segment(0xDB, quant));
  add(segment(0xC0, {8, 0, 8, 0, 8, 4, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0}));
  add(segment(0xC4, BaselineWriter::huffman(0x00, 12, 4)));
  add(segment(0xC4, BaselineWriter::huffman(0x10, 255, 9)));
  add(segment(0xDA, {4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0}));
  int held = 0, count = 0;
  const auto bits = [&](int value, int width) {
    for (int i = width - 1; i >= 0; --i) {
      held = held << 1 | (value >> i & 1);
      if (++count % 8 != 0) continue;
      out.push_back(static_cast<std::uint8_t>(held));
      if (out.back() == 0xFF) out.push_back(0);
      held = 0;
    }
  };
  for (const int value : above_middle) {
    int size = 0;
    for (int left = std::abs(value); left != 0; left >>= 1) ++size;
    bits(size, 4);
    bits(value >= 0 ? value : value + (1 << size) - 1, size);
    bits(0, 9);  // no other coefficient
  }
  while (count % 8 != 0) bits(1, 1);
  add({0xFF, 0xD9});
  return out;
}

// As Pillow reads them: 255 is no ink, whether a marker says so or not.
TEST(inks_become_rgb_by_the_marker_that_names_them) {
  if (!test::have_jpeg("inks_become_rgb")) return;
  const auto rgb_of = [](int c, int m, int y, int k) {
    Bytes rgb;
    for (const int ink : {c, m, y}) rgb.push_back(static_cast<std::uint8_t>(k - ((255 - ink) * k + 127) / 255));
    return rgb;
  };
  const auto first_pixel = [](const Decoded& image) { return Bytes(image.rgb.begin(), image.rgb.begin() + 3); };
  for (const int adobe : {-1, 0}) {
    const Decoded image = decoded(four_components({50, -20, 100, 72}, adobe));
    CHECK_EQ(image.width, 8);
    CHECK_EQ(image.marks, image_mark::kCmyk);
    CHECK(first_pixel(image) == rgb_of(178, 108, 228, 200));
  }
  // YCCK without chroma: its luminance, inverted, is each of the three inks.
  CHECK(first_pixel(decoded(four_components({50, 0, 0, 72}, 2))) == rgb_of(77, 77, 77, 200));
}

TEST(a_jpeg_of_two_components_is_refused_by_name) {
  Bytes two{0xFF, 0xD8};
  for (const Bytes& one : {segment(0xC0, {8, 0, 8, 0, 8, 2, 1, 0x11, 0, 2, 0x11, 0}),
                           segment(0xDA, {2, 1, 0, 2, 0, 0, 63, 0}), Bytes{1, 2, 3, 0xFF, 0xD9}})
    two.insert(two.end(), one.begin(), one.end());
  CHECK_EQ(code_of_file(two), "UNSUPPORTED_PIXELS");
}

TEST(bytes_behind_the_end_are_read_over_and_told) {
  if (!test::have_jpeg("bytes_behind_the_end")) return;
  const test::JpegTool tool;
  Bytes jpeg = tool.encode(test::picture(40, 30), 40, 30);
  const Bytes pixels = decoded(jpeg).rgb;
  jpeg.insert(jpeg.end(), {0, 0, 7});
  CHECK_EQ(decoded(jpeg).marks, image_mark::kBytesBehind);
  CHECK(decoded(jpeg).rgb == pixels);
  Bytes png = PngWriter(3, 2, 2, 8).file(numbers(18, 255));
  png.push_back(0);
  if (code_of_file(png) != "UNSUPPORTED_COMPRESSION") CHECK_EQ(decoded(png).marks, image_mark::kBytesBehind);
}

// Never grey where the bytes end.
TEST(a_cut_jpeg_is_an_error_wherever_it_is_cut) {
  if (!test::have_jpeg("a_cut_jpeg")) return;
  const test::JpegTool tool;
  for (const bool progressive : {false, true}) {
    const Bytes jpeg = tool.encode(test::picture(40, 30), 40, 30, {.progressive = progressive});
    for (std::size_t left = 3; left < jpeg.size(); left += 5) {
      const Bytes cut(jpeg.begin(), jpeg.begin() + static_cast<std::ptrdiff_t>(left));
      CHECK_EQ(code_of_file(cut), "TRUNCATED");
    }
    // With an end marker put behind what is left, in the first scan.
    const std::size_t scan = find_marker(jpeg, 0xDA, 0xDA);
    for (const std::size_t left : {scan + 14, scan + 30}) {
      Bytes mended(jpeg.begin(), jpeg.begin() + static_cast<std::ptrdiff_t>(left));
      mended.insert(mended.end(), {0xFF, 0xD9});
      CHECK_EQ(code_of_file(mended), "IMAGES_INVALID");
    }
  }
}

// A scan for each component, of which the last one is taken out.
TEST(a_jpeg_without_one_of_its_components_is_refused) {
  if (!test::have_jpeg("a_jpeg_without_one_of_its_components")) return;
  const test::JpegTool tool;
  const Bytes jpeg = tool.encode(test::picture(40, 30), 40, 30, {.half_chroma = false});
  const std::size_t frame = find_marker(jpeg, 0xC0, 0xC2);
  const std::size_t scan = find_marker(jpeg, 0xDA, 0xDA);
  Bytes one = jpeg;
  // The same header for a scan of the first component alone.
  one.erase(one.begin() + static_cast<std::ptrdiff_t>(scan), one.end());
  const Bytes head = segment(0xDA, {1, jpeg[frame + 10], 0, 0, 63, 0});
  one.insert(one.end(), head.begin(), head.end());
  one.insert(one.end(), jpeg.begin() + static_cast<std::ptrdiff_t>(scan + 14), jpeg.end());
  CHECK_EQ(code_of_file(one), "IMAGES_INVALID");
}

TEST(processes_that_nobody_decodes_are_refused_by_name) {
  if (!test::have_jpeg("processes_that_nobody_decodes")) return;
  const test::JpegTool tool;
  const Bytes jpeg = tool.encode(test::picture(16, 16), 16, 16);
  const std::size_t frame = find_marker(jpeg, 0xC0, 0xC2);
  CHECK(frame > 0);
  for (const auto& [marker, name] : {std::pair{0xC3, "lossless"}, {0xC9, "arithmetic"}, {0xC5, "hierarchical"}}) {
    Bytes other = jpeg;
    other[frame + 1] = static_cast<std::uint8_t>(marker);
    try {
      (void)decoded(other);
      CHECK(false);
    } catch (const Error& error) {
      CHECK(error.code() == Code::UNSUPPORTED_COMPRESSION);
      CHECK(error.found().find(name) != std::string::npos);
    }
  }
  Bytes twelve = jpeg;
  twelve[frame + 1] = 0xC1;
  twelve[frame + 4] = 12;
  CHECK_EQ(code_of_file(twelve), "UNSUPPORTED_COMPRESSION");
}

TEST(a_giant_is_refused_before_it_is_decoded) {
  if (!test::have_jpeg("a_giant")) return;
  const test::JpegTool tool;
  Bytes jpeg = tool.encode(test::picture(16, 16), 16, 16);
  const std::size_t frame = find_marker(jpeg, 0xC0, 0xC2);
  for (const std::size_t at : {frame + 5, frame + 7}) {
    jpeg[at] = 20000 >> 8;
    jpeg[at + 1] = 20000 & 255;
  }
  ImageDecoder decoder;
  CHECK_THROWS(LIMIT_EXCEEDED, (void)decoder.look(jpeg));
  CHECK_THROWS(LIMIT_EXCEEDED, (void)decoder.look(PngWriter(20000, 20000, 0, 8).file({})));
}

// A row of 100 million pixels is 12 KB as a file, and took 800 MB to resize.
TEST(a_side_has_a_limit_of_its_own) {
  for (const int side : {65536, 100'000'000}) {
    CHECK_EQ(code_of_file(PngWriter(side, 1, 0, 1).file({})), "LIMIT_EXCEEDED");
    CHECK_EQ(code_of_file(PngWriter(1, side, 0, 1).file({})), "LIMIT_EXCEEDED");
  }
  CHECK(code_of_file(PngWriter(65535, 1, 0, 1).file({})) != "LIMIT_EXCEEDED");
}

// What a scorer reserves is what is taken; and nothing large is left behind.
TEST(decoding_takes_no_more_than_it_says) {
  constexpr std::int64_t kCodecBytes = 64 << 10;
  if (code_of_file(PngWriter(1, 1, 0, 8).file({0})) != "none") return;
  PngWriter many(150, 150, 2, 8), wide(40000, 2, 2, 8), turned(300, 100, 2, 8);
  many.cut = 1;
  wide.filter = 4;
  turned.before = {{"eXIf", exif_block(true, 6)}};
  std::vector<Bytes> files{many.file(numbers(3 * 150 * 150, 255)), wide.file(numbers(3 * 40000 * 2, 255)),
                           turned.file(numbers(3 * 300 * 100, 255))};
  if (test::have_jpeg("decoding_takes_no_more_than_it_says")) {
    const test::JpegTool tool;
    // Of noise, so that the copies of the stream count.
    const std::vector<int> noise = numbers(3 * 300 * 200, 255);
    for (const bool grey : {false, true})
      files.push_back(tool.encode(Bytes(noise.begin(), noise.end()), 300, 200, {.grey = grey, .quality = 100}));
  }
  for (const Bytes& file : files) {
    ImageDecoder decoder;
    std::int64_t said = 0;
    const std::int64_t before = test::heap_count.now_bytes;
    const std::int64_t peak = test::heap_peak_bytes([&] {
      ImageFacts facts = decoder.look(file);
      said = facts.decoded_bytes;
      (void)decoder.decode(facts);
    });
    CHECK(peak <= said + kCodecBytes);
    decoder.trim(1000);
    CHECK(test::heap_count.now_bytes - before < kCodecBytes);
  }
}

TEST(what_is_no_image_is_refused_by_name) {
  CHECK_EQ(code_of_file({}), "TRUNCATED");
  CHECK_EQ(code_of_file({'G', 'I', 'F', '8', '9', 'a'}), "IMAGES_INVALID");
  CHECK_EQ(code_of_file({0xFF, 0xD8}), "IMAGES_INVALID");
  CHECK_EQ(code_of_file(Bytes(100, 0)), "IMAGES_INVALID");
}

TEST(orientation_is_read_in_either_byte_order_and_never_beyond_the_block) {
  for (const bool little : {true, false}) {
    for (int value = 0; value < 12; ++value)
      CHECK_EQ(exif_orientation(exif_block(little, value)), value >= 1 && value <= 8 ? value : 1);
    const Bytes whole = exif_block(little, 6);
    for (std::size_t left = 0; left < 20; ++left) CHECK_EQ(exif_orientation(std::span(whole).first(left)), 1);
    CHECK_EQ(exif_orientation(exif_block(little, 6, 65535)), 6);
    CHECK_EQ(exif_orientation(exif_block(little, 6, 1, 0x7FFFFFFF)), 1);
    CHECK_EQ(exif_orientation(exif_block(little, 6, 1, -1)), 1);
    Bytes other_tag = exif_block(little, 6, 65535);
    other_tag[little ? 10 : 11] = 0x13;
    CHECK_EQ(exif_orientation(other_tag), 1);
    Bytes as_in_jpeg{'E', 'x', 'i', 'f', 0, 0};
    as_in_jpeg.insert(as_in_jpeg.end(), whole.begin(), whole.end());
    CHECK_EQ(exif_orientation(as_in_jpeg), 6);
    for (std::size_t left = 0; left < 26; ++left) CHECK_EQ(exif_orientation(std::span(as_in_jpeg).first(left)), 1);
  }
}

// A picture of 3 x 2 whose pixels are numbered, as it looks for each orientation.
TEST(images_are_turned_as_exif_says) {
  if (code_of_file(PngWriter(3, 2, 0, 8).file({1, 2, 3, 4, 5, 6})) != "none") return;
  const std::array<std::vector<int>, 9> expected{{{},
                                                  {1, 2, 3, 4, 5, 6},
                                                  {3, 2, 1, 6, 5, 4},
                                                  {6, 5, 4, 3, 2, 1},
                                                  {4, 5, 6, 1, 2, 3},
                                                  {1, 4, 2, 5, 3, 6},
                                                  {4, 1, 5, 2, 6, 3},
                                                  {6, 3, 5, 2, 4, 1},
                                                  {3, 6, 2, 5, 1, 4}}};
  for (int orientation = 1; orientation <= 8; ++orientation)
    for (const bool little : {true, false}) {
      PngWriter writer(3, 2, 0, 8);
      writer.before = {{"eXIf", exif_block(little, orientation)}};
      const Decoded image = decoded(writer.file({1, 2, 3, 4, 5, 6}));
      CHECK_EQ(image.width, orientation >= 5 ? 2 : 3);
      CHECK_EQ(image.marks, image_mark::kGrey | (orientation == 1 ? 0 : image_mark::kTurned));
      std::vector<int> found;
      for (std::size_t i = 0; i < image.rgb.size(); i += 3) found.push_back(image.rgb[i]);
      CHECK(found == expected[static_cast<std::size_t>(orientation)]);
    }
}

TEST(a_jpeg_is_turned_too) {
  if (!test::have_jpeg("a_jpeg_is_turned_too")) return;
  const test::JpegTool tool;
  const Bytes jpeg = tool.encode(test::picture(24, 10), 24, 10);
  const Decoded plain = decoded(jpeg);
  const Decoded turned = decoded(with_segment(jpeg, app1(exif_block(true, 6))));
  CHECK_EQ(turned.width, 10);
  CHECK_EQ(turned.height, 24);
  CHECK_EQ(turned.marks, image_mark::kTurned);
  // To the right: its upper right pixel was the upper left one.
  CHECK(std::equal(plain.rgb.begin(), plain.rgb.begin() + 3, turned.rgb.begin() + 27));
  // A block of a hostile length is no reason to refuse the image.
  CHECK(decoded(with_segment(jpeg, app1({'I', 'I', 42, 0, 255, 255, 255, 255}))).rgb == plain.rgb);
}

TEST(pngs_of_every_kind_of_pixels) {
  if (code_of_file(PngWriter(1, 1, 0, 8).file({0})) != "none") return;
  constexpr int kWidth = 13, kHeight = 11, kCount = kWidth * kHeight;
  const std::pair<int, int> kinds[] = {{0, 1}, {0, 2}, {0, 4}, {0, 8}, {0, 16}, {2, 8}, {2, 16}, {3, 1},
                                       {3, 2}, {3, 4}, {3, 8}, {4, 8}, {4, 16}, {6, 8}, {6, 16}};
  for (const auto& [colour, bits] : kinds)
    for (const bool interlaced : {false, true})
      for (int filter = 0; filter <= 4; ++filter) {
        const int each = colour == 2 ? 3 : colour == 4 ? 2 : colour == 6 ? 4 : 1;
        const int most = (1 << bits) - 1;
        const std::vector<int> samples = numbers(kCount * each, most, 100 * colour + bits);
        PngWriter writer(kWidth, kHeight, colour, bits);
        writer.interlaced = interlaced;
        writer.filter = filter;
        writer.cut = filter == 2 ? 7 : 0;
        Bytes palette;
        for (int i = 0; i <= most && colour == 3; ++i)
          for (int c = 0; c < 3; ++c) palette.push_back(static_cast<std::uint8_t>(37 * i + 85 * c));
        if (colour == 3) writer.before = {{"PLTE", palette}};
        const Decoded image = decoded(writer.file(samples));
        bool is_right = true;
        for (int i = 0; i < kCount; ++i)
          for (int c = 0; c < 3; ++c) {
            const auto eight = [&](int value) { return bits == 16 ? value >> 8 : value * 255 / most; };
            const bool is_grey = colour == 0 || colour == 4;
            const int value = colour == 3
                                  ? palette[static_cast<std::size_t>(3 * samples[static_cast<std::size_t>(i)] + c)]
                                  : eight(samples[static_cast<std::size_t>(i * each + (is_grey ? 0 : c))]);
            const int alpha =
                colour == 4 || colour == 6 ? eight(samples[static_cast<std::size_t>(i * each + each - 1)]) : 255;
            const int on_white = (value * alpha + 255 * (255 - alpha) + 127) / 255;
            is_right = is_right && image.rgb[static_cast<std::size_t>(3 * i + c)] == on_white;
          }
        CHECK(is_right);
        CHECK_EQ((image.marks & image_mark::kTransparent) != 0, colour == 4 || colour == 6);
        CHECK_EQ((image.marks & image_mark::kSixteenBits) != 0, bits == 16);
        CHECK_EQ((image.marks & image_mark::kPalette) != 0, colour == 3);
        CHECK_EQ((image.marks & image_mark::kGrey) != 0, colour == 0 || colour == 4);
      }
}

TEST(what_is_transparent_is_white) {
  if (code_of_file(PngWriter(1, 1, 0, 8).file({0})) != "none") return;
  PngWriter palette(2, 1, 3, 8);
  palette.before = {{"PLTE", {10, 20, 30, 40, 50, 60}}, {"tRNS", {0}}};
  const Decoded image = decoded(palette.file({0, 1}));
  CHECK(image.rgb == (Bytes{255, 255, 255, 40, 50, 60}));
  CHECK_EQ(image.marks, image_mark::kPalette | image_mark::kTransparent);
  PngWriter key(2, 1, 2, 16);
  key.before = {{"tRNS", {0, 1, 0, 2, 0, 3}}};
  // The colour must be the same in all 16 bits.
  CHECK(decoded(key.file({1, 2, 3, 1, 2, 4})).rgb == (Bytes{255, 255, 255, 0, 0, 0}));
  // Of fewer bits only those count.
  PngWriter eight(2, 1, 0, 8);
  eight.before = {{"tRNS", {7, 5}}};
  CHECK(decoded(eight.file({5, 7})).rgb == (Bytes{255, 255, 255, 7, 7, 7}));
  PngWriter two(2, 1, 0, 2);
  two.before = {{"tRNS", {0xFF, 0xFD}}};
  CHECK(decoded(two.file({1, 2})).rgb == (Bytes{255, 255, 255, 170, 170, 170}));
}

TEST(damaged_pngs_are_refused) {
  const Bytes whole = PngWriter(5, 4, 2, 8).file(numbers(60, 255));
  if (code_of_file(whole) != "none") return;
  for (std::size_t left = 8; left < whole.size(); ++left)
    CHECK_EQ(code_of_file(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(left))), "TRUNCATED");
  for (std::size_t at = 8; at < whole.size(); ++at) {
    Bytes other = whole;
    other[at] ^= 0x20;
    CHECK(code_of_file(other) != "none");
  }
  PngWriter no_palette(2, 1, 3, 8);
  CHECK_EQ(code_of_file(no_palette.file({0, 0})), "IMAGES_INVALID");
  PngWriter beyond(2, 1, 3, 8);
  beyond.before = {{"PLTE", {1, 2, 3}}};
  CHECK_EQ(code_of_file(beyond.file({0, 1})), "IMAGES_INVALID");
  PngWriter unknown(2, 1, 0, 8);
  unknown.before = {{"ABCD", {}}};
  CHECK_EQ(code_of_file(unknown.file({0, 1})), "IMAGES_INVALID");
  PngWriter filter(2, 1, 0, 8);
  filter.filter = 9;
  CHECK_EQ(code_of_file(filter.file({0, 1})), "IMAGES_INVALID");
  CHECK_EQ(code_of_file(PngWriter(2, 1, 0, 3).file({0, 1})), "IMAGES_INVALID");
  CHECK_EQ(code_of_file(PngWriter(0, 1, 0, 8).file({})), "IMAGES_INVALID");
}

// One outcome each: pixels of the sides that were said, or an error of an image.
TEST(seeded_damage_has_an_outcome) {
  if (!test::have_jpeg("seeded_damage_has_an_outcome")) return;
  const test::JpegTool tool;
  PngWriter png(19, 17, 6, 8);
  png.interlaced = true;
  const Bytes seeds[] = {with_segment(tool.encode(test::picture(48, 33), 48, 33), app1(exif_block(false, 5))),
                         tool.encode(test::picture(48, 33), 48, 33, {.progressive = true}),
                         png.file(numbers(19 * 17 * 4, 255))};
  ImageDecoder decoder;
  std::mt19937 chance(14);
  const auto below = [&](std::size_t most) { return static_cast<std::size_t>(chance() % most); };
  int read = 0, refused = 0;
  for (int i = 0; i < 1500; ++i) {
    Bytes file = seeds[i % 3];
    for (std::size_t changes = 1 + below(4); changes > 0 && !file.empty(); --changes) {
      const std::size_t at = below(file.size());
      const std::size_t what = below(4);
      if (what == 0) file[at] = static_cast<std::uint8_t>(chance());
      if (what == 1) file[at] = static_cast<std::uint8_t>(file[at] ^ 1U << below(8));
      if (what == 2) file.resize(at);
      if (what == 3) file.insert(file.begin() + static_cast<std::ptrdiff_t>(at), file[at]);
    }
    try {
      ImageFacts facts = decoder.look(file);
      if (facts.decoded_bytes > 64 << 20) continue;  // a scorer decides by the same number
      const ConstRgbView image = decoder.decode(facts);
      CHECK_EQ(image.width_px, facts.upright_width_px());
      ++read;
    } catch (const Error& error) {
      const Code code = error.code();
      CHECK(code == Code::IMAGES_INVALID || code == Code::TRUNCATED || code == Code::LIMIT_EXCEEDED ||
            code == Code::UNSUPPORTED_COMPRESSION || code == Code::UNSUPPORTED_PIXELS);
      ++refused;
    }
  }
  CHECK(read > 0);
  CHECK(refused > 500);
}

TEST_MAIN
